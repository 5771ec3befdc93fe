// A secret that goes with a recipient's key.
#include "seal/derived_key.hpp"

#include <doctest/doctest.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/hmac.h>

#include "seal/key_store.hpp"
#include "unit/index/index_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

using GroupPtr = std::unique_ptr<EC_GROUP, OpensslDeleter<EC_GROUP_free>>;
using PointPtr = std::unique_ptr<EC_POINT, OpensslDeleter<EC_POINT_free>>;
using NumberPtr = std::unique_ptr<BIGNUM, OpensslDeleter<BN_clear_free>>;

Digest hmac(ByteView key, ByteView text) {
    Digest digest{};
    REQUIRE(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), u8(text), text.size(),
                 reinterpret_cast<unsigned char*>(digest.data()), nullptr) != nullptr);
    return digest;
}

/// As the header says it, by hand: no EVP_PKEY_derive, no EVP_KDF.
Digest by_hand(EVP_PKEY* key, ByteView salt, std::string_view info) {
    const GroupPtr group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
    const PointPtr point(EC_POINT_new(group.get()));
    const Bytes fixed = derivation_point();
    REQUIRE(EC_POINT_oct2point(group.get(), point.get(), u8(fixed), fixed.size(), nullptr) == 1);
    BIGNUM* raw = nullptr;
    REQUIRE(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &raw) == 1);
    const NumberPtr number(raw);
    REQUIRE(EC_POINT_mul(group.get(), point.get(), nullptr, point.get(), number.get(), nullptr) == 1);
    const NumberPtr x(BN_new());
    REQUIRE(EC_POINT_get_affine_coordinates(group.get(), point.get(), x.get(), nullptr, nullptr) == 1);
    Bytes agreed(32);
    REQUIRE(BN_bn2binpad(x.get(), u8(agreed), 32) == 32);
    Bytes last = to_bytes(info);
    last.push_back(std::byte{1});
    return hmac(hmac(salt, agreed), last);
}

RecipientKey key_of(const KeyFiles& files) {
    return must(load_recipient({files.key, files.certificate}));
}

}  // namespace

TEST_CASE("the fixed point's x came out of a digest: nobody knows its logarithm") {
    const Bytes point = derivation_point();
    REQUIRE(point.size() == 33);
    CHECK(point[0] == std::byte{2});
    int rounds = 0;
    for (; rounds < 64; ++rounds) {
        const auto n = static_cast<std::byte>(rounds);
        const Digest x = sha256({as_bytes("portcullis derived key"), ByteView(&n, 1)});
        if (std::equal(x.begin(), x.end(), point.begin() + 1)) break;
    }
    CHECK(rounds < 64);
    CHECK(derivation_point() == point);
}

TEST_CASE("the secret is what the header says, and another key, salt or purpose gives another one") {
    const TestPki pki;
    const RecipientKey one = key_of(pki.recipient("one"));
    const RecipientKey two = key_of(pki.recipient("two"));
    const Bytes salt = to_bytes("a salt");
    const SecretKey secret = must(derive_key(one.key.get(), salt, "test"));
    CHECK(secret.bytes == by_hand(one.key.get(), salt, "portcullis test"));
    CHECK(secret.bytes == must(derive_key(one.key.get(), salt, "test")).bytes);
    CHECK(secret.bytes != must(derive_key(two.key.get(), salt, "test")).bytes);
    CHECK(secret.bytes != must(derive_key(one.key.get(), to_bytes("another"), "test")).bytes);
    CHECK(secret.bytes != must(derive_key(one.key.get(), salt, "another")).bytes);
    // The certificate alone gives nothing.
    CHECK_FALSE(derive_key(X509_get0_pubkey(one.certificate.get()), salt, "test"));
}

TEST_CASE("an epoch that is destroyed takes its secret with it, the others keep theirs") {
    Road road;
    const TempDir disk;
    const KeyStoreFiles files{disk.path() / "keys.store", disk.path() / "kek"};
    const KeyFiles witness_files = road.pki.issue("witness", "collector", {.ca = "service-ca"});
    const auto witness = must(
        FileSigningKey::create(witness_files.key, witness_files.certificate, CertificateUse::sign_receipts));
    const auto today = std::chrono::floor<std::chrono::days>(now);
    KeyStore store = must(KeyStore::create(files));
    std::vector<std::string> ids;
    for (int number = 0; number < 2; ++number) {
        const RecipientKey key = key_of(road.pki.recipient("epoch-" + std::to_string(number)));
        must_do(store.add(today + std::chrono::days(number), key.key.get(), key.certificate.get()));
        ids.push_back(key_id(key.certificate.get()));
    }
    const auto secret = [&](const std::string& id) {
        const auto opener = must(EnvelopeOpener::create(must(store.unwrap()), road.trust()));
        CHECK(opener.recipients().size() == store.entries().size());
        return opener.derive(id, as_bytes("salt"), index_purpose);
    };
    const SecretKey first = must(secret(ids[0]));
    const SecretKey second = must(secret(ids[1]));
    CHECK(first.bytes != second.bytes);
    REQUIRE(store.destroy(today, *witness, now));
    store = must(KeyStore::open(files));
    CHECK(secret(ids[0]).error().code() == ErrorCode::not_found);
    CHECK(must(secret(ids[1])).bytes == second.bytes);
}

TEST_CASE("a read says which recipient's key opened it") {
    Road road;
    const SealedRecord record = road.seal(sample_record(), first_head());
    const OpenedRead read =
        road.opener_with({road.evidence, road.reader}).open_read(record.items[0].blob, now);
    REQUIRE(read.payload);
    CHECK(read.recipient == key_id(key_of(road.reader).certificate.get()));
    CHECK(road.opener_with({road.evidence}).open_read(record.items[0].blob, now).recipient.empty());
}
