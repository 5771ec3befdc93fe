// Certificates of the right CA and with the right name, but for another use: what their keys sign or receive
// is never accepted. PORTCULLIS_ROUNDS sets how many of each.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "inbox/receipt_gate.hpp"
#include "record/statement_codec.hpp"
#include "seal/encrypt.hpp"
#include "support/rounds.hpp"
#include "unit/collector/collector_bench.hpp"
#include "unit/seal/test_sets.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

struct Use {
    std::string usage;
    std::string extended;
};

/// Everything but what a key that signs reads or receipts needs (digitalSignature, emailProtection).
std::vector<Use> uses_not_for_signing() {
    std::vector<Use> uses = {{"digitalSignature", ""}, {"digitalSignature", "anyExtendedKeyUsage"}};
    for (const char* extended :
         {"clientAuth", "serverAuth", "codeSigning", "timeStamping", "OCSPSigning", oid_policy,
          oid_receive_reads, oid_receive_plates, oid_receive_overviews, oid_receive_health})
        uses.push_back({"digitalSignature", extended});
    for (const char* usage : {"keyAgreement", "keyEncipherment", "keyCertSign", "cRLSign"})
        uses.push_back({usage, "emailProtection"});
    return uses;
}

/// Everything but what a recipient of this purpose needs (keyAgreement, the purpose's own usage).
std::vector<Use> uses_not_for(Purpose purpose) {
    std::vector<Use> uses = {{"keyAgreement", ""}};
    for (const char* extended :
         {"emailProtection", "clientAuth", "serverAuth", "anyExtendedKeyUsage", oid_policy, oid_receive_reads,
          oid_receive_plates, oid_receive_overviews, oid_receive_health})
        if (std::string_view(extended) != SetDesk::usage_of(purpose))
            uses.push_back({"keyAgreement", extended});
    for (const char* usage : {"digitalSignature", "keyEncipherment", "keyCertSign"})
        uses.push_back({usage, SetDesk::usage_of(purpose)});
    return uses;
}

using Hands = std::vector<std::unique_ptr<SetDesk::AnyKey>>;

/// One key for each wrong use, in the name of `name`, known to whoever knows `signers`.
Hands wrong_hands(const TestPki& pki, const std::string& ca, const std::string& name, bool known) {
    Hands hands;
    for (const Use& use : uses_not_for_signing()) {
        const std::string file = fmt::format("{}-wrong-{}", name, hands.size());
        const KeyFiles files =
            pki.issue(file, name, {.ca = ca, .usage = use.usage, .extended = use.extended});
        if (known) pki.know(files, file);
        hands.push_back(std::make_unique<SetDesk::AnyKey>(files));
    }
    return hands;
}

}  // namespace

TEST_CASE("attack: keys for any other use sign reads in the device's name: none is good") {
    const Road road;
    const Hands hands = wrong_hands(road.pki, "device-ca", "gate-1", true);
    const EnvelopeOpener opener = road.opener_with({road.reader});
    const OpenedRead genuine =
        opener.open_read(road.seal(sample_record(), first_head()).items.at(0).blob, now);
    REQUIRE(genuine.verdict.good());
    std::vector<X509Ptr> readers;
    readers.push_back(must(load_certificate(road.reader.certificate)));
    std::mt19937 random(5);
    for (int round = rounds_or(60); round > 0; --round) {
        ReadPayload payload = *genuine.payload;
        payload.seq = 1 + random() % 1'000'000;
        const SigningKey& hand = *hands[random() % hands.size()];
        const Bytes statement = must(sign_statement(hand, must(encode_payload(payload))));
        const OpenedRead read = opener.open_read(must(encrypt(statement, readers)), now);
        REQUIRE_FALSE(read.verdict.good());
        REQUIRE(read.verdict.key_trust == KeyTrust::unfit);
    }
}

