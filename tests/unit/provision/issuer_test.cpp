#include "provision/issuer.hpp"

#include <doctest/doctest.h>
#include <openssl/ec.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "base/file.hpp"
#include "provision/fingerprint.hpp"
#include "seal/statement.hpp"
#include "unit/seal/test_pki.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

using CsrPtr = std::unique_ptr<X509_REQ, OpensslDeleter<X509_REQ_free>>;

Issuer issuer_of(const TestPki& pki, const std::string& ca = "device-ca") {
    return must(Issuer::create(pki.folder() / (ca + ".crt"), pki.folder() / (ca + ".key")));
}

/// A device at the technician's table: key, request, words.
struct Applicant {
    KeyPtr key = must(make_key());
    Bytes csr;
    std::string words = must(fingerprint(key.get()));
    explicit Applicant(std::string_view name = "gate-1") : csr(must(make_csr(key.get(), name))) {}
};

Bytes encode(X509_REQ* csr) {
    unsigned char* der = nullptr;
    const int length = i2d_X509_REQ(csr, &der);
    const ByteView view = std::as_bytes(std::span(der, static_cast<std::size_t>(length)));
    Bytes bytes(view.begin(), view.end());
    OPENSSL_free(der);
    return bytes;
}

CsrPtr bare_request(EVP_PKEY* key, const char* name) {
    CsrPtr csr(X509_REQ_new());
    X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(csr.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
    REQUIRE(X509_REQ_set_pubkey(csr.get(), key) == 1);
    return csr;
}

/// The statement by which `signer` vouches for a request.
Bytes vouch(const KeyFiles& signer, CertificateUse use, const std::string& device, const Bytes& csr,
            DeviceKey wanted = DeviceKey::read) {
    const auto key = must(FileSigningKey::create(signer.key, signer.certificate, use));
    return must(sign_statement(*key, must(encode_key_request({device, wanted, csr, now}))));
}

KeyFiles identity_of(const TestPki& pki, const std::string& name, const std::string& ca = "device-ca") {
    return pki.issue(name + "-identity-" + ca, name, {.ca = ca, .extended = "clientAuth"});
}

TrustStore identities(const TestPki& pki, const KeyFiles& files) {
    return must(TrustStore::create(
        {.ca_chain = pki.chain("device-ca"), .signers = files.certificate, .use = CertificateUse::identify}));
}

bool refused(const Result<X509Ptr>& answer, std::string_view part) {
    REQUIRE_FALSE(answer);
    INFO(answer.error().message());
    CHECK(answer.error().code() == ErrorCode::refused);
    return answer.error().message().find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a device whose six words were compared gets an identity of the device CA, for one year") {
    const TestPki pki;
    const Issuer issuer = issuer_of(pki);
    const Applicant gate;
    const X509Ptr issued = must(issuer.enrol(gate.csr, "gate-1", gate.words, now));
    CHECK(common_name(issued.get()) == "gate-1");
    CHECK(check_pair(gate.key.get(), issued.get(), "").has_value());
    CHECK(check_certificate(issued.get(), CertificateUse::identify, "").has_value());
    CHECK_FALSE(check_certificate(issued.get(), CertificateUse::sign_reads, "").has_value());
    CHECK(must(CaChain::create(pki.chain("device-ca"))).issued(issued.get()));
    CHECK_FALSE(must(CaChain::create(pki.chain("service-ca"))).issued(issued.get()));
    CHECK(not_before(issued.get()) == now - certificate_backdating);
    CHECK(not_after(issued.get()) == now + identity_life);
}

TEST_CASE("words may be read with blanks and capitals, and are told apart by one letter") {
    const Applicant gate;
    std::string spoken = gate.words;
    std::ranges::replace(spoken, '-', ' ');
    spoken[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(spoken[0])));
    CHECK(std::ranges::count(gate.words, '-') == 5);
    CHECK(is_same_fingerprint(gate.words, spoken));
    spoken.back() = spoken.back() == 'b' ? 'd' : 'b';
    CHECK_FALSE(is_same_fingerprint(gate.words, spoken));
    CHECK_FALSE(is_same_fingerprint("", ""));
    CHECK(must(fingerprint(must(make_key()).get())) != gate.words);
}

TEST_CASE("attack: somebody exchanges the request on its way, the words are other words") {
    const TestPki pki;
    const Applicant gate;
    const Applicant intruder;
    CHECK(refused(issuer_of(pki).enrol(intruder.csr, "gate-1", gate.words, now), "fingerprint"));
}

