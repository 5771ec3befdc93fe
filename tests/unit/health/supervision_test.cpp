#include "health/supervision.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>

#include "base/thread.hpp"
#include "health/service.hpp"
#include "support/fake_clock.hpp"

using namespace portcullis;
using std::chrono::seconds;

namespace {

/// Two stages that are looked at every second.
struct Bench {
    test::FakeClock clock;
    Heartbeat detect{clock, "detect", seconds(30)};
    Heartbeat commit{clock, "commit", seconds(60)};
    Supervision supervision{clock, {&detect, &commit}};

    std::optional<LateStage> after(seconds time) {
        std::optional<LateStage> late;
        for (seconds gone{0}; gone < time; ++gone) {
            clock.advance(seconds(1));
            late = supervision.look();
        }
        return late;
    }
};

}  // namespace

TEST_CASE("a heartbeat's age grows with the clock and a beat makes it young again") {
    Bench bench;
    bench.clock.advance(seconds(3));
    CHECK(bench.detect.age() == seconds(3));
    bench.detect.beat();
    CHECK(bench.detect.age() == seconds(0));
}

TEST_CASE("a stage that waits for its neighbour never hangs, one that works does") {
    Bench bench;
    bench.detect.idle();
    bench.commit.idle();
    CHECK_FALSE(bench.after(seconds(100'000)));
    bench.detect.beat();
    CHECK_FALSE(bench.after(seconds(30)));
    const auto late = bench.after(seconds(1));
    REQUIRE(late);
    CHECK(late->stage == "detect");
    CHECK_FALSE(late->hung);
}

TEST_CASE("a late stage is named at once and hangs after the grace, one that goes on is forgiven") {
    Bench bench;
    bench.commit.idle();
    bench.detect.beat();
    REQUIRE(bench.after(seconds(35)));
    CHECK_FALSE(bench.after(seconds(0)));  // not looked
    bench.detect.beat();
    CHECK_FALSE(bench.after(seconds(30)));
    const auto hung = bench.after(seconds(6));
    REQUIRE(hung);
    CHECK(hung->stage == "detect");
    CHECK(hung->hung);
    CHECK(hung->age == seconds(36));
}

TEST_CASE("of several late stages the one that is late for longest is blamed") {
    Bench bench;
    bench.commit.beat();
    bench.clock.advance(seconds(5));
    bench.detect.beat();
    const auto late = bench.after(seconds(65));
    REQUIRE(late);
    CHECK(late->stage == "commit");
}

TEST_CASE("a machine that slept blames nobody: each stage gets its patience anew") {
    Bench bench;
    bench.commit.idle();
    bench.detect.beat();
    CHECK_FALSE(bench.after(seconds(5)));
    bench.clock.advance(std::chrono::hours(8));
    CHECK_FALSE(bench.after(seconds(31)));
    const auto late = bench.after(seconds(1));
    REQUIRE(late);
    CHECK(late->stage == "detect");
    bench.detect.beat();
    CHECK_FALSE(bench.after(seconds(20)));
}

TEST_CASE("a jump of UTC neither blames nor spares") {
    Bench bench;
    bench.commit.idle();
    bench.detect.beat();
    bench.clock.step_utc(std::chrono::hours(24 * 365 * 30));
    CHECK_FALSE(bench.after(seconds(30)));
    bench.clock.step_utc(-std::chrono::hours(24 * 365 * 60));
    CHECK(bench.after(seconds(1)));
}

TEST_CASE("the watchdog names the stage that hangs to whoever ends the process") {
    test::FakeClock clock;
    Heartbeat read(clock, "read", seconds(30));
    read.beat();
    std::mutex mutex;
    std::condition_variable told;
    std::string stage;
    const Watchdog watchdog(clock, {&read}, [&](const LateStage& late) {
        const std::lock_guard lock(mutex);
        stage = late.stage;
        told.notify_all();
    });
    std::unique_lock lock(mutex);
    // The clock goes on until the watchdog, which looks by real time, has seen enough of it.
    while (!told.wait_for(lock, milliseconds(100), [&] { return !stage.empty(); }))
        clock.advance(seconds(1));
    CHECK(stage == "read");
}

TEST_CASE("a hung stage ends the process with its own exit code, though a thread never returns") {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const SystemClock clock;
        Heartbeat stage(clock, "stuck", milliseconds(-10'000));  // late from its first moment, grace included
        stage.beat();
        const auto stuck = start_thread("stuck", [](const std::stop_token&) {
            for (;;)
                ::pause();
        });
        const Watchdog watchdog(clock, {&stage});
        for (;;)
            ::pause();
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == exit_code_hung);
}
