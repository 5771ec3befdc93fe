#include "apps/portcullis/bench_bare.hpp"

#include <openssl/ec.h>
#include <openssl/rand.h>

#include <array>

#include "base/sha256.hpp"

namespace portcullis::bench {

namespace {

using CipherPtr = std::unique_ptr<EVP_CIPHER_CTX, OpensslDeleter<EVP_CIPHER_CTX_free>>;
using DigestPtr = std::unique_ptr<EVP_MD_CTX, OpensslDeleter<EVP_MD_CTX_free>>;
using KeyContextPtr = std::unique_ptr<EVP_PKEY_CTX, OpensslDeleter<EVP_PKEY_CTX_free>>;

constexpr std::size_t attribute_bytes = 107;  // the three signed attributes
constexpr std::size_t link_bytes = 72;        // previous link, seq and the blob's digest
constexpr std::size_t key_bytes = 32;
constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;
constexpr std::size_t wrapped_bytes = 40;
constexpr std::size_t point_bytes = 65;
constexpr std::size_t recipient_bytes = 183;  // of an encoded recipient, which the blob's digest covers
// ECC-CMS-SharedInfo of aes256-wrap (RFC 5753)
constexpr std::array<unsigned char, 23> shared_info{0x30, 0x15, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86,
                                                    0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2d, 0xa2,
                                                    0x06, 0x04, 0x04, 0x00, 0x00, 0x01, 0x00};

Failure refused() {
    return fail(openssl_error(ErrorCode::internal, "bench: an OpenSSL operation failed"));
}

KeyPtr new_key_pair(EVP_PKEY* like) {
    const KeyContextPtr context(EVP_PKEY_CTX_new(like, nullptr));
    EVP_PKEY* made = nullptr;
    if (!context || EVP_PKEY_keygen_init(context.get()) != 1 || EVP_PKEY_keygen(context.get(), &made) != 1)
        return nullptr;
    return KeyPtr(made);
}

bool agree(EVP_PKEY* ours, EVP_PKEY* theirs, std::array<unsigned char, key_bytes>& shared) {
    const KeyContextPtr context(EVP_PKEY_CTX_new(ours, nullptr));
    // The context frees what it is given.
    auto* info = static_cast<unsigned char*>(OPENSSL_memdup(shared_info.data(), shared_info.size()));
    if (!context || EVP_PKEY_derive_init(context.get()) != 1 ||
        EVP_PKEY_CTX_set0_ecdh_kdf_ukm(context.get(), info, static_cast<int>(shared_info.size())) != 1) {
        OPENSSL_free(info);
        return false;
    }
    std::size_t length = shared.size();
    return EVP_PKEY_derive_set_peer(context.get(), theirs) == 1 &&
           EVP_PKEY_CTX_set_ecdh_kdf_type(context.get(), EVP_PKEY_ECDH_KDF_X9_63) == 1 &&
           EVP_PKEY_CTX_set_ecdh_kdf_md(context.get(), EVP_sha256()) == 1 &&
           EVP_PKEY_CTX_set_ecdh_kdf_outlen(context.get(), static_cast<int>(shared.size())) == 1 &&
           EVP_PKEY_derive(context.get(), shared.data(), &length) == 1 && length == shared.size();
}

}  // namespace

bool BareOpenssl::wrap_for(EVP_PKEY* recipient, const std::uint8_t* content_key) {
    const KeyPtr ephemeral = new_key_pair(recipient);
    std::array<unsigned char, key_bytes> shared{};
    if (!ephemeral || !agree(ephemeral.get(), recipient, shared)) return false;
    std::array<unsigned char, point_bytes> point{};
    std::size_t point_length = 0;
    if (EVP_PKEY_get_octet_string_param(ephemeral.get(), "pub", point.data(), point.size(), &point_length) !=
        1)
        return false;
    const CipherPtr cipher(EVP_CIPHER_CTX_new());
    std::array<unsigned char, wrapped_bytes + 8> wrapped{};
    int length = 0;
    if (!cipher) return false;
    EVP_CIPHER_CTX_set_flags(cipher.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    return EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_wrap(), nullptr, shared.data(), nullptr) == 1 &&
           EVP_EncryptUpdate(cipher.get(), wrapped.data(), &length, content_key, key_bytes) == 1 &&
           length == static_cast<int>(wrapped_bytes);
}

bool BareOpenssl::encrypt(ByteView plaintext) {
    std::array<unsigned char, key_bytes> key{};
    std::array<unsigned char, nonce_bytes> nonce{};
    if (RAND_bytes(key.data(), key.size()) != 1 || RAND_bytes(nonce.data(), nonce.size()) != 1) return false;
    for (EVP_PKEY* recipient : recipients_)
        if (!wrap_for(recipient, key.data())) return false;
    sealed_.resize(plaintext.size() + tag_bytes + recipients_.size() * recipient_bytes);
    const CipherPtr cipher(EVP_CIPHER_CTX_new());
    int length = 0;
    int rest = 0;
    const bool done =
        cipher &&
        EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(), nonce.data()) == 1 &&
        EVP_EncryptUpdate(cipher.get(), u8(sealed_), &length, u8(plaintext),
                          static_cast<int>(plaintext.size())) == 1 &&
        EVP_EncryptFinal_ex(cipher.get(), u8(sealed_) + length, &rest) == 1 &&
        EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_GET_TAG, tag_bytes, u8(sealed_) + length) == 1;
    if (!done) return false;
    const Digest digest = sha256(sealed_);
    std::ranges::copy(digest, sealed_.begin());
    std::ranges::copy(sha256(ByteView(sealed_).first(link_bytes)), sealed_.begin());
    return true;
}

bool BareOpenssl::sign() {
    const DigestPtr context(EVP_MD_CTX_new());
    std::array<unsigned char, 80> signature{};
    std::array<unsigned char, attribute_bytes> attributes{};
    std::size_t length = signature.size();
    return context && EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, signer_) == 1 &&
           EVP_DigestSign(context.get(), signature.data(), &length, attributes.data(), attributes.size()) ==
               1;
}

Result<void> BareOpenssl::read(ByteView text, std::size_t signed_bytes) {
    Bytes statement(signed_bytes);
    std::ranges::copy(sha256(text), statement.begin());
    if (!sign() || !encrypt(statement)) return refused();
    return {};
}

Result<void> BareOpenssl::picture(ByteView padded) {
    const Digest digest = sha256(padded);
    if (!encrypt(padded)) return refused();
    static_cast<void>(digest);
    return {};
}

}  // namespace portcullis::bench
