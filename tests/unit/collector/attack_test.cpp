// Each attack on the road from device to store, its verdict, and what `portcullis verify` says of it
// (tests/data/verify; written anew when PORTCULLIS_WRITE_GOLDEN is set).
#include <doctest/doctest.h>

#include <algorithm>

#include "collector/ingest/lookout.hpp"
#include "seal/encrypt.hpp"
#include "seal/statement.hpp"
#include "unit/collector/collector_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;
using std::chrono::seconds;

namespace {

/// The same device, set back to where `device` stands.
TestDevice copy_of(const CollectorBench& bench, const TestDevice& device) {
    TestDevice copy(bench.road);
    copy.head = device.head;
    copy.links = device.links;
    // No two lives capture the same passage at the same instant.
    static int copies = 0;
    copy.clock = device.clock + milliseconds(++copies);
    return copy;
}

bool said(CollectorBench& bench, std::string_view what) {
    const auto incidents = bench.incidents(100);
    return std::ranges::any_of(incidents, [what](const IncidentRow& row) { return row.what == what; });
}

constexpr std::string_view forked = "forked: two blobs with good signatures for one place";

}  // namespace

TEST_CASE("no attack: everything is in order") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.deliver(device.messages(device.seal()));
    bench.deliver(device.message(device.checkpoint()));
    bench.judge_all();
    check_golden(bench, "none");
}

TEST_CASE("attack: forged") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const auto genuine = device.messages(device.seal());
    bench.deliver(genuine);
    bench.deliver(device.message(device.checkpoint()));
    const KeyFiles files = bench.road.pki.issue("stranger", "gate-1", {.ca = "stranger-ca"});
    const auto key = must(FileSigningKey::create(files.key, files.certificate));
    TestDevice stranger(bench.road, *key, "gate-1");
    stranger.head = device.head;
    bench.deliver(stranger.messages(stranger.seal())[0]);
    // Unsigned text in an honest envelope.
    bench.deliver(junk_like(bench.road, with_property(genuine[0], "seq", "8")));
    bench.judge_all();
    CHECK_FALSE(bench.verdict(device, 5));
    check_golden(bench, "forged");
}

TEST_CASE("attack: dropped") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.deliver(device.messages(device.seal()));
    device.seal();
    bench.deliver(device.messages(device.seal()));
    bench.judge_all();
    check_golden(bench, "dropped");
}

TEST_CASE("attack: swapped") {
    CollectorBench bench;
    TestDevice device(bench.road);
    BrokerMessage first = device.messages(device.seal())[0];
    BrokerMessage second = device.messages(device.seal())[0];
    std::swap(first.payload, second.payload);
    bench.deliver({first, second});
    bench.judge_all();
    check_golden(bench, "swapped");
}

TEST_CASE("attack: replayed") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const auto genuine = device.messages(device.seal());
    bench.deliver(genuine);
    bench.deliver(genuine);
    bench.deliver(with_property(genuine[0], "seq", "4"));
    bench.judge_all();
    check_golden(bench, "replayed");
}

TEST_CASE("attack: reordered") {
    CollectorBench bench;
    TestDevice device(bench.road);
    auto all = device.messages(device.seal());
    for (const BrokerMessage& message : device.messages(device.seal()))
        all.push_back(message);
    all.push_back(device.message(device.checkpoint()));
    std::ranges::reverse(all);
    for (const BrokerMessage& message : all)
        bench.deliver(message);
    bench.judge_all();
    CHECK(bench.receipt()->link == device.head.link);
    check_golden(bench, "reordered");
}

TEST_CASE("attack: truncated") {
    CollectorBench bench;
    TestDevice device(bench.road);
    auto genuine = device.messages(device.seal());
    genuine[2].payload.resize(genuine[2].payload.size() / 2);
    CHECK(bench.deliver(genuine[2]).verdict->authenticity == Authenticity::damaged);
    bench.deliver({genuine[0], genuine[1]});
    bench.judge_all();
    // The chain's end is cut off too; its status comes through.
    bench.look_round(true);
    bench.clock.advance(silent_after);
    BrokerMessage status;
    status.topic = "lpr/v1/dev/gate-1/status";
    status.payload = to_bytes(R"({"v":1,"state":"up","chain":"0123456789abcdef","last_seq":9})");
    bench.deliver(status);
    bench.clock.advance(tail_after + seconds(1));
    bench.deliver(status);
    bench.look_round(true);
    check_golden(bench, "truncated");
}

