// What every camera keeps, whichever driver it stands behind: replay and v4l2 over a device in memory always;
// v4l2 and libcamera over a real device where one is named:
//   PORTCULLIS_CAMERA_V4L2=640x480 PORTCULLIS_CAMERA_LIBCAMERA=640x480 test_driver_camera -tc='contract: a
//   real*'
#include <doctest/doctest.h>
#include <linux/videodev2.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <thread>

#include "drivers/camera/fake_device.hpp"
#include "drivers/camera/libcamera/libcamera_camera.hpp"
#include "drivers/camera/made_pictures.hpp"
#include "drivers/camera/replay/replay_camera.hpp"
#include "drivers/camera/v4l2/v4l2_camera.hpp"
#include "support/temp_dir.hpp"

using namespace portcullis;

namespace {

/// A camera that shows pictures of width x height px, some of them broken on purpose.
class Rig {
  public:
    virtual ~Rig() = default;
    [[nodiscard]] virtual Result<std::unique_ptr<Camera>> open() = 0;
    /// It will show so many pictures, or has them already. broken: which of them, if it can break one.
    virtual void prepare(unsigned pictures, std::optional<unsigned> broken) = 0;
    [[nodiscard]] virtual const Clock& clock() const = 0;
    int width = 32;
    int height = 16;
};

class ReplayRig final : public Rig {
  public:
    Result<std::unique_ptr<Camera>> open() override {
        ReplaySettings settings;
        settings.source = folder_.path().string();
        settings.pace = ReplayPace::as_fast;
        return TRY(ReplayCamera::create(settings, clock_));
    }
    void prepare(unsigned pictures, std::optional<unsigned> broken) override {
        for (unsigned i = 0; i < pictures; ++i)
            test::write(folder_.path() / fmt::format("{}.jpg", i),
                        broken == i ? to_bytes("no picture") : test::made_jpeg(width, height));
    }
    const Clock& clock() const override { return clock_; }

  private:
    test::TempDir folder_;
    test::FakeClock clock_;
};

class V4l2Rig final : public Rig {
  public:
    explicit V4l2Rig(std::uint32_t fourcc) : fourcc_(fourcc) {
        test::FakeNode& node = devices_->node();
        node.formats = {test::FakeFormat{fourcc}};
        node.controls[V4L2_CID_EXPOSURE_ABSOLUTE] = {1, 10'000, 1, 156};
    }
    ~V4l2Rig() override {
        CHECK(devices_->opened() == 0);
        CHECK(devices_->mapped() == 0);
    }
    V4l2Rig(const V4l2Rig&) = delete;
    V4l2Rig& operator=(const V4l2Rig&) = delete;
    Result<std::unique_ptr<Camera>> open() override {
        LiveCameraSettings settings;
        settings.width = width;
        settings.height = height;
        return open_v4l2_camera(settings, clock_, devices_);
    }
    void prepare(unsigned pictures, std::optional<unsigned> broken) override {
        for (unsigned i = 0; i < pictures; ++i)
            devices_->show({broken == i ? to_bytes("no picture") : picture(i)});
    }
    const Clock& clock() const override { return clock_; }

  private:
    [[nodiscard]] Bytes picture(unsigned number) const {
        switch (fourcc_) {
            case V4L2_PIX_FMT_NV12:
                return test::made_nv12(32, 16, number);
            case V4L2_PIX_FMT_YUYV:
                return test::made_yuyv(32, 16, number);
            case V4L2_PIX_FMT_GREY:
                return test::made_grey(32, 16, number);
            default:
                return test::made_jpeg(width, height);
        }
    }
    std::uint32_t fourcc_;
    test::FakeClock clock_;
    std::shared_ptr<test::FakeDevices> devices_ = std::make_shared<test::FakeDevices>(clock_);
};

/// A real camera of this machine, or of a guest.
class RealRig final : public Rig {
  public:
    using Open = Result<std::unique_ptr<Camera>> (*)(const LiveCameraSettings&, const Clock&);
    RealRig(const LiveCameraSettings& settings, Open how) : settings_(settings), open_(how) {
        width = settings.width;
        height = settings.height;
    }
    Result<std::unique_ptr<Camera>> open() override { return open_(settings_, clock_); }
    void prepare(unsigned, std::optional<unsigned>) override {}
    const Clock& clock() const override { return clock_; }

