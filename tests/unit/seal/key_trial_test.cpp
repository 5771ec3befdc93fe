#include "seal/key_trial.hpp"

#include <doctest/doctest.h>
#include <openssl/x509.h>

#include "unit/seal/test_pki.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

/// As a token may be: its key is not that of the certificate, or may not sign.
struct OddKey final : SigningKey {
    evp_pkey_st* signs = nullptr;
    x509_st* named = nullptr;
    [[nodiscard]] evp_pkey_st* key() const override { return signs; }
    [[nodiscard]] x509_st* certificate() const override { return named; }
};

std::string error_of(const SigningKey& key) {
    const Result<void> tried = try_key(key, "pkcs11:object=read");
    REQUIRE_FALSE(tried);
    CHECK(tried.error().code() == ErrorCode::configuration);
    CHECK(tried.error().message().find("pkcs11:object=read") != std::string::npos);
    return tried.error().message();
}

}  // namespace

TEST_CASE("a key is tried before anything depends on it: it must sign, and its certificate must say so") {
    const Road road;
    CHECK(try_key(*road.key, "file"));
    const KeyFiles files = road.pki.device("gate-2");
    const auto other = must(FileSigningKey::create(files.key, files.certificate));
    OddKey odd;
    odd.named = road.key->certificate();
    odd.signs = X509_get0_pubkey(odd.named);  // no private half
    CHECK(error_of(odd).find("does not sign") != std::string::npos);
    odd.signs = other->key();
    CHECK(error_of(odd).find("does not hold") != std::string::npos);
}
