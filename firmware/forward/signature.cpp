#include "forward/signature.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include <array>
#include <initializer_list>

#include "seal/openssl.hpp"

namespace portcullis {

namespace {

using MacPtr = std::unique_ptr<EVP_MAC, OpensslDeleter<EVP_MAC_free>>;
using MacContextPtr = std::unique_ptr<EVP_MAC_CTX, OpensslDeleter<EVP_MAC_CTX_free>>;

/// Over the parts one after the other: the body is not copied.
Result<Bytes> hmac_of(ByteView key, std::initializer_list<std::string_view> parts) {
    constexpr std::size_t digest_bytes = 32;
    const MacPtr mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
    const MacContextPtr context(mac ? EVP_MAC_CTX_new(mac.get()) : nullptr);
    std::string digest = "SHA256";
    const std::array<OSSL_PARAM, 2> parameters{
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
        OSSL_PARAM_construct_end()};
    if (!context || EVP_MAC_init(context.get(), u8(key), key.size(), parameters.data()) != 1)
        return fail(openssl_error(ErrorCode::internal, "cannot sign a webhook"));
    for (const std::string_view part : parts)
        if (EVP_MAC_update(context.get(), u8(as_bytes(part)), part.size()) != 1)
            return fail(openssl_error(ErrorCode::internal, "cannot sign a webhook"));
    Bytes out(digest_bytes);
    std::size_t written = 0;
    if (EVP_MAC_final(context.get(), u8(out), &written, out.size()) != 1 || written != out.size())
        return fail(openssl_error(ErrorCode::internal, "cannot sign a webhook"));
    return out;
}

}  // namespace

Result<Bytes> hmac_sha256(ByteView key, std::string_view text) {
    return hmac_of(key, {text});
}

Result<std::string> webhook_signature(std::span<const Bytes> secrets, std::int64_t unix_seconds,
                                      std::string_view body) {
    const std::string time = std::to_string(unix_seconds);
    std::string header = "t=" + time;
    for (const Bytes& secret : secrets) {
        const Bytes mac = TRY(hmac_of(secret, {time, ".", body}));
        header += ",v1=" + to_hex(mac);
    }
    return header;
}

}  // namespace portcullis
