// The libcamera driver as far as it goes without a camera: settings against what a camera says that it
// offers, pictures in dma-bufs (files in memory stand for them), and no camera at all. tests/guest runs it
// with one.
#include <doctest/doctest.h>
#include <libcamera/formats.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>

#include "drivers/camera/libcamera/control_list.hpp"
#include "drivers/camera/libcamera/device_nodes.hpp"
#include "drivers/camera/libcamera/libcamera_camera.hpp"
#include "drivers/camera/libcamera/mapped_buffer.hpp"
#include "drivers/camera/libcamera/opened_camera.hpp"
#include "drivers/camera/libcamera/stream_format.hpp"
#include "drivers/camera/made_pictures.hpp"
#include "support/fake_clock.hpp"
#include "support/temp_dir.hpp"

using namespace portcullis;
using namespace portcullis::libcamera_driver;
namespace controls = libcamera::controls;
using libcamera::ControlInfo;
using libcamera::ControlInfoMap;

namespace {

const std::string name = "imx708 (/base/soc)";

ControlInfoMap everything() {
    return ControlInfoMap(
        {{&controls::AeEnable, ControlInfo(false, true)},
         {&controls::ExposureTime, ControlInfo(26, 220'417'486)},
         {&controls::AnalogueGain, ControlInfo(1.0F, 16.0F)},
         {&controls::AfMode, ControlInfo(0, 2)},
         {&controls::LensPosition, ControlInfo(0.0F, 32.0F)},
         {&controls::FrameDurationLimits, ControlInfo(std::int64_t{17'000}, std::int64_t{220'000'000})},
         {&controls::Brightness, ControlInfo(-1.0F, 1.0F)},
         {&controls::AwbEnable, ControlInfo(false, true)},
         {&controls::ColourTemperature, ControlInfo(100, 100'000)}},
        controls::controls);
}

ControlInfoMap without(unsigned id) {
    ControlInfoMap::Map map;
    for (const auto& [key, info] : everything())
        if (key->id() != id) map.emplace(key, info);
    return {std::move(map), controls::controls};
}

bool says(const Error& error, std::string_view words) {
    const bool found = error.message().find(words) != std::string::npos;
    if (!found) MESSAGE("said: ", error.message());
    return found;
}

int open_files() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<int>(std::distance(begin(all), end(all)));
}

libcamera::StreamFormats formats(
    const std::map<libcamera::PixelFormat, std::vector<libcamera::SizeRange>>& all) {
    return libcamera::StreamFormats(all);
}

const std::vector<libcamera::SizeRange> hd{libcamera::SizeRange(libcamera::Size(1280, 720))};

}  // namespace

TEST_CASE("libcamera: the plate profile holds shutter, gain, focus and rate") {
    const auto list = control_list(everything(), {}, name);
    if (!list) FAIL(list.error().message());
    CHECK(list->get(controls::ExposureTime) == 1000);
    CHECK(list->get(controls::AnalogueGain) == 4.75F);
    CHECK(list->get(controls::AeEnable) == false);
    CHECK(list->get(controls::AfMode) == controls::AfModeManual);
    const auto limits = list->get(controls::FrameDurationLimits);
    REQUIRE(limits);
    CHECK((*limits)[0] == 33'333);
    CHECK((*limits)[1] == 33'333);
    CHECK_FALSE(list->contains(controls::LensPosition.id()));
    CHECK_FALSE(list->contains(controls::AwbEnable.id()));
}

TEST_CASE("libcamera: the scene profile leaves the camera's automatics alone") {
    LiveCameraSettings settings;
    settings.profile = CameraProfile::scene;
    const auto list = control_list(everything(), settings, name);
    REQUIRE(list);
    CHECK_FALSE(list->contains(controls::AeEnable.id()));
    CHECK_FALSE(list->contains(controls::ExposureTime.id()));
    CHECK_FALSE(list->contains(controls::AfMode.id()));
    CHECK(list->contains(controls::FrameDurationLimits.id()));
}

TEST_CASE("libcamera: named controls are set, an exposure is never longer than asked for") {
    LiveCameraSettings settings;
    settings.exposure_us = 250.9;
    settings.gain = 2;
    settings.focus = 0.5;
    settings.brightness = -0.25;
    settings.white_balance_k = 5600;
    settings.frames_per_second = 50;
    const auto list = control_list(everything(), settings, name);
    REQUIRE(list);
    CHECK(list->get(controls::ExposureTime) == 250);
    CHECK(list->get(controls::AnalogueGain) == 2.0F);
    CHECK(list->get(controls::LensPosition) == 0.5F);
    CHECK(list->get(controls::Brightness) == -0.25F);
    CHECK(list->get(controls::AwbEnable) == false);
    CHECK(list->get(controls::ColourTemperature) == 5600);
    CHECK((*list->get(controls::FrameDurationLimits))[0] == 20'000);
}

TEST_CASE("libcamera: a control that the camera has not, or not so far, is refused with its range") {
    struct Row {
        unsigned missing;
        void (*change)(LiveCameraSettings&);
        const char* words;
    };
    for (const Row& row : {
             Row{0, [](LiveCameraSettings& s) { s.gain = 17; },
                 "camera.gain: 17 is outside what imx708 (/base/soc) offers: 1 to 16"},
             Row{0, [](LiveCameraSettings& s) { s.exposure_us = 10; }, "camera.exposure_us: 10 is outside"},
             Row{0, [](LiveCameraSettings& s) { s.frames_per_second = 120; },
                 "gives 0.004545 to 58.82 a second"},
             Row{0, [](LiveCameraSettings& s) { s.contrast = 1; },
                 "camera.contrast: imx708 (/base/soc) offers no such control"},
             Row{controls::LENS_POSITION, [](LiveCameraSettings& s) { s.focus = 1; }, "camera.focus: "},
             Row{controls::COLOUR_TEMPERATURE, [](LiveCameraSettings& s) { s.white_balance_k = 5600; },
                 "camera.white_balance_k: "},
             Row{controls::ANALOGUE_GAIN, [](LiveCameraSettings& s) { s.gain = 2; }, "camera.gain: "},
             Row{controls::EXPOSURE_TIME, [](LiveCameraSettings&) {},
                 "\"plate\" needs a shutter of 1000 us or shorter"},
         }) {
        CAPTURE(std::string(row.words));
        LiveCameraSettings settings;
        row.change(settings);
        const auto list = control_list(without(row.missing), settings, name);
        REQUIRE_FALSE(list);
        CHECK(list.error().code() == ErrorCode::configuration);
        CHECK(says(list.error(), row.words));
    }
}

TEST_CASE("libcamera: what a USB camera lacks of the plate profile is not asked of it") {
    const ControlInfoMap usb({{&controls::ExposureTime, ControlInfo(100, 1'000'000)}}, controls::controls);
    const auto list = control_list(usb, {}, name);
    if (!list) FAIL(list.error().message());
    CHECK(list->size() == 1);
}

TEST_CASE("libcamera: automatic pixels take luma in place first, and mjpeg where yuyv does not fit the bus") {
    namespace of = libcamera::formats;
    const LiveCameraSettings settings;
    CHECK(*choose_format(formats({{of::RGB888, hd}, {of::YUV420, hd}, {of::NV12, hd}}), settings, name) ==
          of::NV12);
    CHECK(*choose_format(formats({{of::RGB888, hd}, {of::YUV420, hd}}), settings, name) == of::YUV420);
    CHECK(*choose_format(formats({{of::YUYV, hd}, {of::MJPEG, hd}}), settings, name) == of::MJPEG);
    LiveCameraSettings slow;
    slow.frames_per_second = 10;
    CHECK(*choose_format(formats({{of::YUYV, hd}, {of::MJPEG, hd}}), slow, name) == of::YUYV);
    slow.pixels = RawFormat::mjpeg;
    CHECK(*choose_format(formats({{of::YUYV, hd}, {of::MJPEG, hd}}), slow, name) == of::MJPEG);
    const std::vector<libcamera::SizeRange> any{
        libcamera::SizeRange(libcamera::Size(64, 64), libcamera::Size(4608, 2592), 2, 2)};
    CHECK(*choose_format(formats({{of::NV12, any}}), settings, name) == of::NV12);
}

TEST_CASE("libcamera: pixels or a size that the camera does not offer are refused with what it does") {
    namespace of = libcamera::formats;
    LiveCameraSettings settings;
    settings.pixels = RawFormat::grey;
    CHECK(says(choose_format(formats({{of::YUYV, hd}}), settings, name).error(),
               "camera.pixels: imx708 (/base/soc) offers YUYV, not grey; write one of these"));
    settings.pixels.reset();
    CHECK(says(choose_format(formats({{of::SRGGB10, hd}}), settings, name).error(), "take another camera"));
    settings.width = 1920;
    CHECK(says(choose_format(formats({{of::YUYV, hd}}), settings, name).error(),
               "gives YUYV in 1280 x 720, not in 1920 x 720"));
}

TEST_CASE("libcamera: a stream that was adjusted is refused, a stride below its pixels is nonsense") {
    namespace of = libcamera::formats;
    libcamera::StreamConfiguration stream;
    stream.pixelFormat = of::NV12;
    stream.size = {1280, 720};
    stream.stride = 1344;
    const auto layout = layout_of(stream, of::NV12, {}, name);
    REQUIRE(layout);
    CHECK(layout->strides[0] == 1344);
    CHECK(layout->strides[1] == 1344);
    CHECK(layout_of(stream, of::YUV420, {}, name).error().code() == ErrorCode::configuration);
    stream.pixelFormat = of::YUV420;
    CHECK(layout_of(stream, of::YUV420, {}, name)->strides[2] == 672);
    stream.stride = 1279;
    CHECK(says(layout_of(stream, of::YUV420, {}, name).error(), "where 1280 is the least"));
    stream.size = {640, 480};
    CHECK(says(layout_of(stream, of::YUV420, {}, name).error(),
               "gives YUV420 in 640 x 480 px in the place of"));
}

TEST_CASE("libcamera: planes of one buffer are mapped once, and what is mapped outlives its file") {
    const int before = open_files();
    {
        const int file = ::memfd_create("planes", MFD_CLOEXEC);
        REQUIRE(file >= 0);
        Bytes content(1536);
        for (std::size_t i = 0; i < content.size(); ++i)
            content[i] = static_cast<std::byte>(i * 7 & 0xffU);
        REQUIRE(::write(file, content.data(), content.size()) == 1536);
        std::optional<MappedBuffer> mapped;
        {
            const libcamera::SharedFD shared(file);
            ::close(file);
            libcamera::FrameBuffer::Plane luma{shared, 0, 1024};
            libcamera::FrameBuffer::Plane chroma{shared, 1024, 512};
            const libcamera::FrameBuffer buffer({luma, chroma});
            auto result = MappedBuffer::map(buffer);
            if (!result) FAIL(result.error().message());
            mapped.emplace(std::move(*result));
        }
        mapped->begin_reading();
        CHECK(mapped->planes() == 2);
        CHECK(Bytes(mapped->plane(0).begin(), mapped->plane(0).end()) ==
              Bytes(content.begin(), content.begin() + 1024));
        CHECK(mapped->plane(1).data() == mapped->plane(0).data() + 1024);
        mapped->end_reading();
    }
    CHECK(open_files() == before);
}

TEST_CASE("libcamera: a buffer without planes, without length, too large or not mappable is refused") {
    const libcamera::SharedFD file(::memfd_create("planes", MFD_CLOEXEC));
    using Plane = libcamera::FrameBuffer::Plane;
    for (const std::vector<Plane>& planes :
         {std::vector<Plane>{}, std::vector<Plane>{{file, 0, 0}}, std::vector<Plane>{{file, 0, 0x20000000}},
          std::vector<Plane>{{libcamera::SharedFD(), 0, 10}}, std::vector<Plane>(4, Plane{file, 0, 10})}) {
        const libcamera::FrameBuffer buffer(planes);
        CHECK_FALSE(MappedBuffer::map(buffer));
    }
}

TEST_CASE("libcamera: a device file that is removed, or replaced by another, is a camera that is gone") {
    const test::TempDir folder;
    const std::string path = (folder.path() / "video0").string();
    test::write(path, to_bytes("a"));
    const DeviceNodes nodes = DeviceNodes::of({path, (folder.path() / "never").string()});
    CHECK(nodes.count() == 1);
    CHECK_FALSE(nodes.gone());
    std::filesystem::rename(path, folder.path() / "kept");  // so that its inode stays taken
    CHECK(nodes.gone());
    test::write(path, to_bytes("b"));
    CHECK(nodes.gone());
    CHECK_FALSE(DeviceNodes::open_now().gone());
}

TEST_CASE("libcamera: no such camera is not found, and trying again costs nothing that stays") {
    const test::FakeClock clock;
    LiveCameraSettings settings;
    settings.device = "a camera that nobody has";
    int after_first = 0;
    for (int i = 0; i < 5; ++i) {
        const auto camera = open_libcamera_camera(settings, clock);
        REQUIRE_FALSE(camera);
        CHECK((camera.error().code() == ErrorCode::not_found || camera.error().code() == ErrorCode::denied));
        if (i == 0) after_first = open_files();
    }
    CHECK(open_files() == after_first);
}
