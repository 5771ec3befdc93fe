#include "drivers/camera/replay/replay_camera.hpp"

#include <doctest/doctest.h>

#include <thread>

#include "drivers/camera/common/frame_pool.hpp"
#include "drivers/camera/made_pictures.hpp"
#include "support/fake_clock.hpp"
#include "support/temp_dir.hpp"

using namespace portcullis;
using test::made_jpeg;
using test::write;

namespace {

std::unique_ptr<ReplayCamera> camera_over(const std::filesystem::path& path, const Clock& clock,
                                          bool loop = false) {
    ReplaySettings settings;
    settings.source = path.string();
    settings.pace = ReplayPace::as_fast;
    settings.loop = loop;
    auto camera = ReplayCamera::create(settings, clock);
    REQUIRE(camera);
    return std::move(*camera);
}

}  // namespace

TEST_CASE("pictures come in order, numbered, with the film's time and the clock's") {
    const test::TempDir folder;
    test::FakeClock clock;
    write(folder.path() / "2.jpg", made_jpeg(32, 16));
    write(folder.path() / "10.jpg", made_jpeg(64, 16));
    const auto camera = camera_over(folder.path(), clock);
    const BootTime began = clock.since_boot();
    const auto first = camera->next({});
    REQUIRE(first);
    clock.advance(std::chrono::milliseconds(5));
    const auto second = camera->next({});
    REQUIRE(second);
    CHECK(first->view.width == 32);
    CHECK(second->view.width == 64);
    CHECK(first->number == 0);
    CHECK(second->number == 1);
    CHECK(first->sensor_time == began);
    CHECK(second->sensor_time - began == std::chrono::seconds(1));
    CHECK(second->utc == clock.utc());
    const auto end = camera->next({});
    REQUIRE_FALSE(end);
    CHECK(end.error().code() == ErrorCode::closed);
}

TEST_CASE("a broken picture is reported by name, costs its number and is skipped") {
    const test::TempDir folder;
    const test::FakeClock clock;
    write(folder.path() / "1.jpg", to_bytes("not a picture"));
    write(folder.path() / "2.jpg", made_jpeg(32, 16));
    const auto camera = camera_over(folder.path(), clock);
    const auto broken = camera->next({});
    REQUIRE_FALSE(broken);
    CHECK(broken.error().code() == ErrorCode::corrupt);
    CHECK(broken.error().message().find("1.jpg") != std::string::npos);
    const auto whole = camera->next({});
    REQUIRE(whole);
    CHECK(whole->number == 1);
}

TEST_CASE("a loop begins again and goes on counting") {
    const test::TempDir folder;
    const test::FakeClock clock;
    write(folder.path() / "1.jpg", made_jpeg(32, 16));
    const auto camera = camera_over(folder.path(), clock, true);
    for (std::uint64_t number = 0; number < 5; ++number) {
        const auto frame = camera->next({});
        REQUIRE(frame);
        CHECK(frame->number == number);
    }
}

TEST_CASE("a loop over nothing but broken pictures ends") {
    const test::TempDir folder;
    const test::FakeClock clock;
    write(folder.path() / "1.jpg", {});
    const auto camera = camera_over(folder.path(), clock, true);
    CHECK(camera->next({}).error().code() == ErrorCode::corrupt);
    const auto end = camera->next({});
    REQUIRE_FALSE(end);
    CHECK(end.error().code() == ErrorCode::closed);
}

TEST_CASE("a stop ends the wait for the next frame") {
    const test::TempDir folder;
    const test::FakeClock clock;
    write(folder.path() / "1.jpg", made_jpeg(32, 16));
    write(folder.path() / "2.jpg", made_jpeg(32, 16));
    ReplaySettings settings;
    settings.source = folder.path().string();
    settings.pace = ReplayPace::given;
    settings.frames_per_second = 0.001;  // the second frame is due in a quarter of an hour
    auto camera = ReplayCamera::create(settings, clock);
    REQUIRE(camera);
    std::stop_source stop;
    REQUIRE((*camera)->next(stop.get_token()));
    std::jthread stopper([&] { stop.request_stop(); });
    const auto frame = (*camera)->next(stop.get_token());
    REQUIRE_FALSE(frame);
    CHECK(frame.error().code() == ErrorCode::closed);
}

TEST_CASE("a rate outside its range is a configuration error") {
    const test::FakeClock clock;
    for (const double rate : {0.0, -1.0, 1001.0}) {
        ReplaySettings settings;
        settings.source = "/";
        settings.pace = ReplayPace::given;
        settings.frames_per_second = rate;
        const auto camera = ReplayCamera::create(settings, clock);
        REQUIRE_FALSE(camera);
        CHECK(camera.error().code() == ErrorCode::configuration);
    }
}

TEST_CASE("frames are due at the rate, and a late consumer gets no burst") {
    test::FakeClock clock;
    replay::Pacer pacer(clock, 10);
    CHECK(pacer.next_wait() == microseconds{0});
    CHECK(pacer.next_wait() == std::chrono::milliseconds(100));
    clock.advance(std::chrono::milliseconds(130));
    CHECK(pacer.next_wait() == std::chrono::milliseconds(70));  // no drift: due at 200, it is 130
    clock.advance(std::chrono::milliseconds(500));
    CHECK(pacer.next_wait() == microseconds{0});  // late, within max_lag: catches up
    clock.advance(std::chrono::seconds(10));
    CHECK(pacer.next_wait() == microseconds{0});  // far behind: starts afresh
    CHECK(pacer.next_wait() == std::chrono::milliseconds(100));
}

TEST_CASE("a pool's buffer comes back when its last holder lets go") {
    camera::FramePool pool;
    auto first = pool.take(100);
    const Bytes* address = first.get();
    auto second = pool.take(100);
    CHECK(second.get() != address);
    first.reset();
    CHECK(pool.take(100).get() == address);
}
