// The V4L2 driver over devices with every fault: what it says, and that the next camera works.
#include "drivers/camera/v4l2/v4l2_camera.hpp"

#include <doctest/doctest.h>
#include <linux/videodev2.h>

#include <cerrno>
#include <thread>

#include "drivers/camera/fake_device.hpp"
#include "drivers/camera/made_pictures.hpp"

using namespace portcullis;
using test::FakeControl;
using test::FakeFormat;
using test::FakeNode;
using test::FakePicture;

namespace {

constexpr std::uint32_t yuyv = V4L2_PIX_FMT_YUYV;
constexpr std::uint32_t mjpeg = V4L2_PIX_FMT_MJPEG;
constexpr std::uint32_t nv12 = V4L2_PIX_FMT_NV12;
constexpr std::uint32_t grey = V4L2_PIX_FMT_GREY;

struct Bench {
    test::FakeClock clock;
    std::shared_ptr<test::FakeDevices> devices = std::make_shared<test::FakeDevices>(clock);
    LiveCameraSettings settings;

    explicit Bench(std::uint32_t fourcc = yuyv) {
        settings.width = 32;
        settings.height = 16;
        settings.buffers = 4;
        FakeNode& node = devices->node();
        node.formats = {FakeFormat{fourcc}};
        node.controls[V4L2_CID_EXPOSURE_AUTO] = {0, 3, 1, 3};
        node.controls[V4L2_CID_EXPOSURE_AUTO_PRIORITY] = {0, 1, 1, 1};
        node.controls[V4L2_CID_EXPOSURE_ABSOLUTE] = {1, 10'000, 1, 156};
        node.controls[V4L2_CID_GAIN] = {0, 100, 1, 0};
        node.controls[V4L2_CID_BRIGHTNESS] = {-64, 64, 1, 0};
    }
    ~Bench() {
        CHECK(devices->opened() == 0);
        CHECK(devices->mapped() == 0);
    }
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;

    Result<std::unique_ptr<Camera>> open() { return open_v4l2_camera(settings, clock, devices); }
    std::unique_ptr<Camera> opened() {
        auto camera = open();
        if (!camera) FAIL(camera.error().message());
        return std::move(*camera);
    }
    int control(std::uint32_t id) { return devices->node().controls.at(id).value; }
};

bool says(const Error& error, std::string_view words) {
    const bool found = error.message().find(words) != std::string::npos;
    if (!found) MESSAGE("said: ", error.message());
    return found;
}

Bytes plane(const Frame& frame, std::size_t index, std::size_t line, std::size_t lines) {
    Bytes bytes;
    for (std::size_t y = 0; y < lines; ++y) {
        const auto* from = reinterpret_cast<const std::byte*>(frame.view.planes[index].data +
                                                              y * frame.view.planes[index].stride);
        bytes.insert(bytes.end(), from, from + line);
    }
    return bytes;
}

}  // namespace

TEST_CASE("yuyv becomes nv12: luma as it was, the chroma of two lines averaged") {
    Bench bench(yuyv);
    const auto camera = bench.opened();
    const Bytes sent = test::made_yuyv(32, 16, 5);
    bench.devices->show({sent});
    const auto frame = camera->next({});
    REQUIRE(frame);
    CHECK(frame->view.format == PixelFormat::nv12);
    CHECK(plane(*frame, 0, 32, 16) == test::made_grey(32, 16, 5));
    for (std::size_t y = 0; y < 16; y += 2) {
        for (std::size_t x = 0; x < 32; ++x) {
            const auto of = [&](std::size_t line) {
                return std::to_integer<unsigned>(sent[line * 64 + (x / 2) * 4 + 1 + (x % 2) * 2]);
            };
            const std::uint8_t got = frame->view.planes[1].data[(y / 2) * frame->view.planes[1].stride + x];
            CHECK(got == (of(y) + of(y + 1) + 1) / 2);
        }
    }
}

TEST_CASE("nv12 and grey are lent where they lie, and their buffer goes back when the last holder lets go") {
    for (const std::uint32_t fourcc : {nv12, grey}) {
        Bench bench(fourcc);
        const auto camera = bench.opened();
        CHECK(bench.devices->waiting_buffers() == 4);
        const Bytes sent = fourcc == nv12 ? test::made_nv12(32, 16, 1) : test::made_grey(32, 16, 1);
        bench.devices->show({sent});
        auto frame = camera->next({});
        REQUIRE(frame);
        CHECK(plane(*frame, 0, 32, 16) == test::made_grey(32, 16, 1));
        if (fourcc == nv12) CHECK(plane(*frame, 1, 32, 8) == Bytes(sent.begin() + 512, sent.end()));
        CHECK(bench.devices->waiting_buffers() == 3);
        Frame second_holder = *frame;
        *frame = {};
        CHECK(bench.devices->waiting_buffers() == 3);
        second_holder = {};
        CHECK(bench.devices->waiting_buffers() == 4);
    }
}

TEST_CASE("a road that holds all frames does not starve the camera: later ones are copies") {
    Bench bench(grey);
    const auto camera = bench.opened();
    std::vector<Frame> held;
    for (unsigned i = 0; i < 12; ++i) {
        bench.devices->show({test::made_grey(32, 16, i)});
        auto frame = camera->next({});
        REQUIRE(frame);
        held.push_back(std::move(*frame));
        CHECK(bench.devices->waiting_buffers() >= 2);
    }
    for (unsigned i = 0; i < 12; ++i)
        CHECK(plane(held[i], 0, 32, 16) == test::made_grey(32, 16, i));
    CHECK(dynamic_cast<const LiveCamera&>(*camera).copied() == 10);
}

TEST_CASE("frames outlive the camera, and the device is free before they go") {
    Bench bench(grey);
    auto camera = bench.opened();
    bench.devices->show({test::made_grey(32, 16, 9)});
    auto frame = camera->next({});
    REQUIRE(frame);
    camera.reset();
    CHECK(bench.devices->opened() == 0);
    CHECK(bench.devices->mapped() == 4);
    CHECK(plane(*frame, 0, 32, 16) == test::made_grey(32, 16, 9));
    *frame = {};
    CHECK(bench.devices->mapped() == 0);
}

TEST_CASE("frames are let go in another thread while the camera goes on") {
    Bench bench(grey);
    const auto camera = bench.opened();
    for (unsigned i = 0; i < 200; ++i) {
        bench.devices->show({test::made_grey(32, 16, i)});
        auto frame = camera->next({});
        REQUIRE(frame);
        const std::jthread other(
            [held = std::move(*frame), i] { CHECK(held.view.planes[0].data[0] == (i * 29 & 0xffU)); });
    }
}

TEST_CASE("mjpeg is decoded, a damaged, cut, empty or foreign one is broken and the next one is whole") {
    Bench bench(mjpeg);
    const auto camera = bench.opened();
    const Bytes whole = test::made_jpeg(32, 16);
    Bytes scrambled = whole;
    for (std::size_t i = scrambled.size() / 2; i < scrambled.size() - 2; ++i)
        scrambled[i] = std::byte{0xff};
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(whole.size() / 2));
    for (const Bytes& bad : {cut, scrambled, Bytes(), to_bytes("no JPEG at all"), test::made_jpeg(64, 16)}) {
        bench.devices->show({bad});
        const auto broken = camera->next({});
        REQUIRE_FALSE(broken);
        CHECK(broken.error().code() == ErrorCode::corrupt);
        CHECK(says(broken.error(), "/dev/video0 (Plate Camera): "));
        bench.devices->show({whole});
        const auto frame = camera->next({});
        if (!frame) FAIL(frame.error().message());
        CHECK(frame->view.format == PixelFormat::bgr24);
        CHECK(frame->view.width == 32);
        CHECK(bench.devices->waiting_buffers() == 4);
    }
    CHECK(camera->next(std::stop_token()).error().code() == ErrorCode::io);  // then it is silent
}

