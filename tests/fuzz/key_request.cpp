// What asks for a certificate, and what answers: a bare request (PKCS#10), the text that a key in use signs,
// the signed blob itself, and the PEM that comes back. The first byte says which.

#define DOCTEST_CONFIG_IMPLEMENT  // the key maker of the unit tests checks what it makes
#include <doctest/doctest.h>

#include <openssl/x509v3.h>

#include "base/assert.hpp"
#include "fuzz/input.hpp"
#include "provision/issuer.hpp"
#include "provision/key_renewal.hpp"
#include "seal/statement.hpp"
#include "unit/seal/test_pki.hpp"

using namespace portcullis;

namespace {

struct Authority {
    test::TestPki pki;
    test::KeyFiles device = pki.device("gate-1");
    std::unique_ptr<FileSigningKey> key = fuzz::must(FileSigningKey::create(device.key, device.certificate));
    TrustStore vouchers =
        fuzz::must(TrustStore::create({.ca_chain = pki.chain("device-ca"), .signers = pki.signers()}));
    Issuer issuer =
        fuzz::must(Issuer::create(pki.folder() / "device-ca.crt", pki.folder() / "device-ca.key"));
    Bytes csr = fuzz::must(make_csr(key->key(), "gate-1"));
};

void check_request(ByteView der) {
    const Result<CheckedCsr> csr = check_csr(der);
    if (!csr) return;
    PORTCULLIS_ASSERT(is_p256(csr->key.get()) && der.size() <= max_csr_bytes);
    Bytes longer(der.begin(), der.end());
    longer.push_back(std::byte{0});
    PORTCULLIS_ASSERT(!check_csr(longer) && !check_csr(der.first(der.size() - 1)));
}

/// Whatever was asked for: ours is the name, ours are the rights.
void check_issued(X509* issued) {
    PORTCULLIS_ASSERT(common_name(issued) == "gate-1" && X509_check_ca(issued) == 0);
    PORTCULLIS_ASSERT(check_certificate(issued, CertificateUse::sign_reads, "issued").has_value());
    PORTCULLIS_ASSERT(!check_certificate(issued, CertificateUse::identify, "issued"));
}

void check_text(const Authority& authority, std::string_view text) {
    Result<SignedKeyRequest> request = parse_key_request(text);
    if (!request) return;
    PORTCULLIS_ASSERT(fuzz::must(encode_key_request(*request)) == text);
    if (request->csr.size() == 1) request->csr = authority.csr;  // no mutation makes a genuine one
    const Result<std::string> again = encode_key_request(*request);
    if (!again) return;
    const Bytes blob = fuzz::must(sign_statement(*authority.key, *again));
    const auto issued =
        authority.issuer.renew(blob, authority.vouchers, DeviceKey::read, test::now, read_key_life);
    if (!issued) return;
    PORTCULLIS_ASSERT(request->device == "gate-1" && request->use == DeviceKey::read);
    check_issued(issued->get());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static doctest::Context checks;
    checks.setAsDefaultForAssertsOutOfTestCases();
    static const Authority authority;
    if (size == 0) return 0;
    const ByteView input = fuzz::input_bytes(data + 1, size - 1);
    switch (data[0]) {
        case 'r':
            check_request(input);
            break;
        case 't':
            check_text(authority, as_text(input));
            break;
        case 'b':  // by keys that the issuer does not know
            PORTCULLIS_ASSERT(!authority.issuer.renew(input, authority.vouchers, DeviceKey::read, test::now,
                                                      read_key_life));
            break;
        default:
            if (const auto answer = parse_answer(input)) static_cast<void>(use_of_answer(answer->get()));
            break;
    }
    return 0;
}
