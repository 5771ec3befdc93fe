// The other side of the injections: everything genuine is accepted. PORTCULLIS_ROUNDS sets how many of each.
#include <doctest/doctest.h>

#include "seal/device_recipients.hpp"
#include "support/rounds.hpp"
#include "unit/collector/collector_bench.hpp"
#include "unit/seal/test_sets.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

constexpr int checkpoint_every = 21;  // records

}  // namespace

TEST_CASE("genuine records, each with its pictures, are all accepted, and raise no alarm") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const int records = rounds_or(60);
    for (int record = 1; record <= records; ++record) {
        std::vector<BrokerMessage> messages = device.messages(device.seal());
        if (record % checkpoint_every == 0) messages.push_back(device.message(device.checkpoint()));
        for (const Received& received : bench.deliver(messages))
            REQUIRE(received.reception == Reception::stored);
        bench.judge_all();
    }
    const ChainRow chain = bench.chain(device);
    const auto counts = must(bench.store().items.verdicts(chain.id));
    REQUIRE(counts.size() == 1);
    CHECK((counts[0].verdict && counts[0].verdict->good()));
    CHECK(counts[0].count == device.head.next_seq - 1);
    CHECK(chain.upto == device.head.next_seq - 1);
    CHECK(chain.upto_link == device.head.link);
    CHECK(chain.mismatch == 0);
    CHECK(bench.quarantine().empty());
    CHECK(bench.gaps(device, true).empty());
    CHECK(must(bench.store().incidents.newest(10)).empty());
}

TEST_CASE("genuine recipient sets, one after the other, are all taken by a device") {
    const SetDesk desk;
    FakeClock clock{now};
    DeviceRecipients recipients =
        must(DeviceRecipients::create(desk.rules(), desk.pki.folder() / "kept.set", clock));
    RecipientSet set = desk.set(1);
    const SetDesk::AnyKey policy(desk.policy);
    const int sets = rounds_or(60);
    for (int version = 1; version <= sets; ++version) {
        set.version = static_cast<std::uint64_t>(version);
        REQUIRE(must(recipients.offer(must(sign_recipient_set(policy, set)))));
        REQUIRE(recipients.in_use()->set.version == set.version);
    }
}