TEST_CASE("a grey mjpeg is a grey frame, and padding behind a picture does no harm") {
    Bench bench(mjpeg);
    const auto camera = bench.opened();
    Bytes padded = test::made_jpeg(32, 16, {.grey = true});
    padded.resize(padded.size() + 100);
    bench.devices->show({padded});
    const auto frame = camera->next({});
    REQUIRE(frame);
    CHECK(frame->view.format == PixelFormat::grey8);
}

TEST_CASE("a camera that sends nothing but broken pictures is lost, so that it is opened anew") {
    Bench bench(mjpeg);
    const auto camera = bench.opened();
    for (int i = 1; i <= max_broken_in_a_row; ++i) {
        bench.devices->show({to_bytes("no JPEG")});
        const auto broken = camera->next({});
        REQUIRE_FALSE(broken);
        CHECK(broken.error().code() == (i < max_broken_in_a_row ? ErrorCode::corrupt : ErrorCode::io));
        if (i == max_broken_in_a_row) CHECK(says(broken.error(), "broken pictures in a row"));
    }
}

TEST_CASE("a picture cut short, or called damaged or lost by the driver, is broken and costs one frame") {
    Bench bench(yuyv);
    const auto camera = bench.opened();
    const Bytes whole = test::made_yuyv(32, 16, 0);
    const Bytes cut(whole.begin(), whole.end() - 1);
    for (const FakePicture& bad : {FakePicture{cut}, FakePicture{{}}, FakePicture{whole, V4L2_BUF_FLAG_ERROR},
                                   FakePicture{.error = EIO}}) {
        bench.devices->show(bad);
        bench.devices->show({whole});
        const auto broken = camera->next({});
        REQUIRE_FALSE(broken);
        CHECK(broken.error().code() == ErrorCode::corrupt);
        CHECK(camera->next({}));
        CHECK(bench.devices->waiting_buffers() == 4);
    }
}

