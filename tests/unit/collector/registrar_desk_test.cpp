// Requests for keys pass through ingest to the registrar, and his answers back; ingest issues nothing.
#include "collector/ingest/registrar_desk.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "base/file.hpp"
#include "provision/key_request.hpp"
#include "seal/statement.hpp"
#include "unit/collector/collector_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

struct Counter {
    CollectorBench bench;
    TestDevice device{bench.road};
    std::filesystem::path folder = bench.road.pki.folder() / "registrar";
    KeyFiles identity = bench.road.pki.issue("identity", "gate-1", {.extended = "clientAuth"});
    RegistrarDesk desk{folder,
                       must(TrustStore::create({.ca_chain = bench.road.pki.folder() / "device-ca.chain.pem",
                                                .signers = identity.certificate,
                                                .use = CertificateUse::identify}))};

    Counter() {
        std::filesystem::create_directories(folder / "answers");
        bench.ingest->hand_requests_to(desk);
    }
    void confirm_a_chain() {
        bench.deliver(device.messages(device.seal()));
        bench.judge_all();
    }
    [[nodiscard]] Bytes request(const KeyFiles& signer, CertificateUse use, DeviceKey wanted,
                                const std::string& name = "gate-1") const {
        const auto signing = must(FileSigningKey::create(signer.key, signer.certificate, use));
        const KeyPtr next = must(make_key());
        const SignedKeyRequest asked{name, wanted, must(make_csr(next.get(), name)), now};
        return must(sign_statement(*signing, must(encode_key_request(asked))));
    }
    [[nodiscard]] Bytes by_read_key() const {
        return request(bench.road.device, CertificateUse::sign_reads, DeviceKey::read);
    }
    Reception ask(Bytes payload, const std::string& name = "gate-1") {
        return bench
            .deliver(BrokerMessage{.topic = "lpr/v1/dev/" + name + "/req", .payload = std::move(payload)})
            .reception;
    }
    [[nodiscard]] bool has(const char* file) const {
        return std::filesystem::exists(folder / "requests" / file);
    }
    std::vector<BrokerMessage> answers() {
        bench.clock.advance(answer_look_interval);
        return desk.answers(bench.clock.since_boot());
    }
    [[nodiscard]] bool told(std::string_view part) {
        for (const auto& incident : bench.incidents(5))
            if (incident.what.find(part) != std::string::npos) return true;
        return false;
    }
};

}  // namespace

TEST_CASE(
    "a request for the next read key goes to the registrar, his answer to the device, again when it asks "
    "again") {
    Counter counter;
    counter.confirm_a_chain();
    const Bytes request = counter.by_read_key();
    CHECK(counter.ask(request) == Reception::heard);
    REQUIRE(counter.has("gate-1.read.csr"));
    CHECK(must(load_request(counter.folder / "requests" / "gate-1.read.csr")).vouched == request);
    CHECK(counter.answers().empty());
    std::ofstream(counter.folder / "answers" / "gate-1.read.crt") << "the certificate";
    const auto sent = counter.answers();
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].topic == "lpr/v1/dev/gate-1/cmd");
    CHECK(as_text(sent[0].payload) == "the certificate");
    CHECK(counter.answers().empty());
    CHECK(counter.ask(request) == Reception::heard);  // it was lost
    CHECK(counter.answers().size() == 1);
    // The next renewal: what stands there answered this one.
    CHECK(counter.ask(counter.by_read_key()) == Reception::heard);
    CHECK(counter.answers().empty());
}

TEST_CASE("the identity's request goes to the registrar under its own name") {
    Counter counter;
    counter.confirm_a_chain();
    CHECK(counter.ask(counter.request(counter.identity, CertificateUse::identify, DeviceKey::identity)) ==
          Reception::heard);
    CHECK(counter.has("gate-1.identity.csr"));
    CHECK_FALSE(counter.has("gate-1.read.csr"));
}

TEST_CASE(
    "attack: requests by the identity for a read key, by strangers, in another's name: none reaches the "
    "registrar") {
    Counter counter;
    counter.confirm_a_chain();
    const KeyFiles stranger = counter.bench.road.pki.issue("stranger", "gate-1", {.ca = "stranger-ca"});
    CHECK(counter.ask(counter.request(counter.identity, CertificateUse::identify, DeviceKey::read)) ==
          Reception::refused);
    CHECK(counter.told("the identity key asks for the read key's successor"));
    CHECK(counter.ask(counter.request(counter.bench.road.device, CertificateUse::sign_reads,
                                      DeviceKey::identity)) == Reception::refused);
    CHECK(counter.ask(counter.request(stranger, CertificateUse::sign_reads, DeviceKey::read)) ==
          Reception::refused);
    CHECK(counter.ask(counter.by_read_key(), "gate-2") == Reception::refused);
    CHECK(counter.ask(counter.request(counter.bench.road.device, CertificateUse::sign_reads, DeviceKey::read,
                                      "gate-2")) == Reception::refused);
    CHECK(counter.ask(to_bytes("give me a key")) == Reception::refused);
    CHECK(counter.ask({}) == Reception::refused);
    CHECK(counter.ask(counter.by_read_key(), "collector") == Reception::refused);
    CHECK_FALSE(std::filesystem::exists(counter.folder / "requests"));
}

TEST_CASE("a request of a device that has confirmed no chain, or of an expired key, is not handed on") {
    Counter counter;
    CHECK(counter.ask(counter.by_read_key()) == Reception::refused);
    CHECK(counter.told("confirmed a chain"));
    counter.confirm_a_chain();
    counter.bench.clock.advance(11 * day);
    CHECK(counter.ask(counter.by_read_key()) == Reception::refused);
    CHECK(counter.told("its read key is expired"));
    CHECK_FALSE(std::filesystem::exists(counter.folder / "requests"));
}

TEST_CASE("a request or an answer that cannot be kept or read is told, and comes again") {
    Counter counter;
    counter.confirm_a_chain();
    const Bytes request = counter.by_read_key();
    std::ofstream(counter.folder / "requests") << "a file where the folder should be";
    CHECK(counter.ask(request) == Reception::refused);
    CHECK(counter.told("a request for a key is not handed on"));
    std::filesystem::remove(counter.folder / "requests");
    CHECK(counter.ask(request) == Reception::heard);
    std::filesystem::create_directories(counter.folder / "answers" / "gate-1.read.crt");
    CHECK(counter.answers().empty());
    std::filesystem::remove(counter.folder / "answers" / "gate-1.read.crt");
    std::ofstream(counter.folder / "answers" / "gate-1.read.crt") << "the certificate";
    CHECK(counter.answers().size() == 1);
    CHECK(counter.desk.answers(counter.bench.clock.since_boot()).empty());  // too soon to look again
}

TEST_CASE("attack: a signed text that is no request for a key reaches no registrar") {
    Counter counter;
    counter.confirm_a_chain();
    const auto signing = must(FileSigningKey::create(
        counter.bench.road.device.key, counter.bench.road.device.certificate, CertificateUse::sign_reads));
    CHECK(counter.ask(must(sign_statement(*signing, "{\"v\":1}"))) == Reception::refused);
    CHECK_FALSE(std::filesystem::exists(counter.folder / "requests"));
}

TEST_CASE("without a registrar a request is heard and nothing is done") {
    CollectorBench bench;
    BrokerMessage message;
    message.topic = "lpr/v1/dev/gate-1/req";
    message.payload = to_bytes("whatever");
    CHECK(bench.deliver(message).reception == Reception::heard);
}
