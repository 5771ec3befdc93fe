#include "seal/trust.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "base/file.hpp"
#include "unit/seal/revocation_list.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

TrustSettings settings_of(const TestPki& pki) {
    return {.ca_chain = pki.chain("device-ca"), .signers = pki.signers()};
}

std::string id_of(const KeyFiles& files) {
    return key_id(must(load_certificate(files.certificate)).get());
}

KeyTrust trust_in(const TestPki& pki, const KeyFiles& files, UtcTime at = now) {
    return must(TrustStore::create(settings_of(pki))).check(id_of(files), at);
}

}  // namespace

TEST_CASE("a known signer of the device CA is trusted within its dates, expired outside them") {
    const TestPki pki;
    const KeyFiles gate = pki.device("gate-1");
    CHECK(trust_in(pki, gate) == KeyTrust::trusted);
    CHECK(trust_in(pki, gate, now + 11 * day) == KeyTrust::expired);
    CHECK(trust_in(pki, gate, now - 11 * day) == KeyTrust::expired);
}

TEST_CASE(
    "attack: a key that was kept long after its last day: 30 days of late spools are believed, no more") {
    const TestPki pki;
    const KeyFiles gate = pki.device("gate-1");  // until now + 10 days
    CHECK(trust_in(pki, gate, now + 39 * day) == KeyTrust::expired);
    CHECK(trust_in(pki, gate, now + 41 * day) == KeyTrust::lapsed);
    CHECK(trust_in(pki, gate, now + 15 * 365 * day) == KeyTrust::lapsed);
}

TEST_CASE("a key id that is not known is a stranger") {
    const TestPki pki;
    const KeyFiles unknown = pki.issue("gate-9", "gate-9");
    CHECK(trust_in(pki, unknown) == KeyTrust::stranger);
}

TEST_CASE("a known certificate of a foreign CA is a stranger, even one of our own service CA") {
    const TestPki pki;
    const KeyFiles foreign = pki.issue("foreign", "gate-1", {.ca = "stranger-ca"});
    const KeyFiles service = pki.issue("service", "gate-1", {.ca = "service-ca"});
    pki.know(foreign, "foreign");
    pki.know(service, "service");
    CHECK(trust_in(pki, foreign) == KeyTrust::stranger);
    CHECK(trust_in(pki, service) == KeyTrust::stranger);
}

TEST_CASE("a known TLS certificate of the device CA is unfit to sign reads") {
    const TestPki pki;
    const KeyFiles identity = pki.issue("identity", "gate-1", {.extended = "clientAuth"});
    pki.know(identity, "identity");
    CHECK(trust_in(pki, identity) == KeyTrust::unfit);
}

TEST_CASE("a key id on the deny list is revoked, and comments are allowed there") {
    const TestPki pki;
    const KeyFiles gate = pki.device("gate-1");
    TrustSettings settings = settings_of(pki);
    settings.deny_list = pki.folder() / "deny";
    const std::string text = "# stolen on Monday\n\n" + id_of(gate) + "  # gate-1\r\n";
    REQUIRE(write_file_atomically(*settings.deny_list, as_bytes(text)));
    CHECK(must(TrustStore::create(settings)).check(id_of(gate), now) == KeyTrust::revoked);
}

TEST_CASE("a deny list with a line that is neither key id nor name is refused with its line") {
    const TestPki pki;
    TrustSettings settings = settings_of(pki);
    settings.deny_list = pki.folder() / "deny";
    REQUIRE(write_file_atomically(*settings.deny_list, as_bytes("# x\nGate_1\n")));
    const Result<TrustStore> trust = TrustStore::create(settings);
    REQUIRE_FALSE(trust);
    CHECK(trust.error().message().find("deny:2:") != std::string::npos);
}

TEST_CASE("a certificate on the CA's revocation list is revoked, however old the list") {
    const TestPki pki;
    const KeyFiles gate = pki.device("gate-1");
    const KeyFiles other = pki.device("gate-2");
    TrustSettings settings = settings_of(pki);
    settings.revocations = revocation_list(pki, gate, "device-ca");
    const TrustStore trust = must(TrustStore::create(settings));
    CHECK(trust.check(id_of(gate), now) == KeyTrust::revoked);
    CHECK(trust.check(id_of(other), now) == KeyTrust::trusted);
}

