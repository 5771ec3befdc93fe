// A device that keeps hits only: what it knows of, and what leaves it.
#include "pipeline/wanted_intake.hpp"

#include <doctest/doctest.h>

#include "inbox/inbox_writer.hpp"
#include "support/fake_clock.hpp"
#include "support/wanted_list.hpp"
#include "unit/seal/test_sets.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

constexpr std::chrono::hours hour{1};

struct Lane {
    SetDesk desk{100 * day};
    FakeClock clock{now};
    std::filesystem::path folder = desk.pki.folder() / "inbox";
    InboxWriter uplink = must(InboxWriter::create(folder));
    Inbox inbox{folder};
    WantedIntake intake{
        inbox,
        must(WantedGate::create({desk.pki.folder() / "root.crt", desk.policy.certificate, "test-fleet"})),
        clock};

    void put(const Bytes& blob) {
        REQUIRE(uplink.put(wanted_name, blob));
        intake.look({});
    }
    [[nodiscard]] Bytes sign(const WantedTokens& tokens) const {
        return must(sign_wanted(SetDesk::AnyKey(desk.policy), tokens));
    }
    [[nodiscard]] bool wants(const char* text, ClockQuality quality = ClockQuality::ntp) {
        return intake.wants(sure_read(text), quality);
    }
    [[nodiscard]] std::uint64_t version() const {
        return intake.in_use() ? intake.in_use()->tokens.version : 0;
    }
};

}  // namespace

TEST_CASE("nothing leaves before tokens have come, then what they know") {
    Lane lane;
    CHECK_FALSE(lane.wants("LA77TER"));
    lane.put(lane.sign(sample_wanted(now)));
    CHECK(lane.wants("LA77TER"));
    CHECK_FALSE(lane.wants("LA77TES"));
    CHECK_FALSE(lane.intake.wants(Read{}, ClockQuality::ntp));
    WantedTokens next = sample_wanted(now, 8);
    next.tokens.clear();
    lane.put(lane.sign(next));
    CHECK(lane.version() == 8);
    CHECK_FALSE(lane.wants("LA77TER"));
}

TEST_CASE("tokens that are over know nothing any more, and new ones do") {
    Lane lane;
    lane.put(lane.sign(sample_wanted(now)));
    lane.clock.advance(48 * hour - std::chrono::seconds(1));
    CHECK(lane.wants("LA77TER"));
    lane.clock.advance(std::chrono::seconds(1));
    CHECK_FALSE(lane.wants("LA77TER"));
    lane.put(lane.sign(sample_wanted(lane.clock.utc(), 8)));
    CHECK(lane.wants("LA77TER"));
}

TEST_CASE("a clock that nobody sets neither ends tokens nor keeps them: the collector's signed times do") {
    Lane lane;
    lane.clock.step_utc(-400 * day);
    lane.put(lane.sign(sample_wanted(now)));
    CHECK(lane.wants("LA77TER", ClockQuality::none));
    lane.clock.step_utc(800 * day);
    CHECK(lane.wants("LA77TER", ClockQuality::rtc));
    lane.intake.look(now + 48 * hour);
    CHECK_FALSE(lane.wants("LA77TER", ClockQuality::none));
}

TEST_CASE("attack: a compromised uplink leaves its own tokens, old ones, or rubbish: those in use stay") {
    Lane lane;
    lane.put(lane.sign(sample_wanted(now, 5)));
    const KeyFiles identity = lane.desk.pki.issue("identity", "gate-1", {.extended = "clientAuth"});
    WantedTokens everything = sample_wanted(now, 9);
    for (const Bytes& blob :
         {lane.sign(sample_wanted(now, 4)), must(sign_wanted(SetDesk::AnyKey(identity), everything)),
          Bytes(1000), Bytes()}) {
        lane.put(blob);
        CHECK(lane.version() == 5);
        CHECK(lane.wants("LA77TER"));
    }
    CHECK(lane.intake.refused() == 4);
}

TEST_CASE("tokens that were refused are looked at again after a minute, and not before") {
    Lane lane;
    lane.put(Bytes(10));
    lane.intake.look({});
    CHECK(lane.intake.refused() == 1);
    lane.clock.advance(std::chrono::minutes(1));
    lane.intake.look({});
    CHECK(lane.intake.refused() == 2);
}

TEST_CASE("a device that starts anew knows of nothing that is wanted: no file of its own holds tokens") {
    Lane lane;
    lane.put(lane.sign(sample_wanted(now)));
    CHECK(lane.wants("LA77TER"));
    std::filesystem::remove_all(lane.folder);
    WantedIntake anew(lane.inbox,
                      must(WantedGate::create(
                          {lane.desk.pki.folder() / "root.crt", lane.desk.policy.certificate, "test-fleet"})),
                      lane.clock);
    anew.look({});
    CHECK_FALSE(anew.wants(sure_read("LA77TER"), ClockQuality::ntp));
}
