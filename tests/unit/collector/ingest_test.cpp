// What ingest does with items as they come: each once, in its place, gaps told, receipts for what is there.
#include <doctest/doctest.h>

#include "seal/statement.hpp"
#include "unit/collector/collector_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

/// A key that does not fit its certificate at times: nothing can be signed then.
class FlakyKey final : public SigningKey {
  public:
    FlakyKey(const SigningKey& key, const SigningKey& other) : key_(key), other_(other) {}
    [[nodiscard]] EVP_PKEY* key() const override { return (works ? key_ : other_).key(); }
    [[nodiscard]] X509* certificate() const override { return key_.certificate(); }
    bool works = true;

  private:
    const SigningKey& key_;
    const SigningKey& other_;
};

}  // namespace

TEST_CASE("the same item ten times is stored once, and answered with a receipt again") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const auto messages = device.messages(device.seal());
    bench.deliver(messages);
    REQUIRE(bench.receipt());
    for (int i = 0; i < 9; ++i)
        CHECK(bench.deliver(messages[0]).reception == Reception::duplicate);
    CHECK(bench.read([&](Store& store) { return store.items.count(); }) == 3);
    CHECK(bench.chain(device).duplicates == 9);
    const auto receipt = bench.receipt();
    REQUIRE(receipt);
    CHECK(receipt->upto == 3);
    CHECK_FALSE(bench.receipt());  // nothing new, nobody asked
}

TEST_CASE("receipts of one chain are gathered: many batches at once give one") {
    CollectorBench bench;
    TestDevice device(bench.road);
    for (int i = 0; i < 5; ++i)
        bench.deliver(device.messages(device.seal()));
    CHECK(bench.receipts().size() == 1);
    bench.deliver(device.messages(device.seal()));
    CHECK(bench.receipts().empty());  // too soon
    const auto receipt = bench.receipt();
    REQUIRE(receipt);
    CHECK(receipt->upto == 18);
    CHECK(receipt->link == device.head.link);
}

TEST_CASE("items in any order end in the same chain, the same links and no gap") {
    CollectorBench bench;
    TestDevice device(bench.road);
    std::vector<BrokerMessage> all;
    for (int i = 0; i < 3; ++i)
        for (const BrokerMessage& message : device.messages(device.seal()))
            all.push_back(message);
    for (const std::size_t place : {8U, 2U, 5U, 0U, 7U, 1U, 6U, 4U, 3U})
        bench.deliver(all[place]);
    bench.judge_all();
    CHECK(bench.chain(device).upto == 9);
    CHECK(bench.chain(device).upto_link == device.head.link);
    CHECK(bench.gaps(device, true).empty());
    for (Seq seq = 1; seq <= 9; ++seq)
        CHECK(bench.verdict(device, seq)->good());
}

TEST_CASE("a gap opens when a later item comes, shrinks as items come, and is remembered when it is closed") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const auto first = device.messages(device.seal());
    const auto second = device.messages(device.seal());
    bench.deliver(first[0]);
    bench.deliver(second[2]);
    REQUIRE(bench.gaps(device, true).size() == 1);
    CHECK(bench.gaps(device, true)[0].first == 2);
    CHECK(bench.gaps(device, true)[0].last == 5);
    CHECK(bench.receipt()->upto == 1);
    bench.deliver(second[0]);
    CHECK(bench.gaps(device, true).size() == 2);
    bench.deliver({first[1], first[2], second[1]});
    CHECK(bench.gaps(device, true).empty());
    Seq closed = 0;
    for (const GapRow& gap : bench.gaps(device, false)) {
        CHECK(gap.closed_at);
        CHECK(gap.declared == Declared::no);
        closed += gap.last - gap.first + 1;
    }
    CHECK(closed == 4);
    CHECK(bench.receipt()->upto == 6);
}

TEST_CASE("a tombstone declares a gap: the chain goes on over it, with the link that the device signed") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.deliver(device.messages(device.seal()));
    device.seal();  // shed by the spool
    const Tombstone shed = device.tombstone(4, 6);
    bench.deliver(device.messages(device.seal()));
    CHECK(bench.gaps(device, true).size() == 1);
    const Received received = bench.deliver(device.message(shed));
    CHECK(received.reception == Reception::stored);
    CHECK(received.verdict->good());
    CHECK(bench.gaps(device, true).empty());
    REQUIRE(bench.gaps(device, false).size() == 1);
    CHECK(bench.gaps(device, false)[0].declared == Declared::by_key);
    bench.judge_all();
    CHECK(bench.verdict(device, 7)->good());
    CHECK(bench.receipt()->upto == 9);
    CHECK(bench.chain(device).upto_link == device.head.link);
    CHECK(bench.deliver(device.message(shed)).reception == Reception::duplicate);
}