TEST_CASE("a revocation list of a foreign CA is refused") {
    const TestPki pki;
    TrustSettings settings = settings_of(pki);
    settings.revocations = revocation_list(pki, pki.device("gate-1"), "stranger-ca");
    CHECK_FALSE(TrustStore::create(settings));
}

TEST_CASE("a revocation list that is missing or no list is refused, one that stays is read once") {
    const TestPki pki;
    const KeyFiles gate = pki.device("gate-1");
    TrustSettings settings = settings_of(pki);
    settings.revocations = pki.folder() / "away.crl";
    CHECK(TrustStore::create(settings).error().message().find("away.crl") != std::string::npos);
    REQUIRE(write_file_atomically(*settings.revocations, as_bytes("no list")));
    CHECK(TrustStore::create(settings).error().message().find("not a PEM CRL") != std::string::npos);
    settings.revocations = revocation_list(pki, gate, "device-ca");
    TrustStore trust = must(TrustStore::create(settings));
    CHECK_FALSE(must(trust.refresh()));
    CHECK(trust.check(id_of(gate), now) == KeyTrust::revoked);
}

TEST_CASE("a CA chain without its root is refused with the cure") {
    const TestPki pki;
    TrustSettings settings = settings_of(pki);
    settings.ca_chain = pki.folder() / "device-ca.crt";
    const Result<TrustStore> trust = TrustStore::create(settings);
    REQUIRE_FALSE(trust);
    CHECK(trust.error().message().find("its root after it") != std::string::npos);
}

TEST_CASE("an empty folder of signers is a store in which all are strangers") {
    const TestPki pki;
    CHECK(must(TrustStore::create(settings_of(pki))).size() == 0);
}

TEST_CASE("a missing folder and a broken certificate in it are told with their names") {
    const TestPki pki;
    TrustSettings settings = settings_of(pki);
    settings.signers = "/nowhere/signers";
    CHECK(TrustStore::create(settings).error().message().find("/nowhere/signers") != std::string::npos);
    REQUIRE(write_file_atomically(pki.signers() / "bad.crt", as_bytes("x")));
    CHECK(TrustStore::create(settings_of(pki)).error().message().find("bad.crt") != std::string::npos);
}

TEST_CASE("a signer without a key id is refused by name, a certificate that lies there twice is one signer") {
    const TestPki pki;
    const KeyFiles gate = pki.device("gate-1");
    pki.know(gate, "gate-1-again");
    std::filesystem::rename(pki.signers() / "gate-1-again.crt", pki.signers() / "gate-1-again.pem");
    REQUIRE(write_file_atomically(pki.signers() / "notes.txt", as_bytes("no certificate")));
    const TrustStore trust = must(TrustStore::create(settings_of(pki)));
    CHECK(trust.size() == 1);
    CHECK(trust.check(id_of(gate), now) == KeyTrust::trusted);
    pki.know(pki.issue("nameless", "gate-2", {.key_identifier = false}), "nameless");
    CHECK(TrustStore::create(settings_of(pki)).error().message().find("nameless.crt: no subject key") !=
          std::string::npos);
}

TEST_CASE("more signers than there may be are told before one is read") {
    const TestPki pki;
    for (std::size_t i = 0; i <= max_known_signers; ++i)
        std::ofstream(pki.signers() / (std::to_string(i) + ".crt")).close();
    CHECK(TrustStore::create(settings_of(pki)).error().message().find("more than") != std::string::npos);
}

TEST_CASE("one certificate file instead of a folder is a store of one") {
    const TestPki pki;
    const KeyFiles receipt = pki.issue("receipt", "collector", {.ca = "service-ca"});
    const TrustStore trust = must(TrustStore::create({.ca_chain = pki.chain("service-ca"),
                                                      .signers = receipt.certificate,
                                                      .use = CertificateUse::sign_receipts}));
    CHECK(trust.check(id_of(receipt), now) == KeyTrust::trusted);
    CHECK(trust.find(id_of(receipt))->name == "collector");
}
