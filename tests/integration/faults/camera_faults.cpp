// Cameras: the real V4L2 driver over devices in memory, in the real pipeline.
#include <linux/videodev2.h>

#include <cerrno>

#include "drivers/camera/fake_device.hpp"
#include "drivers/camera/made_pictures.hpp"
#include "drivers/camera/v4l2/v4l2_camera.hpp"
#include "integration/faults/fault_row.hpp"
#include "unit/pipeline/toy_road.hpp"

namespace portcullis::test {

namespace {

constexpr std::uint32_t mjpeg = V4L2_PIX_FMT_MJPEG;
constexpr std::uint32_t grey = V4L2_PIX_FMT_GREY;

struct Bench {
    FakeClock clock;
    std::shared_ptr<FakeDevices> devices = std::make_shared<FakeDevices>(clock);
    LiveCameraSettings settings;
    std::uint64_t frames = 0;  // good ones so far

    explicit Bench(std::uint32_t fourcc) {
        settings.width = 32;
        settings.height = 16;
        settings.buffers = 4;
        FakeNode& node = devices->node();
        node.formats = {FakeFormat{fourcc}};
        node.controls[V4L2_CID_EXPOSURE_AUTO] = {0, 3, 1, 3};
        node.controls[V4L2_CID_EXPOSURE_ABSOLUTE] = {1, 10'000, 1, 156};
        node.controls[V4L2_CID_GAIN] = {0, 100, 1, 0};
    }
    [[nodiscard]] FakeNode& node() const { return devices->node(); }
    void show_good(int count) const {
        for (int i = 0; i < count; ++i)
            devices->show({node().formats[0].fourcc == mjpeg ? made_jpeg(32, 16) : made_grey(32, 16, 1)});
    }
};

using Act = std::function<void(Bench&)>;
constexpr std::uint64_t enough = 3;  // good frames that show that the camera works

/// The state word of a running road.
std::string state_of(const RoadCounters& counters) {
    const std::string words = summary(counters);
    const std::size_t at = words.find("degraded=");
    return at == std::string::npos ? "running" : words.substr(at, words.find(' ', at) - at);
}

/// A live road whose camera breaks as `make` says; `heal` is called when it waits for the camera.
/// after_first: what happens when the first good frame came.
Seen live(std::uint32_t fourcc, const Act& make, const Act& heal, const Act& after_first = {}) {
    Bench bench(fourcc);
    make(bench);
    const LogCatcher log;
    Seen seen;
    std::stop_source stop;
    PipelineSettings settings;
    settings.camera_may_come = true;
    settings.gate.reset();
    Eyes eyes;
    eyes.locate = [](const FrameView&) -> Result<std::vector<PlateCandidate>> {
        return std::vector<PlateCandidate>();
    };
    Pipeline* road = nullptr;
    Pipeline::Hooks hooks;
    hooks.clock = [&]() -> ClockState {  // once for each good frame
        if (++bench.frames == 1 && after_first) after_first(bench);
        if (bench.frames >= enough) stop.request_stop();
        return {};
    };
    int waits = 0;
    hooks.wait = [&](milliseconds, const std::stop_token&) {
        if (seen.state.empty()) seen.state = state_of(road->counters());
        heal(bench);
        bench.show_good(static_cast<int>(enough));
        if (++waits > 10) stop.request_stop();
    };
    Pipeline pipeline(settings, eyes, {[](const CaptureRecord&) { return Result<void>(); }, {}, {}}, hooks);
    road = &pipeline;
    const OpenCamera open = [&] { return open_v4l2_camera(bench.settings, bench.clock, bench.devices); };
    const auto done = pipeline.run(open, stop.get_token());
    const RoadCounters& counters = pipeline.counters();
    if (!done) {
        seen.state = "refused at the start";
        seen.said = done.error().message();
        heal(bench);
        seen.recovered = open().has_value();
        return seen;
    }
    if (seen.state.empty()) seen.state = counters.pictures_broken > 0 ? "skipped, counted" : "running";
    seen.said = log.text();
    seen.recovered = bench.frames >= enough && state_of(counters) == "running";
    return seen;
}

/// `bad` pictures between good ones.
Seen with_pictures(std::uint32_t fourcc, const std::vector<FakePicture>& bad) {
    return live(
        fourcc,
        [&](Bench& bench) {
            bench.show_good(1);
            for (const FakePicture& picture : bad)
                bench.devices->show(picture);
            bench.show_good(static_cast<int>(enough));
        },
        [](Bench&) {});
}

/// The camera is there, and answers one request with an error until it is healed.
Seen refusing(unsigned long request, int error) {
    return live(
        grey,
        [=](Bench& bench) {
            bench.settings.device = "/dev/video0";
            bench.node().fails[request] = error;
        },
        [](Bench& bench) { bench.node().fails.clear(); });
}

Bytes half(Bytes whole) {
    whole.resize(whole.size() / 2);
    return whole;
}

const char* const comes_back = "goes on by itself when it can";
const char* const by_hand = "starts when the settings fit";
const char* const next_frame = "goes on with the next picture";

}  // namespace

FaultRows camera_faults() {
    const auto nothing = [](Bench&) {};
    const auto open_again = [](Bench& bench) { bench.node().open_error = 0; };
    return {
        {"camera", Fault::offline, "no camera", "degraded=camera", "no camera is there", comes_back,
         [=] {
             return live(
                 grey, [](Bench& b) { b.node().open_error = ENOENT; }, open_again);
         }},
        {"camera", Fault::error, "busy: another program has it", "degraded=camera", "another program uses it",
         comes_back, [] { return refusing(VIDIOC_S_FMT, EBUSY); }},
        {"camera", Fault::error, "wrong permissions", "degraded=camera", "this user may not open it",
         comes_back,
         [=] {
             return live(
                 grey,
                 [](Bench& b) {
                     b.settings.device = "/dev/video0";
                     b.node().open_error = EACCES;
                 },
                 open_again);
         }},
        {"camera", Fault::offline, "another one than the settings name", "degraded=camera",
         "holds \"Lane 2\"; there are: /dev/video0", comes_back,
         [=] {
             return live(
                 grey, [](Bench& b) { b.settings.device = "Lane 2"; },
                 [](Bench& b) { b.node().card = "Lane 2"; });
         }},
        {"camera", Fault::full, "the bus has no room", "degraded=camera",
         "its bus has no room for this stream", comes_back, [] { return refusing(VIDIOC_STREAMON, ENOSPC); }},
        {"camera", Fault::error, "unsupported pixel format", "refused at the start",
         "camera.pixels: /dev/video0 (Plate Camera) offers GREY, not nv12", by_hand,
         [=] {
             return live(
                 grey, [](Bench& b) { b.settings.pixels = RawFormat::nv12; },
                 [](Bench& b) { b.settings.pixels.reset(); });
         }},
        {"camera", Fault::error, "unsupported size", "refused at the start", "in 32 x 16, not in 640 x 16",
         by_hand,
         [=] {
             return live(
                 grey, [](Bench& b) { b.settings.width = 640; }, [](Bench& b) { b.settings.width = 32; });
         }},
        {"camera", Fault::error, "a control outside its range", "refused at the start",
         "camera.gain: 900 is outside what /dev/video0 (Plate Camera) offers: 0 to 100", by_hand,
         [=] {
             return live(
                 grey, [](Bench& b) { b.settings.gain = 900; }, [](Bench& b) { b.settings.gain.reset(); });
         }},
        {"camera", Fault::corrupt, "wrong strides", "refused at the start",
         "a line of 32 px takes 20 bytes, where 32 is the least", "starts with another kernel or camera",
         [=] {
             return live(
                 grey, [](Bench& b) { b.node().formats[0].line_bytes = 20; },
                 [](Bench& b) { b.node().formats[0].line_bytes.reset(); });
         }},
        {"camera", Fault::hang, "the driver stalls", "degraded=camera", "no picture for 3000 ms", comes_back,
         [=] {
             return live(
                 grey, [](Bench& b) { b.show_good(1); }, nothing);
         }},
        {"camera", Fault::offline, "unplugged in mid-frame", "degraded=camera", "the camera was unplugged",
         comes_back,
         [=] {
             return live(
                 grey, [](Bench& b) { b.show_good(2); },
                 [](Bench& b) {
                     b.node().unplugged = false;
                     b.node().open_error = 0;
                 },
                 [](Bench& b) { b.devices->unplug(); });
         }},
        {"camera", Fault::corrupt, "a damaged MJPEG picture", "skipped, counted",
         "skipped: /dev/video0 (Plate Camera)", next_frame,
         [=] {
             return with_pictures(mjpeg, {{half(made_jpeg(32, 16))}, {to_bytes("no JPEG")}});
         }},
        {"camera", Fault::corrupt, "an MJPEG picture of another size", "skipped, counted",
         "skipped: /dev/video0 (Plate Camera)", next_frame,
         [=] { return with_pictures(mjpeg, {{made_jpeg(64, 16)}}); }},
        {"camera", Fault::corrupt, "nothing but damaged pictures", "degraded=camera",
         "60 broken pictures in a row", comes_back,
         [=] {
             return live(
                 mjpeg,
                 [](Bench& b) {
                     for (int i = 0; i < max_broken_in_a_row; ++i)
                         b.devices->show({to_bytes("no JPEG")});
                 },
                 nothing);
         }},
        {"camera", Fault::corrupt, "a picture cut short", "skipped, counted",
         "skipped: /dev/video0 (Plate Camera)", next_frame,
         [=] { return with_pictures(grey, {{half(made_grey(32, 16, 0))}}); }},
        {"camera", Fault::error, "the driver calls a picture lost", "skipped, counted",
         "skipped: /dev/video0 (Plate Camera)", next_frame,
         [=] {
             return with_pictures(grey, {{made_grey(32, 16, 0), V4L2_BUF_FLAG_ERROR}, {.error = EIO}});
         }},
        {"camera", Fault::corrupt, "timestamps run backwards", "running",
         "its timestamps run backwards or are far from now; for such frames the time of arrival counts",
         next_frame,
         [=] {
             FakePicture late{made_grey(32, 16, 0)};
             late.age = std::chrono::milliseconds(900);
             return with_pictures(grey, {late});
         }},
    };
}

}  // namespace portcullis::test