  private:
    LiveCameraSettings settings_;
    Open open_;
    SystemClock clock_;
};

/// "640x480" at 10 frames a second, from the environment.
std::optional<LiveCameraSettings> real_camera(const char* variable) {
    const char* const size = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): read only
    if (size == nullptr) return std::nullopt;
    LiveCameraSettings settings;
    REQUIRE(std::sscanf(size, "%dx%d", &settings.width, &settings.height) == 2);
    settings.frames_per_second = 10;
    return settings;
}

struct Kind {
    std::string name;
    std::function<std::unique_ptr<Rig>()> make;
    bool breaks = true;  // a picture can be broken on purpose
};

std::vector<Kind> kinds() {
    std::vector<Kind> all{{"replay", [] { return std::make_unique<ReplayRig>(); }}};
    for (const auto& [name, fourcc] : {std::pair("v4l2 mjpeg", V4L2_PIX_FMT_MJPEG),
                                       {"v4l2 yuyv", V4L2_PIX_FMT_YUYV},
                                       {"v4l2 nv12", V4L2_PIX_FMT_NV12},
                                       {"v4l2 grey", V4L2_PIX_FMT_GREY}})
        all.push_back({name, [fourcc = fourcc] { return std::make_unique<V4l2Rig>(fourcc); }});
    return all;
}

/// Reads every byte that the view promises.
unsigned sum_of(const FrameView& view) {
    const auto half = [](int side) { return static_cast<std::size_t>(side + 1) / 2; };
    unsigned sum = 0;
    const auto add = [&](std::size_t plane, std::size_t line, std::size_t lines) {
        for (std::size_t y = 0; y < lines; ++y)
            for (std::size_t x = 0; x < line; ++x)
                sum = sum * 31 + view.planes[plane].data[y * view.planes[plane].stride + x];
    };
    const auto width = static_cast<std::size_t>(view.width);
    add(0, view.format == PixelFormat::bgr24 ? 3 * width : width, static_cast<std::size_t>(view.height));
    if (view.format == PixelFormat::nv12) add(1, 2 * half(view.width), half(view.height));
    if (view.format == PixelFormat::yuv420p)
        for (const std::size_t plane : {1U, 2U})
            add(plane, half(view.width), half(view.height));
    return sum;
}

void whole_pictures(Rig& rig) {
    rig.prepare(5, {});
    auto camera = rig.open();
    if (!camera) FAIL(camera.error().message());
    std::optional<Frame> last;
    for (int i = 0; i < 5; ++i) {
        auto frame = (*camera)->next({});
        if (!frame) FAIL(frame.error().message());
        CHECK(frame->view.width == rig.width);
        CHECK(frame->view.height == rig.height);
        CHECK(frame->pixels);
        static_cast<void>(sum_of(frame->view));
        if (last) CHECK(frame->number > last->number);
        if (last) CHECK(frame->sensor_time > last->sensor_time);
        last = std::move(*frame);
    }
}

void frames_outlive(Rig& rig) {
    rig.prepare(8, {});
    auto camera = rig.open();
    REQUIRE(camera);
    std::vector<std::pair<Frame, unsigned>> held;
    for (int i = 0; i < 8; ++i) {
        auto frame = (*camera)->next({});
        if (!frame) FAIL(frame.error().message());
        const unsigned sum = sum_of(frame->view);
        held.emplace_back(std::move(*frame), sum);
    }
    camera->reset();
    for (const auto& [frame, sum] : held)
        CHECK(sum_of(frame.view) == sum);
}

void opened_again(Rig& rig) {
    for (int round = 0; round < 3; ++round) {
        rig.prepare(1, {});
        auto camera = rig.open();
        if (!camera) FAIL(camera.error().message());
        const auto frame = (*camera)->next({});
        if (!frame) FAIL(frame.error().message());
    }
}

void stop_ends(Rig& rig) {
    rig.prepare(1, {});
    auto camera = rig.open();
    REQUIRE(camera);
    std::stop_source stop;
    stop.request_stop();
    const auto end = (*camera)->next(stop.get_token());
    REQUIRE_FALSE(end);
    CHECK(end.error().code() == ErrorCode::closed);
}

void real(const char* variable, RealRig::Open open) {
    const auto settings = real_camera(variable);
    if (!settings) {
        MESSAGE("SKIPPED: no camera is named; set ", std::string(variable),
                " to its picture size, such as 640x480");
        return;
    }
    RealRig rig(*settings, open);
    whole_pictures(rig);
    frames_outlive(rig);
    opened_again(rig);
    stop_ends(rig);
}

}  // namespace

TEST_CASE("contract: a real camera behind v4l2") {
    real("PORTCULLIS_CAMERA_V4L2", [](const LiveCameraSettings& settings, const Clock& clock) {
        return open_v4l2_camera(settings, clock);
    });
}

TEST_CASE("contract: a real camera behind libcamera") {
    real("PORTCULLIS_CAMERA_LIBCAMERA", open_libcamera_camera);
}

TEST_CASE("contract: pictures come whole, numbers and sensor times rise") {
    for (const Kind& kind : kinds()) {
        CAPTURE(kind.name);
        whole_pictures(*kind.make());
    }
}

TEST_CASE("contract: a broken picture is told, costs its number, and the next one is whole") {
    for (const Kind& kind : kinds()) {
        CAPTURE(kind.name);
        const auto rig = kind.make();
        rig->prepare(3, 1);
        auto camera = rig->open();
        REQUIRE(camera);
        const auto first = (*camera)->next({});
        REQUIRE(first);
        const auto broken = (*camera)->next({});
        REQUIRE_FALSE(broken);
        CHECK(broken.error().code() == ErrorCode::corrupt);
        const auto third = (*camera)->next({});
        REQUIRE(third);
        CHECK(third->number == first->number + 2);
    }
}

TEST_CASE("contract: frames that are all held stay as they were, and outlive the camera") {
    for (const Kind& kind : kinds()) {
        CAPTURE(kind.name);
        frames_outlive(*kind.make());
    }
}

TEST_CASE("contract: a camera is opened, closed and opened again") {
    for (const Kind& kind : kinds()) {
        CAPTURE(kind.name);
        opened_again(*kind.make());
    }
}

TEST_CASE("contract: a stop gives closed") {
    for (const Kind& kind : kinds()) {
        CAPTURE(kind.name);
        stop_ends(*kind.make());
    }
}
