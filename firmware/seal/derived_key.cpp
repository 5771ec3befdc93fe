#include "seal/derived_key.hpp"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>

#include <array>
#include <utility>

#include "base/assert.hpp"
#include "base/sha256.hpp"

namespace portcullis {

namespace {

using ContextPtr = std::unique_ptr<EVP_PKEY_CTX, OpensslDeleter<EVP_PKEY_CTX_free>>;
using KdfPtr = std::unique_ptr<EVP_KDF, OpensslDeleter<EVP_KDF_free>>;
using KdfContextPtr = std::unique_ptr<EVP_KDF_CTX, OpensslDeleter<EVP_KDF_CTX_free>>;

constexpr std::string_view point_words = "portcullis derived key";
constexpr std::byte even_y{0x02};
constexpr std::size_t coordinate_bytes = 32;

KeyPtr public_key_of(Bytes& point) {
    std::string curve = "P-256";
    const std::array<OSSL_PARAM, 3> parameters = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve.data(), curve.size()),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
        OSSL_PARAM_construct_end()};
    const ContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
    EVP_PKEY* key = nullptr;
    if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY,
                          const_cast<OSSL_PARAM*>(parameters.data())) != 1)
        return nullptr;
    return KeyPtr(key);
}

/// Half of all x have a point.
std::pair<Bytes, KeyPtr> find_point() {
    constexpr int enough = 64;
    for (int n = 0; n < enough; ++n) {
        const auto count = static_cast<std::byte>(n);
        const Digest x = sha256({as_bytes(point_words), ByteView(&count, 1)});
        Bytes point{even_y};
        point.insert(point.end(), x.begin(), x.end());
        if (KeyPtr key = public_key_of(point)) return {std::move(point), std::move(key)};
        ERR_clear_error();
    }
    return {};
}

Result<void> agree(EVP_PKEY* key, EVP_PKEY* other, SecretKey& secret) {
    const ContextPtr context(EVP_PKEY_CTX_new(key, nullptr));
    std::size_t size = secret.bytes.size();
    const bool done =
        context && other != nullptr && EVP_PKEY_derive_init(context.get()) == 1 &&
        EVP_PKEY_derive_set_peer(context.get(), other) == 1 &&
        EVP_PKEY_derive(context.get(), reinterpret_cast<unsigned char*>(secret.bytes.data()), &size) == 1;
    if (done && size == coordinate_bytes) return {};
    return fail(openssl_error(ErrorCode::io, "derived key: the key does not derive (ECDH)"));
}

}  // namespace

Bytes derivation_point() {
    return find_point().first;
}

Result<SecretKey> derive_key(EVP_PKEY* key, ByteView salt, std::string_view purpose) {
    ERR_clear_error();
    SecretKey agreed;
    TRY(agree(key, find_point().second.get(), agreed));
    std::string digest = "SHA256";
    std::string info = "portcullis " + std::string(purpose);
    Bytes salt_copy(salt.begin(), salt.end());
    const std::array<OSSL_PARAM, 5> parameters = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), digest.size()),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, agreed.bytes.data(), agreed.bytes.size()),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt_copy.data(), salt_copy.size()),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()),
        OSSL_PARAM_construct_end()};
    const KdfPtr kdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr));
    const KdfContextPtr context(kdf ? EVP_KDF_CTX_new(kdf.get()) : nullptr);
    SecretKey secret;
    if (!context || EVP_KDF_derive(context.get(), reinterpret_cast<unsigned char*>(secret.bytes.data()),
                                   secret.bytes.size(), parameters.data()) != 1)
        return fail(openssl_error(ErrorCode::internal, "derived key: HKDF does not work"));
    return secret;
}

}  // namespace portcullis
