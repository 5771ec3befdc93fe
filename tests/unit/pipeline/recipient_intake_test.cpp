#include "pipeline/recipient_intake.hpp"

#include <doctest/doctest.h>

#include "support/inbox_device.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

struct Wall : InboxDevice {
    void put(const Bytes& blob) { REQUIRE(uplink.put(recipients_name, blob)); }
    [[nodiscard]] bool seals() const { return sealer.seal(sample_record(), first_head(), {}).has_value(); }
    [[nodiscard]] std::uint64_t version() const {
        return recipients.in_use() ? recipients.in_use()->set.version : 0;
    }
};

}  // namespace

TEST_CASE("a set that the uplink leaves in the inbox is taken between two records") {
    Wall wall;
    wall.intake.look({});
    CHECK_FALSE(wall.seals());
    wall.put(wall.desk.sign(wall.desk.set(1)));
    wall.intake.look({});
    CHECK(wall.version() == 1);
    CHECK(wall.seals());
    wall.put(wall.desk.sign(wall.desk.set(2)));
    wall.intake.look({});
    CHECK(wall.version() == 2);
    CHECK(wall.intake.taken() == 2);
}

TEST_CASE("attack: a compromised uplink leaves its own set, an old one, or rubbish: the one in use stays") {
    Wall wall;
    wall.put(wall.desk.sign(wall.desk.set(5)));
    wall.intake.look({});
    const KeyFiles identity = wall.desk.pki.issue("identity", "gate-1", {.extended = "clientAuth"});
    for (const Bytes& blob : {wall.desk.sign(wall.desk.set(4)),
                              wall.desk.sign_with(identity, wall.desk.set(9)), Bytes(1000), Bytes()}) {
        wall.put(blob);
        wall.intake.look({});
        CHECK(wall.version() == 5);
        CHECK(wall.seals());
    }
    CHECK(wall.intake.refused() == 4);
}

TEST_CASE("a set that was refused is looked at again after a minute, and not before") {
    Wall wall;
    wall.put(Bytes(10));
    wall.intake.look({});
    wall.intake.look({});
    CHECK(wall.intake.refused() == 1);
    wall.clock.advance(set_retry);
    wall.intake.look({});
    CHECK(wall.intake.refused() == 2);
}

TEST_CASE("times that the collector signed age the set of a device whose clock is not set") {
    Wall wall;
    wall.put(wall.desk.sign(wall.desk.set(1)));
    wall.intake.look({});
    CHECK(wall.seals());
    wall.intake.look(now + 22 * day);
    CHECK_FALSE(wall.seals());
}