TEST_CASE("attack: re-sealed to another collector") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const auto genuine = device.messages(device.seal());
    const KeyFiles foreign = bench.road.pki.recipient("another-collector");
    SUBCASE("whole, as it was: the other collector opens nothing of it") {
        bench.recipients = {foreign};
        bench.restart();
        bench.deliver(genuine);
        bench.deliver(device.message(device.checkpoint()));
        for (const View& view : bench.judge_all())
            CHECK(view.text.empty());
        CHECK(bench.verdict(device, 1)->authenticity == Authenticity::unopened);
        check_golden(bench, "carried-to-another-collector");
    }
    SUBCASE("by a recipient, who re-wraps the signed text: it names other recipients than the envelope") {
        std::vector<X509Ptr> others;
        others.push_back(must(load_certificate(foreign.certificate)));
        // What a recipient has when he has opened it.
        const OpenedRead opened = bench.road.opener->open_read(genuine[0].payload, now);
        REQUIRE(opened.payload);
        BrokerMessage rewrapped = genuine[0];
        rewrapped.payload = must(
            encrypt(must(sign_statement(*bench.road.key, must(encode_payload(*opened.payload)))), others));
        bench.recipients = {foreign};
        bench.restart();
        bench.deliver(rewrapped);
        for (const View& view : bench.judge_all())
            CHECK(view.text.empty());
        CHECK_FALSE(bench.chain_or_none(device));
        check_golden(bench, "rewrapped-for-another-collector");
    }
}

TEST_CASE("attack: rolled-back device") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.deliver(device.messages(device.seal()));
    bench.deliver(device.message(device.checkpoint()));
    TestDevice restored = copy_of(bench, device);
    const auto first_life = device.messages(device.seal());
    bench.deliver(first_life);
    bench.judge_all();
    CHECK(bench.receipt()->link == device.head.link);

    bench.clock.advance(seconds(60));
    const auto second_life = restored.messages(restored.seal());
    for (const Received& received : bench.deliver(second_life))
        CHECK(received.reception == Reception::conflicting);
    bench.judge_all();
    CHECK(said(bench, forked));
    // Without a receipt it sends again, and drains.
    bench.deliver(second_life);
    CHECK(bench.receipt()->link == restored.links[7]);
    bench.clock.advance(seconds(60));
    bench.deliver(restored.message(restored.checkpoint()));
    bench.deliver(restored.messages(restored.seal()));
    CHECK(bench.judge_all().size() == 1);
    CHECK(bench.receipt()->link == restored.head.link);
    // Nothing of the first life is lost.
    for (Seq seq = 5; seq <= 7; ++seq) {
        const auto item =
            bench.read([&](Store& store) { return store.items.find(bench.chain(device).id, seq); });
        REQUIRE(item);
        CHECK(item->digest == sha256(first_life[seq - 5].payload));
        CHECK(item->verdict->good());
    }
    const auto branches =
        bench.read([&](Store& store) { return store.chains.branches("gate-1", device.head.chain); });
    REQUIRE(branches.size() == 2);
    CHECK(branches[0].upto == 11);
    CHECK(branches[0].mismatch == 0);
    CHECK(branches[1].mismatch == 0);
    check_golden(bench, "rolled-back-device");
}

TEST_CASE("attack: rolled-back device, twice, and junk between") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.deliver(device.messages(device.seal()));
    bench.judge_all();
    TestDevice second = copy_of(bench, device);
    TestDevice third = copy_of(bench, device);
    for (TestDevice* life : {&device, &second, &third}) {
        const auto messages = life->messages(life->seal());
        for (int i = 0; i < 6; ++i)
            bench.deliver(junk_like(bench.road, messages[0]));
        bench.deliver(messages);
        bench.judge_all();
        bench.deliver(messages);
        bench.judge_all();
        CHECK(bench.receipt()->link == life->head.link);
        bench.deliver(life->message(life->checkpoint()));
        bench.judge_all();
        CHECK(bench.receipt()->link == life->head.link);
    }
    CHECK(
        bench.read([&](Store& store) { return store.chains.branches("gate-1", device.head.chain); }).size() ==
        3);
}

TEST_CASE("attack: rolled-back device, set back once more within its second life") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.deliver(device.messages(device.seal()));
    TestDevice second = copy_of(bench, device);
    bench.deliver(device.messages(device.seal()));
    bench.judge_all();
    const auto live = [&bench](TestDevice& life) {
        const auto messages = life.messages(life.seal());
        bench.deliver(messages);
        bench.judge_all();
        bench.deliver(messages);
        CHECK(bench.has_receipt(life.head.link));
    };
    live(second);
    TestDevice third = copy_of(bench, second);
    live(second);
    live(third);
    live(third);
    const auto branches =
        bench.read([&](Store& store) { return store.chains.branches("gate-1", device.head.chain); });
    REQUIRE(branches.size() == 3);
    CHECK(branches[0].base == 6);
    CHECK(branches[0].upto == 12);
    CHECK(branches[1].upto == 9);
    CHECK(branches[2].upto == 6);
}

