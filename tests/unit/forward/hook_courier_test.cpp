// A receiver's own thread: what it says, how it signs, and that one receiver holds no other up.
#include <doctest/doctest.h>

#include <mutex>

#include "forward/hook_courier.hpp"
#include "forward/signature.hpp"
#include "forward_bench.hpp"
#include "support/captured_log.hpp"
#include "support/fake_clock.hpp"
#include "support/gate.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

HookKeys keys_of(const std::string& secret) {
    HookKeys keys;
    keys.secrets = {to_bytes(secret)};
    return keys;
}
const HookKeys usual_keys = keys_of("the only secret, of 32 letters ..");

double no_chance() {
    return 0;
}

/// What a receiver heard; thread-safe.
class Heard {
  public:
    void hear(const HookPost& post) {
        const std::lock_guard lock(mutex_);
        ids_.push_back(post.id);
        signatures_.push_back(post.signature);
        bodies_.emplace_back(post.body);
    }
    [[nodiscard]] std::vector<std::string> ids() const {
        const std::lock_guard lock(mutex_);
        return ids_;
    }
    [[nodiscard]] std::vector<std::string> signatures() const {
        const std::lock_guard lock(mutex_);
        return signatures_;
    }
    [[nodiscard]] std::vector<std::string> bodies() const {
        const std::lock_guard lock(mutex_);
        return bodies_;
    }

  private:
    mutable std::mutex mutex_;
    std::vector<std::string> ids_, signatures_, bodies_;
};

/// An hour passes whenever somebody looks at it: no back-off is waited for.
class HastyClock final : public Clock {
  public:
    [[nodiscard]] UtcTime utc() const override {
        return UtcTime(std::chrono::sys_days(std::chrono::year{2026} / 1 / 1));
    }
    [[nodiscard]] BootTime since_boot() const override { return BootTime(std::chrono::hours(++hours_)); }

  private:
    mutable std::atomic<int> hours_{0};
};

std::string id_of(Seq seq) {
    return delivery_id(told_view(seq));
}

}  // namespace