TEST_CASE("a tombstone that grew takes the place of the smaller one") {
    CollectorBench bench;
    TestDevice device(bench.road);
    device.seal();
    device.seal();
    bench.deliver(device.message(device.tombstone(1, 3)));
    CHECK(bench.receipt()->upto == 3);
    bench.deliver(device.message(device.tombstone(1, 6)));
    const auto receipt = bench.receipt();
    CHECK(receipt->upto == 6);
    CHECK(receipt->link == device.head.link);
}

TEST_CASE("a tombstone for items that are partly here goes on behind the last of them") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.deliver(device.messages(device.seal())[0]);
    device.seal();
    bench.deliver(device.message(device.tombstone(1, 6)));
    CHECK(bench.receipt()->upto == 6);
    CHECK(bench.read([&](Store& store) { return store.items.count(); }) == 1);
}

TEST_CASE("a checkpoint confirms the chain") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.deliver(device.messages(device.seal()));
    const SealedItem checkpoint = device.checkpoint();
    const Received received = bench.deliver(device.message(checkpoint));
    CHECK(received.verdict->good());
    CHECK(bench.chain(device).confirmed == 3);
    CHECK(bench.chain(device).checkpoint == 4);
    CHECK(bench.receipt()->upto == 4);
}

TEST_CASE("each read confirms what is before it: its signed link is as good as a checkpoint") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.deliver(device.messages(device.seal()));
    bench.deliver(device.messages(device.seal()));
    CHECK(bench.chain(device).confirmed == 0);
    bench.judge_all();
    CHECK(bench.chain(device).confirmed == 3);
}

TEST_CASE("a forged checkpoint is refused") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.deliver(device.messages(device.seal()));
    const BrokerMessage genuine = device.message(device.checkpoint());
    SUBCASE("a byte of its signature changed") {
        const Received received = bench.deliver(with_flipped_byte(genuine, 5));
        CHECK(received.reception == Reception::refused);
        CHECK(received.verdict->authenticity == Authenticity::forged);
    }
    SUBCASE("signed by a stranger") {
        Request request;
        request.ca = "stranger-ca";
        const KeyFiles files = bench.road.pki.issue("stranger", "gate-1", request);
        const auto key = must(FileSigningKey::create(files.key, files.certificate));
        TestDevice stranger(bench.road, *key, "gate-1");
        stranger.head = device.head;
        const Received received = bench.deliver(stranger.message(stranger.checkpoint()));
        CHECK(received.reception == Reception::refused);
        CHECK(received.verdict->key_trust == KeyTrust::stranger);
    }
    SUBCASE("of another device, that signs properly") {
        const KeyFiles files = bench.road.pki.device("gate-2");
        const auto key = must(FileSigningKey::create(files.key, files.certificate));
        TestDevice other(bench.road, *key, "gate-2");
        bench.restart();  // trust is loaded at start
        other.seal();
        BrokerMessage message = other.message(other.checkpoint());
        message.topic = "lpr/v1/dev/gate-1/chk";
        const Received received = bench.deliver(message);
        CHECK(received.reception == Reception::refused);
        CHECK(received.verdict->authenticity == Authenticity::misplaced);
    }
    SUBCASE("for another place") {
        const Received received = bench.deliver(with_property(genuine, "seq", "9"));
        CHECK(received.reception == Reception::refused);
        CHECK(received.verdict->authenticity == Authenticity::misplaced);
    }
    CHECK(bench.chain(device).confirmed == 0);
    CHECK(bench.deliver(genuine).reception == Reception::stored);
    CHECK(bench.chain(device).confirmed == 3);
}

TEST_CASE("a message whose hints are not in order is refused, and kept in quarantine") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const BrokerMessage good = device.messages(device.seal())[0];
    std::vector<BrokerMessage> bad{with_property(good, "v", "2"),
                                   with_property(good, "chain", "xyz"),
                                   with_property(good, "seq", "0"),
                                   with_property(good, "seq", "-1"),
                                   with_property(good, "seq", "01"),
                                   with_property(good, "seq", "18446744073709551616"),
                                   with_property(good, "kind", "plate"),
                                   with_property(good, "kind", "nonsense"),
                                   good,
                                   good,
                                   good,
                                   good};
    bad[8].topic = "lpr/v1/dev/GATE/read";
    bad[9].topic = "elsewhere";
    bad[10].properties.clear();
    bad[11].properties.emplace_back("seq", "7");
    for (const Received& received : bench.deliver(bad))
        CHECK(received.reception == Reception::refused);
    CHECK(bench.quarantine().size() == bad.size());
    CHECK(bench.read([&](Store& store) { return store.chains.count(); }) == 0);
    CHECK(bench.read([&](Store& store) { return store.items.count(); }) == 0);
}

TEST_CASE("what the gate refuses never gets a place") {
    CollectorBench bench;
    TestDevice device(bench.road);
    BrokerMessage message = device.messages(device.seal())[0];
    message.payload = to_bytes("no envelope");
    const Received received = bench.deliver(message);
    CHECK(received.reception == Reception::refused);
    CHECK(received.verdict->authenticity == Authenticity::damaged);
    CHECK(bench.read([&](Store& store) { return store.items.count(); }) == 0);
}