TEST_CASE("attack: rolled-back device whose newest items come first") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.deliver(device.messages(device.seal()));
    TestDevice restored = copy_of(bench, device);
    bench.deliver(device.messages(device.seal()));
    bench.judge_all();
    std::vector<BrokerMessage> all;
    for (int i = 0; i < 3; ++i)
        for (const BrokerMessage& message : restored.messages(restored.seal()))
            all.push_back(message);
    all.push_back(restored.message(restored.checkpoint()));
    bench.deliver(std::vector(all.begin() + 3, all.end()));  // they find free places behind the first life
    bench.judge_all();
    CHECK(bench.chain(device).mismatch == 7);
    for (int i = 0; i < 3; ++i) {
        bench.deliver(all);
        bench.judge_all();
    }
    CHECK(bench.has_receipt(restored.head.link));
    const auto branches =
        bench.read([&](Store& store) { return store.chains.branches("gate-1", device.head.chain); });
    REQUIRE(branches.size() == 2);
    CHECK(branches[0].upto == 13);
    CHECK(branches[1].upto == 6);
    CHECK(branches[1].upto_link == device.head.link);
    CHECK(branches[1].mismatch == 0);
}

TEST_CASE("attack: rolled-back device that begins with a checkpoint: no opener is needed to see it") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.deliver(device.messages(device.seal()));
    TestDevice restored = copy_of(bench, device);
    bench.deliver(device.message(device.checkpoint()));
    restored.clock += seconds(60);
    const BrokerMessage second = restored.message(restored.checkpoint());
    CHECK(bench.deliver(second).reception == Reception::conflicting);
    static_cast<void>(bench.to_judge(0));
    CHECK(said(bench, forked));
    bench.deliver(second);
    CHECK(bench.has_receipt(restored.head.link));
}

TEST_CASE("attack: another envelope around the same signed text is no second signature") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const auto genuine = device.messages(device.seal());
    bench.deliver(genuine);
    bench.judge_all();
    const OpenedRead opened = bench.road.opener->open_read(genuine[0].payload, now);
    REQUIRE(opened.payload);
    std::vector<X509Ptr> readers;
    readers.push_back(must(load_certificate(bench.road.reader.certificate)));
    BrokerMessage rewrapped = genuine[0];
    rewrapped.payload =
        must(encrypt(must(sign_statement(*bench.road.key, must(encode_payload(*opened.payload)))), readers));
    CHECK(bench.deliver(rewrapped).reception == Reception::conflicting);
    bench.judge_all();
    CHECK_FALSE(said(bench, forked));
    CHECK(
        bench.read([&](Store& store) { return store.chains.branches("gate-1", device.head.chain); }).size() ==
        1);
    CHECK(bench.quarantine().at(0).verdict.authenticity == Authenticity::duplicate);
    CHECK(bench.verdict(device, 1)->good());
}

TEST_CASE("attack: cloned device, two units with one identity") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.deliver(device.messages(device.seal()));
    SUBCASE("and one spool: both go on behind the same item") {
        TestDevice clone = copy_of(bench, device);
        bench.deliver(device.messages(device.seal()));
        bench.judge_all();
        for (int i = 0; i < 2; ++i) {
            for (TestDevice* unit : {&clone, &device}) {
                bench.clock.advance(seconds(60));
                const auto messages = unit->messages(unit->seal());
                bench.deliver(messages);
                bench.judge_all();
                bench.deliver(messages);
                bench.judge_all();
                CHECK(bench.has_receipt(unit->head.link));
            }
        }
        CHECK(said(bench, forked));
        check_golden(bench, "cloned-device");
    }
    SUBCASE("each with a spool of its own: two chains by turns") {
        TestDevice clone(bench.road);
        clone.head.chain = must(chain_from_string("fedcba9876543210"));
        clone.head.link = first_link("gate-1", clone.head.chain);
        clone.links = {clone.head.link};
        for (int i = 0; i < 4; ++i) {
            for (TestDevice* unit : {&device, &clone}) {
                bench.clock.advance(seconds(60));
                unit->clock = bench.clock.utc();
                bench.deliver(unit->messages(unit->seal()));
                bench.deliver(unit->message(unit->checkpoint()));
            }
        }
        bench.judge_all();
        CHECK(said(bench, "cloned: two chains of this device are alive at once"));
        check_golden(bench, "cloned-device-two-spools");
    }
}