TEST_CASE("attack: a request that its own key did not sign") {
    const TestPki pki;
    Applicant gate;
    const KeyPtr other = must(make_key());
    const CsrPtr csr = bare_request(gate.key.get(), "gate-1");
    REQUIRE(X509_REQ_sign(csr.get(), other.get(), EVP_sha256()) > 0);
    CHECK(refused(issuer_of(pki).enrol(encode(csr.get()), "gate-1", gate.words, now), "signature"));
    gate.csr.back() ^= std::byte{1};
    CHECK_FALSE(issuer_of(pki).enrol(gate.csr, "gate-1", gate.words, now));
}

TEST_CASE("attack: a request with a key on another curve") {
    const TestPki pki;
    const KeyPtr key(EVP_EC_gen("P-384"));
    const CsrPtr csr = bare_request(key.get(), "gate-1");
    REQUIRE(X509_REQ_sign(csr.get(), key.get(), EVP_sha256()) > 0);
    CHECK(refused(issuer_of(pki).enrol(encode(csr.get()), "gate-1", must(fingerprint(key.get())), now),
                  "P-256"));
}

TEST_CASE("attack: a request for a name that was not approved, and for the name of a service") {
    const TestPki pki;
    const Applicant gate("gate-2");
    CHECK(refused(issuer_of(pki).enrol(gate.csr, "gate-1", gate.words, now), "asks for 'gate-2'"));
    const Applicant collector("collector");
    const auto answer = issuer_of(pki).enrol(collector.csr, "collector", collector.words, now);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code() == ErrorCode::configuration);
}

TEST_CASE("attack: a request that asks to be a CA gets our extensions and none of its own") {
    const TestPki pki;
    const Applicant gate;
    const CsrPtr csr = bare_request(gate.key.get(), "gate-1");
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, nullptr, nullptr, csr.get(), nullptr, 0);
    STACK_OF(X509_EXTENSION)* wanted = sk_X509_EXTENSION_new_null();
    sk_X509_EXTENSION_push(wanted,
                           X509V3_EXT_conf_nid(nullptr, &context, NID_basic_constraints, "critical,CA:TRUE"));
    sk_X509_EXTENSION_push(wanted, X509V3_EXT_conf_nid(nullptr, &context, NID_key_usage, "keyCertSign"));
    sk_X509_EXTENSION_push(wanted,
                           X509V3_EXT_conf_nid(nullptr, &context, NID_subject_alt_name, "DNS:collector"));
    REQUIRE(X509_REQ_add_extensions(csr.get(), wanted) == 1);
    sk_X509_EXTENSION_pop_free(wanted, X509_EXTENSION_free);
    REQUIRE(X509_REQ_sign(csr.get(), gate.key.get(), EVP_sha256()) > 0);
    const X509Ptr issued = must(issuer_of(pki).enrol(encode(csr.get()), "gate-1", gate.words, now));
    CHECK(X509_check_ca(issued.get()) == 0);
    CHECK(X509_get_key_usage(issued.get()) == KU_DIGITAL_SIGNATURE);
    CHECK(X509_get_ext_by_NID(issued.get(), NID_subject_alt_name, -1) == -1);
}

TEST_CASE("bytes behind a request, no bytes, and too many are refused") {
    const TestPki pki;
    Applicant gate;
    gate.csr.push_back(std::byte{0});
    for (const Bytes& csr : {gate.csr, Bytes(), Bytes(max_csr_bytes + 1)})
        CHECK_FALSE(issuer_of(pki).enrol(csr, "gate-1", gate.words, now));
}

TEST_CASE("a certificate never outlives its CA, and a CA that is out of its dates issues none") {
    const TestPki pki;
    const Applicant gate;
    const Issuer issuer = issuer_of(pki);
    const X509Ptr issued = must(issuer.enrol(gate.csr, "gate-1", gate.words, now + 900 * day));
    CHECK(not_after(issued.get()) == not_after(issuer.certificate()));
    CHECK_FALSE(issuer.enrol(gate.csr, "gate-1", gate.words, now + 1001 * day));
    CHECK_FALSE(issuer.enrol(gate.csr, "gate-1", gate.words, now, std::chrono::days(0)));
}

TEST_CASE("a certificate that is no CA, and a CA's certificate with another key, make no issuer") {
    const TestPki pki;
    const KeyFiles gate = pki.device("gate-1");
    CHECK_FALSE(Issuer::create(gate.certificate, gate.key));
    CHECK_FALSE(Issuer::create(pki.folder() / "device-ca.crt", pki.folder() / "service-ca.key"));
}