TEST_CASE("attack: keys for any other use sign checkpoints and tombstones: none takes a place") {
    CollectorBench bench;
    const Hands hands = wrong_hands(bench.road.pki, "device-ca", "gate-1", true);
    bench.reload();
    TestDevice device(bench.road);
    bench.deliver(device.messages(device.seal()));
    bench.judge_all();
    const ChainRow before = bench.chain(device);
    std::mt19937 random(6);
    for (int round = rounds_or(60); round > 0; --round) {
        const SigningKey& hand = *hands[random() % hands.size()];
        BrokerMessage message;
        if (random() % 2 == 0) {
            const Seq seq = device.head.next_seq;
            const Checkpoint text{device.name, device.head.chain, 1, seq - 1, device.head.link, now};
            SealedItem item{seq, ItemKind::checkpoint, {}, {}};
            item.blob = must(sign_statement(hand, must(encode_checkpoint(text))));
            message = device.message(item);
        } else {
            const Tombstone text = device.tombstone(1, 1 + random() % 3);
            message = device.message(text);
            message.payload = must(sign_statement(hand, must(encode_tombstone(text))));
        }
        const Received received = bench.deliver(message);
        REQUIRE(received.reception == Reception::refused);
        REQUIRE(received.verdict->key_trust == KeyTrust::unfit);
    }
    const ChainRow after = bench.chain(device);
    CHECK(after.upto == before.upto);
    CHECK(after.confirmed == before.confirmed);
    CHECK(bench.gaps(device, false).empty());
}

TEST_CASE("attack: keys for any other use sign receipts: the device takes none") {
    const TestPki pki;
    const Hands hands = wrong_hands(pki, "service-ca", "collector", true);
    const ReceiptGate device(must(TrustStore::create({.ca_chain = pki.chain("service-ca"),
                                                      .signers = pki.signers(),
                                                      .use = CertificateUse::sign_receipts})),
                             "gate-1");
    const KeyFiles genuine = pki.issue("receipt", "collector", {.ca = "service-ca"});
    const ReceiptGate knowing(must(TrustStore::create({.ca_chain = pki.chain("service-ca"),
                                                       .signers = genuine.certificate,
                                                       .use = CertificateUse::sign_receipts})),
                              "gate-1");
    const SetDesk::AnyKey genuine_key(genuine);
    std::mt19937 random(7);
    for (int round = rounds_or(60); round > 0; --round) {
        const ChainHead head = first_head();
        const std::string text =
            must(encode_receipt({"gate-1", head.chain, 1 + random() % 1000, head.link, now}));
        REQUIRE_FALSE(
            device.open(must(sign_statement(*hands[random() % hands.size()], text)), now).has_value());
        REQUIRE(knowing.open(must(sign_statement(genuine_key, text)), now).has_value());
    }
}

TEST_CASE("attack: a recipient set names a recipient whose certificate is for another use: none is taken") {
    const SetDesk desk;
    const RecipientSetGate gate = desk.gate();
    RecipientSet set = desk.set(1);
    REQUIRE(gate.open(desk.sign(set), std::nullopt, now).has_value());
    std::vector<RecipientEntry> wrong;
    for (const Purpose purpose : all_purposes)
        for (const Use& use : uses_not_for(purpose))
            wrong.push_back(desk.entry(purpose, today, {.usage = use.usage, .extended = use.extended}));
    const SetDesk::AnyKey policy(desk.policy);
    std::mt19937 random(8);
    for (int round = rounds_or(60); round > 0; --round) {
        RecipientSet with_one = set;
        with_one.version = 2 + random() % 1000;
        const RecipientEntry& entry = wrong[random() % wrong.size()];
        if (random() % 2 == 0)
            with_one.entries[static_cast<std::size_t>(entry.purpose)] = entry;  // in a genuine one's place
        else
            with_one.entries.push_back(entry);
        std::sort(with_one.entries.begin(), with_one.entries.end());
        const auto opened = gate.open(must(sign_recipient_set(policy, with_one)), std::nullopt, now);
        REQUIRE_FALSE(opened.has_value());
        REQUIRE(opened.error().message().find("wrong key usage") != std::string::npos);
    }
}