TEST_CASE("numbers follow the camera's own count, one that does not count is counted") {
    Bench bench(grey);
    const auto camera = bench.opened();
    const auto number_of = [&](std::uint32_t sequence) {
        FakePicture picture{test::made_grey(32, 16, 0)};
        picture.sequence = sequence;
        bench.devices->show(picture);
        return camera->next({})->number;
    };
    CHECK(number_of(7) == 0);
    CHECK(number_of(8) == 1);
    CHECK(number_of(11) == 4);  // two frames were lost
    CHECK(number_of(11) == 5);
    CHECK(number_of(3) == 6);
    CHECK(number_of(0xffffffff) == 7);
    CHECK(number_of(0) == 8);
}

TEST_CASE(
    "sensor times come from the driver's stamps, ones that run backwards or are far off count for nothing") {
    Bench bench(grey);
    const auto camera = bench.opened();
    std::optional<BootTime> last;
    const auto time_of = [&](FakePicture picture) {
        bench.clock.advance(std::chrono::milliseconds(33));
        picture.bytes = test::made_grey(32, 16, 0);
        bench.devices->show(picture);
        const auto frame = camera->next({});
        REQUIRE(frame);
        CHECK(frame->sensor_time <= bench.clock.since_boot());
        if (last) CHECK(frame->sensor_time > *last);
        last = frame->sensor_time;
        CHECK(bench.clock.utc() - frame->utc == bench.clock.since_boot() - frame->sensor_time);
        return bench.clock.since_boot() - frame->sensor_time;
    };
    using std::chrono::milliseconds;
    CHECK(time_of({.age = milliseconds(10)}) == milliseconds(10));
    CHECK(time_of({.age = milliseconds(60)}) == milliseconds(0));              // before the last one
    CHECK(time_of({.age = milliseconds(-500)}) == milliseconds(0));            // in the future
    CHECK(time_of({.age = milliseconds(900'000)}) == milliseconds(0));         // a quarter of an hour ago
    CHECK(time_of({.flags = 0, .age = milliseconds(10)}) == milliseconds(0));  // of an unknown clock
    CHECK(time_of({.age = milliseconds(12)}) == milliseconds(12));
}

TEST_CASE("a driver that stalls is a lost camera, and it works when it is opened again") {
    Bench bench(grey);
    auto camera = bench.opened();
    bench.devices->show({test::made_grey(32, 16, 0)});
    REQUIRE(camera->next({}));
    const auto silent = camera->next({});
    REQUIRE_FALSE(silent);
    CHECK(silent.error().code() == ErrorCode::io);
    CHECK(says(silent.error(), "no picture for 3000 ms"));
    camera.reset();
    camera = bench.opened();
    bench.devices->show({test::made_grey(32, 16, 1)});
    CHECK(camera->next({}));
}

TEST_CASE(
    "a camera unplugged in mid-frame is lost, held frames stay, and the next one is found by its name") {
    Bench bench(grey);
    bench.settings.device = "Plate Camera";
    auto camera = bench.opened();
    bench.devices->show({test::made_grey(32, 16, 3)});
    const auto held = camera->next({});
    REQUIRE(held);
    bench.devices->unplug();
    const auto gone = camera->next({});
    REQUIRE_FALSE(gone);
    CHECK(gone.error().code() == ErrorCode::io);
    CHECK(says(gone.error(), "unplugged"));
    camera.reset();
    CHECK(says(bench.open().error(), "no camera is there"));
    bench.devices->node("/dev/video1") = bench.devices->node();
    bench.devices->node("/dev/video1").unplugged = false;
    bench.devices->node("/dev/video1").open_error = 0;
    camera = bench.opened();
    CHECK(plane(*held, 0, 32, 16) == test::made_grey(32, 16, 3));
}

TEST_CASE("a stop ends the wait for a camera that is silent") {
    Bench bench(grey);
    bench.settings.stall = std::chrono::hours(1);
    const auto camera = bench.opened();
    std::stop_source stop;
    const std::jthread stopper([&] { stop.request_stop(); });
    const auto end = camera->next(stop.get_token());
    REQUIRE_FALSE(end);
    // The fake clock runs as fast as it is asked: the hour may be over before the stop comes.
    CHECK((end.error().code() == ErrorCode::closed || says(end.error(), "no picture for")));
}

TEST_CASE("no camera, a wrong name, a busy or forbidden one, one that does not capture: each says its cure") {
    struct Row {
        const char* fault;
        std::function<void(Bench&)> make;
        ErrorCode code;
        const char* words;
    };
    for (const Row& row : {
             Row{"no camera", [](Bench& b) { b.devices->node().open_error = ENOENT; }, ErrorCode::not_found,
                 "no camera is there"},
             Row{"no such path", [](Bench& b) { b.settings.device = "/dev/video9"; }, ErrorCode::not_found,
                 "/dev/video9: no such camera"},
             Row{"another name", [](Bench& b) { b.settings.device = "Lane 2"; }, ErrorCode::not_found,
                 "holds \"Lane 2\"; there are: /dev/video0 (Plate Camera, usb-0000:00:1d.0-1.2)"},
             Row{"permissions", [](Bench& b) { b.devices->node().open_error = EACCES; }, ErrorCode::denied,
                 "needs the group video"},
             Row{"permissions of a path",
                 [](Bench& b) {
                     b.settings.device = "/dev/video0";
                     b.devices->node().open_error = EACCES;
                 },
                 ErrorCode::denied, "/dev/video0: this user may not open it"},
             Row{"opened by another",
                 [](Bench& b) {
                     b.settings.device = "/dev/video0";
                     b.devices->node().open_error = EBUSY;
                 },
                 ErrorCode::io, "another program uses it"},
             Row{"busy when its format is set",
                 [](Bench& b) { b.devices->node().fails[VIDIOC_S_FMT] = EBUSY; }, ErrorCode::io,
                 "another program uses it"},
             Row{"busy when its buffers are asked for",
                 [](Bench& b) { b.devices->node().fails[VIDIOC_REQBUFS] = EBUSY; }, ErrorCode::io,
                 "another program uses it"},
             Row{"no room on the bus", [](Bench& b) { b.devices->node().fails[VIDIOC_STREAMON] = ENOSPC; },
                 ErrorCode::io, "its bus has no room"},
             Row{"unplugged while it is opened",
                 [](Bench& b) { b.devices->node().fails[VIDIOC_STREAMON] = ENODEV; }, ErrorCode::io,
                 "it was unplugged"},
             Row{"no video device",
                 [](Bench& b) {
                     b.settings.device = "/dev/video0";
                     b.devices->node().fails[VIDIOC_QUERYCAP] = ENOTTY;
                 },
                 ErrorCode::unsupported, "not a video device"},
             Row{"a metadata node",
                 [](Bench& b) {
                     b.settings.device = "/dev/video0";
                     b.devices->node().abilities = V4L2_CAP_META_CAPTURE | V4L2_CAP_STREAMING;
                 },
                 ErrorCode::unsupported, "captures no pictures"},
             Row{"planes in separate buffers",
                 [](Bench& b) {
                     b.settings.device = "/dev/video0";
                     b.devices->node().abilities = V4L2_CAP_VIDEO_CAPTURE_MPLANE | V4L2_CAP_STREAMING;
                 },
                 ErrorCode::unsupported, "take camera.driver = \"libcamera\""},
             Row{"no streaming", [](Bench& b) { b.devices->node().abilities = V4L2_CAP_VIDEO_CAPTURE; },
                 ErrorCode::unsupported, "cannot stream"},
             Row{"no buffer queues", [](Bench& b) { b.devices->node().fails[VIDIOC_QBUF] = EINVAL; },
                 ErrorCode::io, "cannot queue a buffer"},
             Row{"buffers that are too small",
                 [](Bench& b) { b.devices->node().formats[0].image_bytes = 32 * 16 * 8; },
                 ErrorCode::unsupported, "its driver is broken"},
         }) {
        CAPTURE(std::string(row.fault));
        Bench bench;
        row.make(bench);
        const auto camera = bench.open();
        REQUIRE_FALSE(camera);
        CHECK(camera.error().code() == row.code);
        CHECK(says(camera.error(), row.words));
    }
}

TEST_CASE("a format, size or rate that the camera does not offer is refused with what it does") {
    struct Row {
        const char* fault;
        std::function<void(Bench&)> make;
        const char* words;
    };
    for (const Row& row : {
             Row{"format", [](Bench& b) { b.settings.pixels = RawFormat::nv12; },
                 "camera.pixels: /dev/video0 (Plate Camera) offers YUYV, not nv12"},
             Row{"no format that we take",
                 [](Bench& b) { b.devices->node().formats[0].fourcc = V4L2_PIX_FMT_H264; },
                 "offers H264, not nv12, yuyv, mjpeg or grey; take another camera"},
             Row{"size", [](Bench& b) { b.settings.width = 640; }, "gives YUYV in 32 x 16, not in 640 x 16"},
             Row{"rate", [](Bench& b) { b.settings.frames_per_second = 60; },
                 "camera.frames_per_second: /dev/video0 (Plate Camera) gives YUYV in 32 x 16 px at 30 a "
                 "second"},
             Row{"a size that it lists not, and changes",
                 [](Bench& b) {
                     b.devices->node().lists_sizes = false;
                     b.settings.width = 640;
                 },
                 "gives YUYV in 32 x 16 px in the place of YUYV in 640 x 16"},
         }) {
        CAPTURE(std::string(row.fault));
        Bench bench;
        row.make(bench);
        const auto camera = bench.open();
        REQUIRE_FALSE(camera);
        CHECK(camera.error().code() == ErrorCode::configuration);
        CHECK(says(camera.error(), row.words));
    }
}

TEST_CASE("wrong strides: lines with gaps are read right, lines shorter than their pixels are refused") {
    Bench bench(grey);
    bench.devices->node().formats[0].line_bytes = 20;
    CHECK(says(bench.open().error(), "a line of 32 px takes 20 bytes, where 32 is the least"));
    bench.devices->node().formats[0].line_bytes = 40;
    CHECK(says(bench.open().error(), "where 632 is the least"));
    bench.devices->node().formats[0].line_bytes = 0;  // left out: without gaps
    const auto camera = bench.opened();
    bench.devices->show({test::made_grey(32, 16, 2)});
    CHECK(plane(*camera->next({}), 0, 32, 16) == test::made_grey(32, 16, 2));

    Bench gaps(yuyv);
    gaps.devices->node().formats[0] = {yuyv, {{16, 16}}, {30}, 40, 40 * 16};
    gaps.settings.width = 16;
    gaps.devices->node().formats[0].image_bytes = 16 * 16 * 2;
    CHECK(says(gaps.open().error(), "its driver is broken"));  // 16 lines of 40 bytes do not fit
}

TEST_CASE("automatic pixels: the first kind that comes in the asked size and rate") {
    Bench bench(yuyv);
    bench.devices->node().formats = {FakeFormat{mjpeg, {{32, 16}}, {30}}, FakeFormat{yuyv, {{32, 16}}, {10}}};
    const auto layout_of = [&] {
        const auto camera = bench.opened();
        bench.devices->show({test::made_jpeg(32, 16)});
        return camera->next({})->view.format;
    };
    CHECK(layout_of() == PixelFormat::bgr24);  // yuyv would be too slow
    bench.settings.frames_per_second = 10;
    CHECK(says(Error(bench.opened()->next({}).error()), "no picture"));
    bench.settings.pixels = RawFormat::mjpeg;
    CHECK(says(bench.open().error(), "at 30 a second, not at 10"));
}

TEST_CASE("the plate profile: shutter of 1/1000 s, automatics off, a quarter of the gain") {
    Bench bench;
    static_cast<void>(bench.opened());
    CHECK(bench.control(V4L2_CID_EXPOSURE_AUTO) == V4L2_EXPOSURE_MANUAL);
    CHECK(bench.control(V4L2_CID_EXPOSURE_AUTO_PRIORITY) == 0);
    CHECK(bench.control(V4L2_CID_EXPOSURE_ABSOLUTE) == 10);
    CHECK(bench.control(V4L2_CID_GAIN) == 25);
}

TEST_CASE("the scene profile leaves the camera's automatics alone") {
    Bench bench;
    bench.settings.profile = CameraProfile::scene;
    static_cast<void>(bench.opened());
    CHECK(bench.control(V4L2_CID_EXPOSURE_AUTO) == 3);
    CHECK(bench.control(V4L2_CID_EXPOSURE_ABSOLUTE) == 156);
    CHECK(bench.control(V4L2_CID_GAIN) == 0);
}

TEST_CASE("controls arrive, focus, gain and white balance switch their automatics off") {
    Bench bench;
    auto& controls = bench.devices->node().controls;
    controls[V4L2_CID_AUTOGAIN] = {0, 1, 1, 1};
    controls[V4L2_CID_FOCUS_AUTO] = {0, 1, 1, 1};
    controls[V4L2_CID_FOCUS_ABSOLUTE] = {0, 250, 5, 0};
    controls[V4L2_CID_AUTO_WHITE_BALANCE] = {0, 1, 1, 1};
    controls[V4L2_CID_WHITE_BALANCE_TEMPERATURE] = {2800, 6500, 10, 4000};
    bench.settings.exposure_us = 450;
    bench.settings.gain = 40;
    bench.settings.focus = 33;
    bench.settings.brightness = -7;
    bench.settings.white_balance_k = 5600;
    static_cast<void>(bench.opened());
    CHECK(bench.control(V4L2_CID_EXPOSURE_ABSOLUTE) == 4);  // never longer than asked for
    CHECK(bench.control(V4L2_CID_GAIN) == 40);
    CHECK(bench.control(V4L2_CID_AUTOGAIN) == 0);
    CHECK(bench.control(V4L2_CID_FOCUS_AUTO) == 0);
    CHECK(bench.control(V4L2_CID_FOCUS_ABSOLUTE) == 30);
    CHECK(bench.control(V4L2_CID_BRIGHTNESS) == -7);
    CHECK(bench.control(V4L2_CID_AUTO_WHITE_BALANCE) == 0);
    CHECK(bench.control(V4L2_CID_WHITE_BALANCE_TEMPERATURE) == 5600);
}

TEST_CASE("a control that the camera has not, or not so far, is refused with its range") {
    struct Row {
        const char* fault;
        std::function<void(Bench&)> make;
        const char* words;
    };
    for (
        const Row& row : {
            Row{"gain", [](Bench& b) { b.settings.gain = 101; },
                "camera.gain: 101 is outside what /dev/video0 (Plate Camera) offers: 0 to 100 in steps of 1"},
            Row{"exposure", [](Bench& b) { b.settings.exposure_us = 50; },
                "offers: 100 to 1000000 in steps of 100"},
            Row{"no number", [](Bench& b) { b.settings.brightness = std::nan(""); },
                "camera.brightness: nan"},
            Row{"focus", [](Bench& b) { b.settings.focus = 3; },
                "camera.focus: /dev/video0 (Plate Camera) offers no such"},
            Row{"no exposure", [](Bench& b) { b.devices->node().controls.erase(V4L2_CID_EXPOSURE_ABSOLUTE); },
                "\"plate\" needs a shutter of 1000 us or shorter, and /dev/video0 (Plate Camera) offers no "
                "exposure time"},
            Row{"a shutter that is slow",
                [](Bench& b) { b.devices->node().controls[V4L2_CID_EXPOSURE_ABSOLUTE].low = 20; },
                "offers 2000 to 1000000 in steps of 100 us"},
            Row{"an exposure that is switched off",
                [](Bench& b) {
                    b.devices->node().controls[V4L2_CID_EXPOSURE_ABSOLUTE].flags = V4L2_CTRL_FLAG_DISABLED;
                },
                "offers no exposure time"},
        }) {
        CAPTURE(std::string(row.fault));
        Bench bench;
        row.make(bench);
        const auto camera = bench.open();
        REQUIRE_FALSE(camera);
        CHECK(camera.error().code() == ErrorCode::configuration);
        CHECK(says(camera.error(), row.words));
    }
    Bench refusing;
    refusing.devices->node().fails[VIDIOC_S_CTRL] = EIO;
    CHECK(says(refusing.open().error(), "cannot set camera.exposure_us"));
}

TEST_CASE("whichever call fails while a camera is opened, nothing stays open") {
    for (const unsigned long request : {VIDIOC_QUERYCAP, VIDIOC_S_FMT, VIDIOC_S_PARM, VIDIOC_S_CTRL,
                                        VIDIOC_REQBUFS, VIDIOC_QUERYBUF, VIDIOC_QBUF, VIDIOC_STREAMON}) {
        Bench bench;
        bench.settings.device = "/dev/video0";
        bench.devices->node().fails[request] = EIO;
        CHECK_FALSE(bench.open());
        bench.devices->node().fails.clear();
        CHECK(bench.open());
    }
}