TEST_CASE("a stranger who invents chains of a device does not get beyond the limit, and leaves no trace") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const BrokerMessage good = device.messages(device.seal())[0];
    IngestLimits limits;
    for (std::uint64_t i = 0; i < limits.unconfirmed_chains_per_device + 3; ++i)
        bench.deliver(with_property(good, "chain", fmt::format("{:016x}", i + 1)));
    CHECK(bench.read([&](Store& store) { return store.chains.count(); }) ==
          limits.unconfirmed_chains_per_device);
    bench.judge_all();  // all misplaced
    CHECK(bench.read([&](Store& store) { return store.chains.count(); }) == 0);
    CHECK(bench.deliver(good).reception == Reception::stored);
}

TEST_CASE("a far seq that a stranger invents is forgotten with its gap once it is judged") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const auto messages = device.messages(device.seal());
    bench.deliver(messages);
    bench.deliver(with_property(messages[0], "seq", "9007199254740991"));
    CHECK(bench.gaps(device, true).size() == 1);
    bench.judge_all();
    CHECK(bench.gaps(device, true).empty());
    CHECK(bench.chain(device).last == 3);
}

TEST_CASE("a new process on the same store knows everything") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.deliver(device.messages(device.seal()));
    bench.judge_all();
    device.seal();  // lost
    const auto third = device.messages(device.seal());
    bench.deliver(third);
    const ChainRow before = bench.chain(device);
    bench.restart();
    const ChainRow after = bench.chain(device);
    CHECK(after.upto == before.upto);
    CHECK(after.upto_link == before.upto_link);
    CHECK(after.last == 9);
    CHECK(bench.gaps(device, true).size() == 1);
    CHECK(bench.verdict(device, 1)->good());
    CHECK(bench.deliver(third[0]).reception == Reception::duplicate);
    CHECK(bench.judge_all().size() == 1);  // the one that had no verdict yet
    CHECK(bench.receipt()->upto == 3);
}

TEST_CASE("items wait for their verdict while the opener is away, and get it in order when it is back") {
    CollectorBench bench;
    TestDevice device(bench.road);
    for (int i = 0; i < 10; ++i)
        bench.deliver(device.messages(device.seal()));
    CHECK(bench.receipt()->upto == 30);  // stored is received; the verdict may come later
    const auto in_flight = bench.to_judge(16);
    CHECK(in_flight.size() == 16);
    CHECK(bench.to_judge(16).empty());  // never more than the window
    bench.restart();                    // and their answers never came
    const auto views = bench.judge_all();
    REQUIRE(views.size() == 10);
    for (std::size_t i = 1; i < views.size(); ++i)
        CHECK((bench.failing || views[i].seq > views[i - 1].seq));  // what was not kept is asked again, later
    for (Seq seq = 1; seq <= 30; ++seq)
        CHECK(bench.verdict(device, seq)->good());
}

TEST_CASE(
    "an opener that was restarted between a read and its pictures is shown the read again, without a view") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.deliver(device.messages(device.seal()));
    const auto requests = bench.to_judge(1);
    must_do(bench.ingest->judged({bench.judge->judge(requests.at(0)).reply}));
    bench.judge = std::make_unique<Judge>(bench.road.opener_with({bench.road.reader, bench.road.evidence}));
    CHECK(bench.judge_all().empty());
    for (Seq seq = 1; seq <= 3; ++seq)
        CHECK(bench.verdict(device, seq)->good());
}

TEST_CASE("pictures that come before their read wait for it") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const auto messages = device.messages(device.seal());
    bench.deliver({messages[1], messages[2]});
    CHECK(bench.judge_all().empty());
    CHECK_FALSE(bench.verdict(device, 2));
    bench.deliver(messages[0]);
    CHECK(bench.judge_all().size() == 1);
    CHECK(bench.verdict(device, 2)->good());
    CHECK(bench.verdict(device, 3)->good());
}

TEST_CASE("a receipt that cannot be signed is told, due again, and given as soon as the key works") {
    CollectorBench bench;
    FlakyKey key(*bench.receipt_key, *bench.road.key);
    Ingest ingest(must(bench.open_store()), bench.road.trust(), key, bench.clock);
    TestDevice device(bench.road);
    CHECK(ingest.accept(device.messages(device.seal())));
    key.works = false;
    for (int tries = 0; tries < 3; ++tries)
        CHECK_FALSE(ingest.receipts());
    CHECK(ingest.counters().receipts == 0);
    key.works = true;
    const auto receipts = must(ingest.receipts());
    REQUIRE(receipts.size() == 1);
    CHECK(verify_statement(receipts[0].payload, bench.collector_trust, bench.clock.utc()));
    CHECK(must(ingest.receipts()).empty());
}