TEST_CASE("the identity key vouches for the read key, which gets 30 days and cannot speak TLS") {
    const TestPki pki;
    const KeyFiles identity = identity_of(pki, "gate-1");
    const Applicant gate;
    const X509Ptr issued =
        must(issuer_of(pki).renew(vouch(identity, CertificateUse::identify, "gate-1", gate.csr),
                                  identities(pki, identity), DeviceKey::read, now, read_key_life));
    CHECK(common_name(issued.get()) == "gate-1");
    CHECK(check_pair(gate.key.get(), issued.get(), "").has_value());
    CHECK(check_certificate(issued.get(), CertificateUse::sign_reads, "").has_value());
    CHECK_FALSE(check_certificate(issued.get(), CertificateUse::identify, "").has_value());
    CHECK(not_after(issued.get()) == now + read_key_life);
}

TEST_CASE("attack: one device vouches for a key in another device's name") {
    const TestPki pki;
    const KeyFiles identity = identity_of(pki, "gate-2");
    const Applicant other("gate-1");
    const Applicant own("gate-2");
    const auto renew = [&](const std::string& device, const Bytes& csr) {
        return issuer_of(pki).renew(vouch(identity, CertificateUse::identify, device, csr),
                                    identities(pki, identity), DeviceKey::read, now, read_key_life);
    };
    CHECK(refused(renew("gate-1", other.csr), "'gate-2' asks for"));
    CHECK(refused(renew("gate-2", other.csr), "'gate-2' asks for"));
    CHECK(refused(renew("gate-1", own.csr), "'gate-2' asks for"));
    CHECK(renew("gate-2", own.csr).has_value());
}

TEST_CASE(
    "attack: a request vouched for by a key of the service CA, a stranger, a read key, or one that expired") {
    const TestPki pki;
    const Applicant gate;
    struct Row {
        const char* attack;
        KeyFiles signer;
        CertificateUse use;
    };
    const std::vector<Row> rows = {
        {"service CA", identity_of(pki, "gate-1", "service-ca"), CertificateUse::identify},
        {"stranger's CA", identity_of(pki, "gate-1", "stranger-ca"), CertificateUse::identify},
        {"read key", pki.issue("read", "gate-1"), CertificateUse::sign_reads},
        {"expired",
         pki.issue("old", "gate-1", {.extended = "clientAuth", .from = now - 9 * day, .until = now - day}),
         CertificateUse::identify}};
    for (const Row& row : rows) {
        CAPTURE(row.attack);
        CHECK(refused(issuer_of(pki).renew(vouch(row.signer, row.use, "gate-1", gate.csr),
                                           identities(pki, row.signer), DeviceKey::read, now, read_key_life),
                      "which is"));
    }
}

TEST_CASE("attack: a vouched request for the identity is not answered with a read key") {
    const TestPki pki;
    const KeyFiles identity = identity_of(pki, "gate-1");
    const Applicant gate;
    CHECK(refused(issuer_of(pki).renew(
                      vouch(identity, CertificateUse::identify, "gate-1", gate.csr, DeviceKey::identity),
                      identities(pki, identity), DeviceKey::read, now, read_key_life),
                  "identity key"));
}

TEST_CASE("attack: any flipped byte of a vouched request is refused") {
    const TestPki pki;
    const KeyFiles identity = identity_of(pki, "gate-1");
    const Applicant gate;
    const Bytes good = vouch(identity, CertificateUse::identify, "gate-1", gate.csr);
    const TrustStore trust = identities(pki, identity);
    const Issuer issuer = issuer_of(pki);
    // The 15 bytes of signing time are signed too; nothing in the blob may change.
    for (std::size_t i = 0; i < good.size(); i += 7) {
        Bytes bad = good;
        bad[i] ^= std::byte{1};
        CAPTURE(i);
        CHECK_FALSE(issuer.renew(bad, trust, DeviceKey::read, now, read_key_life));
    }
}

TEST_CASE("a fleet root on P-384 vouches for a device CA on P-256") {
    const TestPki pki("P-384");
    const X509Ptr root = must(load_certificate(pki.folder() / "root.crt"));
    CHECK_FALSE(is_p256(X509_get0_pubkey(root.get())));
    const Applicant gate;
    const X509Ptr issued = must(issuer_of(pki).enrol(gate.csr, "gate-1", gate.words, now));
    CHECK(must(CaChain::create(pki.chain("device-ca"))).issued(issued.get()));
    const KeyFiles read = pki.device("gate-1");
    const TrustStore trust =
        must(TrustStore::create({.ca_chain = pki.chain("device-ca"), .signers = pki.signers()}));
    CHECK(trust.check(key_id(must(load_certificate(read.certificate)).get()), now) == KeyTrust::trusted);
}
