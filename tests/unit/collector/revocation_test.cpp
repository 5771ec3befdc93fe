// A revoked device at the collector: nothing of it is stored any more, it gets no receipt, others go on.
#include <doctest/doctest.h>

#include "base/file.hpp"
#include "unit/collector/collector_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

/// gate-1 and gate-2 report; both collector's halves watch one deny list.
struct Gates {
    CollectorBench bench;
    std::unique_ptr<FileSigningKey> other_key;
    TestDevice first{bench.road};
    std::optional<TestDevice> second;
    std::filesystem::path list = bench.road.pki.folder() / "deny";

    Gates() {
        const KeyFiles files = bench.road.pki.device("gate-2");
        other_key = must(FileSigningKey::create(files.key, files.certificate));
        second.emplace(bench.road, *other_key, "gate-2");
        deny("");
        bench.ingest->replace_trust(trust());
        bench.judge->replace(
            must(EnvelopeOpener::create({{bench.road.reader.key, bench.road.reader.certificate},
                                         {bench.road.evidence.key, bench.road.evidence.certificate}},
                                        trust())));
    }
    [[nodiscard]] TrustStore trust() const {
        return must(TrustStore::create({.ca_chain = bench.road.pki.chain("device-ca"),
                                        .signers = bench.road.pki.signers(),
                                        .deny_list = list}));
    }
    void deny(const std::string& text) const { REQUIRE(write_file_atomically(list, as_bytes(text))); }
    void refresh() {
        CHECK(must(bench.ingest->refresh_trust()));
        CHECK(must(bench.judge->refresh_trust()));
    }
    std::vector<IncidentRow> incidents() { return bench.incidents(100); }
};

}  // namespace

TEST_CASE("attack: a stolen device, once denied, gets nothing stored, no receipt, and a line in the ledger") {
    for (const bool by_name : {true, false}) {
        CAPTURE(by_name);
        Gates gates;
        gates.bench.deliver(gates.first.messages(gates.first.seal()));
        gates.bench.judge_all();
        CHECK(gates.bench.verdict(gates.first, 1)->good());
        gates.deny(by_name ? "gate-1\n" : key_id(gates.bench.road.key->certificate()) + "\n");
        gates.refresh();
        CHECK(gates.bench.receipts().empty());  // what was due before is not given either
        for (int round = 0; round < 5; ++round) {
            std::vector<BrokerMessage> messages = gates.first.messages(gates.first.seal());
            messages.push_back(gates.first.message(gates.first.checkpoint()));
            for (const Received& received : gates.bench.deliver(messages)) {
                CHECK(received.reception == Reception::refused);
                CHECK(received.verdict == Verdict{Authenticity::misplaced, KeyTrust::revoked});
            }
        }
        CHECK(gates.bench.read([&](Store& store) { return store.items.count(); }) == 3);
        CHECK(gates.bench.read([&](Store& store) { return store.quarantine.count(); }) == 0);
        CHECK_FALSE(gates.bench.receipt());
        CHECK(gates.bench.ingest->counters().denied == 20);
        const auto lines = gates.incidents();
        REQUIRE(lines.size() == 1);  // with a count, whatever chains it may invent
        CHECK(lines[0].device == "gate-1");
        CHECK(lines[0].what.find("revoked") != std::string::npos);
        CHECK(lines[0].times == 20);
    }
}

TEST_CASE("other devices go on while one is denied") {
    Gates gates;
    gates.deny("gate-1\n");
    gates.refresh();
    std::vector<BrokerMessage> messages = gates.first.messages(gates.first.seal());
    for (const BrokerMessage& message : gates.second->messages(gates.second->seal()))
        messages.push_back(message);
    gates.bench.deliver(messages);
    gates.bench.judge_all();
    for (Seq seq = 1; seq <= 3; ++seq)
        CHECK(gates.bench.verdict(*gates.second, seq)->good());
    CHECK(gates.bench.read([&](Store& store) { return store.items.count(); }) == 3);
    const std::vector<BrokerMessage> receipts = gates.bench.receipts();
    REQUIRE(receipts.size() == 1);
    CHECK(receipts[0].topic == "lpr/v1/dev/gate-2/ack");
}

TEST_CASE("what was stored but not judged when its device was revoked is flagged") {
    Gates gates;
    gates.bench.deliver(gates.first.messages(gates.first.seal()));
    gates.deny("gate-1\n");
    gates.refresh();
    gates.bench.judge_all();
    for (Seq seq = 1; seq <= 3; ++seq) {
        CAPTURE(seq);
        CHECK(gates.bench.verdict(gates.first, seq)->key_trust == KeyTrust::revoked);
    }
}

TEST_CASE("a device that was denied by mistake loses nothing: what it kept is taken when the line is gone") {
    Gates gates;
    gates.deny("gate-1\n");
    gates.refresh();
    const auto messages = gates.first.messages(gates.first.seal());
    gates.bench.deliver(messages);
    gates.deny("");
    gates.refresh();
    for (const Received& received : gates.bench.deliver(messages))
        CHECK(received.reception == Reception::stored);
    CHECK(gates.bench.receipt()->upto == 3);
}

TEST_CASE(
    "one of two keys denied: the device's items are stored, and what the denied key signed is flagged") {
    Gates gates;
    const KeyFiles renewed = gates.bench.road.pki.issue("gate-1-renewed", "gate-1");
    gates.bench.road.pki.know(renewed, "gate-1-renewed");
    gates.bench.ingest->replace_trust(gates.trust());
    gates.bench.judge->replace(must(EnvelopeOpener::create(
        {{gates.bench.road.reader.key, gates.bench.road.reader.certificate}}, gates.trust())));
    gates.deny(key_id(gates.bench.road.key->certificate()) + "\n");
    gates.refresh();
    gates.bench.deliver(gates.first.messages(gates.first.seal()));
    gates.bench.judge_all();
    CHECK(gates.bench.verdict(gates.first, 1)->key_trust == KeyTrust::revoked);
    // What it declares or confirms is authentic and worth nothing.
    const Received checkpoint = gates.bench.deliver(gates.first.message(gates.first.checkpoint()));
    CHECK(checkpoint.reception == Reception::refused);
    CHECK(checkpoint.verdict == Verdict{Authenticity::authentic, KeyTrust::revoked});
    CHECK(gates.bench.chain(gates.first).confirmed == 0);
    CHECK(gates.bench.verify().find("! untrusted: gate-1") != std::string::npos);
}

TEST_CASE("attack: a stolen device, once denied, asks for a key: its request reaches nobody") {
    Gates gates;
    gates.deny("gate-1\n");
    gates.refresh();
    BrokerMessage request;
    request.topic = "lpr/v1/dev/gate-1/req";
    request.payload = to_bytes("a key, please");
    CHECK(gates.bench.deliver(request).verdict->key_trust == KeyTrust::revoked);
    CHECK(gates.bench.ingest->counters().denied == 1);
}