TEST_CASE("reads are told once each, in their order, signed with the time of the telling") {
    const FakeClock clock;
    Heard heard;
    HookCourier courier(
        told_hook(), usual_keys,
        [&](const HookPost& post, const HookKeys&, const std::stop_token&) -> Result<HookAnswer> {
            heard.hear(post);
            return HookAnswer{200, std::nullopt};
        },
        clock, no_chance);
    courier.push(told_view(1));
    courier.push(told_view(2));
    courier.push(told_view(3));
    REQUIRE(wait_until([&] { return courier.report().counters.delivered == 3; }));
    CHECK(heard.ids() == std::vector{id_of(1), id_of(2), id_of(3)});
    CHECK(courier.report().waiting == 0);
    const auto signature = webhook_signature(usual_keys.secrets, 1'750'000'000, heard.bodies()[0]);
    REQUIRE(signature);
    CHECK(heard.signatures()[0] == *signature);
    CHECK(heard.bodies()[0] == webhook_body(told_hook(), told_view(1)).text);
}

TEST_CASE("a receiver that does not answer holds no other one up") {
    const FakeClock clock;
    Gate gate;
    HookCourier dead(
        told_hook(), usual_keys,
        [&](const HookPost&, const HookKeys&, const std::stop_token&) -> Result<HookAnswer> {
            gate.pass();
            return fail(ErrorCode::timeout, "nobody answers");
        },
        clock, no_chance);
    HookCourier quick(
        told_hook(), usual_keys,
        [&](const HookPost&, const HookKeys&, const std::stop_token&) -> Result<HookAnswer> {
            return HookAnswer{204, std::nullopt};
        },
        clock, no_chance);
    dead.push(told_view(1));
    gate.wait_for_somebody();
    for (Seq seq = 1; seq <= 20; ++seq) {
        dead.push(told_view(seq + 1));
        quick.push(told_view(seq));
        REQUIRE(wait_until([&] { return quick.report().counters.delivered == seq; }));
    }
    CHECK(dead.report().counters.delivered == 0);
    CHECK(dead.report().waiting == told_hook().keep);
    CHECK(dead.report().counters.lost == 21 - told_hook().keep);
    gate.open();
}

TEST_CASE("after a failure the same read is told first, when its time has come") {
    FakeClock clock;
    Heard heard;
    std::atomic<int> fails{1};
    HookCourier courier(
        told_hook(), usual_keys,
        [&](const HookPost& post, const HookKeys&, const std::stop_token&) -> Result<HookAnswer> {
            heard.hear(post);
            if (fails-- > 0) return HookAnswer{503, std::nullopt};
            return HookAnswer{200, std::nullopt};
        },
        clock, no_chance);
    courier.push(told_view(1));
    courier.push(told_view(2));
    REQUIRE(wait_until([&] { return courier.report().counters.retried == 1; }));
    CHECK(heard.ids() == std::vector{id_of(1)});
    clock.advance(std::chrono::seconds(1));
    REQUIRE(wait_until([&] { return courier.report().counters.delivered == 2; }));
    CHECK(heard.ids() == std::vector{id_of(1), id_of(1), id_of(2)});
    CHECK(heard.bodies()[0] == heard.bodies()[1]);
    CHECK(heard.signatures()[0] != heard.signatures()[1]);  // of another moment
}

TEST_CASE("a secret that is replaced signs from the next word on") {
    const FakeClock clock;
    Heard heard;
    HookCourier courier(
        told_hook(), usual_keys,
        [&](const HookPost& post, const HookKeys& keys, const std::stop_token&) -> Result<HookAnswer> {
            CHECK(keys.secrets.size() == (heard.ids().empty() ? 1 : 2));
            heard.hear(post);
            return HookAnswer{200, std::nullopt};
        },
        clock, no_chance);
    courier.push(told_view(1));
    REQUIRE(wait_until([&] { return courier.report().counters.delivered == 1; }));
    HookKeys rolled = keys_of("a new secret, that is 32 letters long");
    rolled.secrets.push_back(usual_keys.secrets[0]);
    courier.use(rolled);
    courier.push(told_view(2));
    REQUIRE(wait_until([&] { return courier.report().counters.delivered == 2; }));
    const auto signature = webhook_signature(rolled.secrets, 1'750'000'000, heard.bodies()[1]);
    REQUIRE(signature);
    CHECK(heard.signatures()[1] == *signature);
}

TEST_CASE("the log names what was refused, lost and left behind by its place, and never a plate") {
    const TempDir dir;
    const CapturedLog log(dir.path() / "log");
    const FakeClock clock;
    Gate gate;
    std::atomic<bool> first{true};
    {
        HookCourier courier(
            told_hook(), usual_keys,
            [&](const HookPost&, const HookKeys&, const std::stop_token&) -> Result<HookAnswer> {
                if (first.exchange(false)) return HookAnswer{422, std::nullopt};
                gate.pass();
                return fail(ErrorCode::closed, "nobody listens there");
            },
            clock, no_chance);
        courier.push(told_view(1));
        courier.push(told_view(2));
        gate.wait_for_somebody();
        for (Seq seq = 3; seq <= 6; ++seq)
            courier.push(told_view(seq));  // keeps 4
        gate.open();
        REQUIRE(wait_until([&] { return courier.report().counters.retried == 1; }));
        CHECK(courier.report().counters == DeliveryCounters{0, 1, 1, 1});
    }
    CHECK(log.count(
              "refused by the receiver hook=parking device=gate-1 chain=0123456789abcdef seq=1 status=422") ==
          1);
    CHECK(log.count("lost to this receiver hook=parking device=gate-1 chain=0123456789abcdef seq=3") == 1);
    CHECK(log.count("why=\"nobody listens there\"") == 1);
    CHECK(log.count("not told any more hook=parking waiting=4") == 1);
    for (const char* text : {"ABO123", "AB[O0]123", "AB0I23", "abo123"})
        CHECK(log.count(text) == 0);
}

TEST_CASE("a receiver that stays away is told of once for each reason, and when it takes again") {
    const TempDir dir;
    const CapturedLog log(dir.path() / "log");
    const HastyClock clock;
    const std::vector<Result<HookAnswer>> answers{fail(ErrorCode::closed, "nobody listens, 1"),
                                                  fail(ErrorCode::closed, "nobody listens, 2"),
                                                  fail(ErrorCode::denied, "a stranger's certificate"),
                                                  HookAnswer{503, std::nullopt},
                                                  HookAnswer{503, std::nullopt},
                                                  HookAnswer{500, std::nullopt},
                                                  HookAnswer{200, std::nullopt}};
    std::atomic<std::size_t> asked{0};
    HookSettings hook = told_hook();
    hook.retry_for = std::chrono::hours(24 * 365);
    HookCourier courier(
        hook, usual_keys,
        [&](const HookPost&, const HookKeys&, const std::stop_token&) -> Result<HookAnswer> {
            return answers.at(asked++);
        },
        clock, no_chance);
    courier.push(told_view(1));
    REQUIRE(wait_until([&] { return log.count("takes again hook=parking") == 1; }));
    CHECK(log.count("takes nothing") == 4);
    for (const char* why : {"nobody listens, 1", "a stranger's certificate", "status 503", "status 500"})
        CHECK(log.count(why) == 1);
}