TEST_CASE("a new chain after the old one's end is no clone, also when the old one's last items come late") {
    CollectorBench bench;
    TestDevice device(bench.road);
    device.clock = bench.clock.utc();
    bench.deliver(device.messages(device.seal()));
    const BrokerMessage late = device.message(device.checkpoint());
    bench.clock.advance(seconds(60));
    TestDevice anew(bench.road);
    anew.head.chain = must(chain_from_string("fedcba9876543210"));
    anew.head.link = first_link("gate-1", anew.head.chain);
    anew.links = {anew.head.link};
    for (int i = 0; i < 5; ++i) {
        bench.clock.advance(seconds(60));
        anew.clock = bench.clock.utc();
        bench.deliver(anew.messages(anew.seal()));
        bench.deliver(anew.message(anew.checkpoint()));
        bench.deliver(late);
    }
    bench.judge_all();
    CHECK(bench.verify().find("cloned") == std::string::npos);
}

TEST_CASE("attack: compromised uplink declares as shed what it took away") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.deliver(device.messages(device.seal()));
    device.seal();
    BrokerMessage lie = device.message(device.tombstone(4, 6));
    SUBCASE("with a signature that does not hold") {
        lie = with_flipped_byte(lie);
        CHECK(bench.deliver(lie).verdict->authenticity == Authenticity::forged);
        bench.deliver(device.messages(device.seal()));
        bench.judge_all();
        check_golden(bench, "compromised-uplink");
    }
    SUBCASE("with the device's word for another span") {
        BrokerMessage stretched = device.message(device.tombstone(4, 5));
        stretched = with_property(with_property(stretched, "seq", "6"), "last", "6");
        CHECK(bench.deliver(stretched).verdict->authenticity == Authenticity::misplaced);
        bench.deliver(device.messages(device.seal()));
        bench.judge_all();
        check_golden(bench, "compromised-uplink-stretches");
    }
    SUBCASE("with the key of its own TLS certificate") {
        const KeyFiles files = bench.road.pki.issue("uplink", "gate-1");
        const auto key = must(FileSigningKey::create(files.key, files.certificate));
        TestDevice uplink(bench.road, *key, "gate-1");
        uplink.links = device.links;
        CHECK(bench.deliver(uplink.message(uplink.tombstone(4, 6))).verdict->key_trust == KeyTrust::stranger);
        bench.deliver(device.messages(device.seal()));
        bench.judge_all();
        check_golden(bench, "compromised-uplink-own-key");
    }
    CHECK(bench.gaps(device, true).size() == 1);
}

TEST_CASE("a store whose rows were changed is noticed without any key") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.deliver(device.messages(device.seal()));
    bench.deliver(device.message(device.checkpoint()));
    bench.judge_all();
    const auto item = bench.read([&](Store& store) { return store.items.find(bench.chain(device).id, 2); });
    REQUIRE(item);
    SUBCASE("another picture under the same row") {
        Bytes other = bench.read([&](Store& store) { return store.items.blob(item->id); });
        other[100] ^= std::byte{1};
        ItemRow row = *item;
        must_do(bench.store().items.remove(item->id));
        CHECK(bench.store().items.add(row, other));
    }
    SUBCASE("another picture with its own digest") {
        Bytes other = bench.read([&](Store& store) { return store.items.blob(item->id); });
        other[100] ^= std::byte{1};
        ItemRow row = *item;
        row.digest = sha256(other);
        must_do(bench.store().items.remove(item->id));
        CHECK(bench.store().items.add(row, other));
    }
    SUBCASE("a row taken out") {
        must_do(bench.store().items.remove(item->id));
    }
    SUBCASE("a checkpoint's row says another link than the device signed") {
        ItemRow row = bench.read([&](Store& store) { return store.items.find(item->chain_id, 4); }).value();
        const Bytes blob = bench.read([&](Store& store) { return store.items.blob(row.id); });
        row.signed_previous = device.links[1];
        must_do(bench.store().items.remove(row.id));
        CHECK(bench.store().items.add(row, blob));
    }
    SUBCASE("a checkpoint's row holds what is no checkpoint") {
        ItemRow row = bench.read([&](Store& store) { return store.items.find(item->chain_id, 4); }).value();
        const Bytes other = to_bytes("no checkpoint");
        row.digest = sha256(other);
        must_do(bench.store().items.remove(row.id));
        CHECK(bench.store().items.add(row, other));
    }
    CHECK(bench.verify().find("! altered: gate-1") != std::string::npos);
}
