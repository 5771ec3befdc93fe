#include <doctest/doctest.h>

#include "drivers/camera/made_pictures.hpp"
#include "drivers/camera/replay/child_process.hpp"
#include "drivers/camera/replay/replay_camera.hpp"
#include "support/fake_clock.hpp"
#include "support/temp_dir.hpp"

using namespace portcullis;
using replay::ChildProcess;

namespace {

/// Runs a program to its end and gives its exit as the driver sees it.
Result<void> run(const std::vector<std::string>& arguments) {
    ChildProcess child = TRY(ChildProcess::start(arguments));
    Bytes buffer(4096);
    while (TRY(child.read(buffer, {})) > 0) {
    }
    return child.finish();
}

/// A clip of 10 frames, 96 x 64, 5 frames a second.
void make_clip(const std::filesystem::path& path) {
    REQUIRE(run({"ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i",
                 "testsrc=size=96x64:rate=5:duration=2", "-pix_fmt", "yuv420p", "file:" + path.string()}));
}

Result<std::unique_ptr<ReplayCamera>> open(const std::filesystem::path& path, const Clock& clock,
                                           bool loop = false) {
    ReplaySettings settings;
    settings.source = path.string();
    settings.pace = ReplayPace::as_fast;
    settings.loop = loop;
    return ReplayCamera::create(settings, clock);
}

}  // namespace

TEST_CASE("a video gives all its frames with the film's own time") {
    const test::TempDir folder;
    const test::FakeClock clock;
    make_clip(folder.path() / "a.mp4");
    const auto camera = open(folder.path() / "a.mp4", clock);
    REQUIRE(camera);
    for (std::uint64_t number = 0; number < 10; ++number) {
        const auto frame = (*camera)->next({});
        REQUIRE(frame);
        CHECK(frame->view.format == PixelFormat::yuv420p);
        CHECK(frame->view.width == 96);
        CHECK(frame->sensor_time - clock.since_boot() == number * std::chrono::milliseconds(200));
    }
    CHECK((*camera)->next({}).error().code() == ErrorCode::closed);
}

TEST_CASE("a video loops") {
    const test::TempDir folder;
    const test::FakeClock clock;
    make_clip(folder.path() / "a.mkv");
    const auto camera = open(folder.path() / "a.mkv", clock, true);
    REQUIRE(camera);
    for (int i = 0; i < 25; ++i)
        REQUIRE((*camera)->next({}));
}

TEST_CASE("a video may be let go of in its middle") {
    const test::TempDir folder;
    const test::FakeClock clock;
    make_clip(folder.path() / "a.mkv");
    auto camera = open(folder.path() / "a.mkv", clock);
    REQUIRE(camera);
    auto frame = (*camera)->next({});
    REQUIRE(frame);
    camera->reset();
    CHECK(frame->view.planes[0].data[0] <= 255);  // the frame outlives its camera
}

TEST_CASE("paths that look like options or protocols are only paths") {
    const test::TempDir folder;
    const test::FakeClock clock;
    make_clip(folder.path() / "a.mkv");
    for (const char* name : {"-y.mkv", "concat:a.mkv", "$(touch x).mkv", "a b'\".mkv"}) {
        CAPTURE(name);
        std::filesystem::copy_file(folder.path() / "a.mkv", folder.path() / name);
        const auto camera = open(folder.path() / name, clock);
        REQUIRE(camera);
        CHECK((*camera)->next({}));
    }
}

TEST_CASE("a file that is no video is an error with the decoder's words") {
    const test::TempDir folder;
    const test::FakeClock clock;
    test::write(folder.path() / "a.mp4", to_bytes("hello"));
    const auto camera = open(folder.path() / "a.mp4", clock);
    REQUIRE_FALSE(camera);
    CHECK(camera.error().code() == ErrorCode::corrupt);
    CHECK(camera.error().message().find("the decoder failed") != std::string::npos);
    CHECK(camera.error().message().find("a.mp4") != std::string::npos);
}

TEST_CASE("a truncated video gives what it has, then ends") {
    const test::TempDir folder;
    const test::FakeClock clock;
    make_clip(folder.path() / "a.mkv");
    std::filesystem::resize_file(folder.path() / "a.mkv",
                                 std::filesystem::file_size(folder.path() / "a.mkv") / 2);
    const auto camera = open(folder.path() / "a.mkv", clock);
    if (!camera) return;  // cut before its first picture: refused at the door
    int frames = 0;
    while (const auto frame = (*camera)->next({})) {
        ++frames;
        REQUIRE(frames < 10);
    }
}

TEST_CASE("a decoder that is not installed is named") {
    const auto child = ChildProcess::start({"portcullis-no-such-decoder"});
    REQUIRE_FALSE(child);
    CHECK(child.error().code() == ErrorCode::not_found);
}

TEST_CASE("a child that fails says why") {
    const auto ended = run({"sh", "-c", "echo broken leg >&2; exit 3"});
    REQUIRE_FALSE(ended);
    CHECK(ended.error().message() == "the decoder failed: broken leg");
}

TEST_CASE("a child that floods its error output is neither stuck nor kept in memory") {
    const auto ended = run({"sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x >&2; exit 1"});
    REQUIRE_FALSE(ended);
    CHECK(ended.error().message().size() < 600);
}

TEST_CASE("a stop ends the wait for a silent child, and the child dies with its object") {
    auto child = ChildProcess::start({"sleep", "1000"});
    REQUIRE(child);
    std::stop_source stop;
    stop.request_stop();
    Bytes buffer(16);
    const auto got = child->read(buffer, stop.get_token());
    REQUIRE_FALSE(got);
    CHECK(got.error().code() == ErrorCode::closed);
}
