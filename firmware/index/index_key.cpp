#include "index/index_key.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>

#include "base/assert.hpp"
#include "base/sha256.hpp"
#include "seal/openssl.hpp"

namespace portcullis {

namespace {

using CipherPtr = std::unique_ptr<EVP_CIPHER_CTX, OpensslDeleter<EVP_CIPHER_CTX_free>>;

constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t gcm_tag_bytes = 16;

/// Fails for want of memory only.
Digest hmac(const SecretKey& key, ByteView text) {
    Digest digest{};
    unsigned int size = 0;
    PORTCULLIS_ASSERT(HMAC(EVP_sha256(), key.bytes.data(), static_cast<int>(key.bytes.size()), u8(text),
                           text.size(), reinterpret_cast<unsigned char*>(digest.data()), &size) != nullptr);
    PORTCULLIS_ASSERT(size == digest.size());
    return digest;
}

SecretKey part_of(const SecretKey& secret, std::string_view use) {
    SecretKey part;
    Digest digest = hmac(secret, as_bytes(use));
    part.bytes = digest;
    ::explicit_bzero(digest.data(), digest.size());
    return part;
}

}  // namespace

IndexKey::IndexKey(const SecretKey& secret)
    : exact_(part_of(secret, "exact")), folded_(part_of(secret, "folded")), cell_(part_of(secret, "cell")) {}

Tag IndexKey::tag(TagKind kind, std::string_view plate, std::uint64_t n) const {
    Bytes text = to_bytes(plate);
    text.push_back(std::byte{0});
    append_u64(text, n);
    const Cleanse cleanse(text);
    const Digest digest = hmac(kind == TagKind::exact ? exact_ : folded_, text);
    Tag tag;
    std::copy_n(digest.begin(), tag.size(), tag.begin());
    return tag;
}

Result<Bytes> IndexKey::seal(ByteView plain, ByteView place) const {
    Bytes out(nonce_bytes + plain.size() + gcm_tag_bytes);
    auto* nonce = u8(out);
    auto* tag = nonce + nonce_bytes + plain.size();
    int written = 0;
    const CipherPtr cipher(EVP_CIPHER_CTX_new());
    const bool done =
        cipher && RAND_bytes(nonce, nonce_bytes) == 1 &&
        EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, u8(ByteView(cell_.bytes)), nonce) == 1 &&
        EVP_EncryptUpdate(cipher.get(), nullptr, &written, u8(place), static_cast<int>(place.size())) == 1 &&
        EVP_EncryptUpdate(cipher.get(), nonce + nonce_bytes, &written, u8(plain),
                          static_cast<int>(plain.size())) == 1 &&
        EVP_EncryptFinal_ex(cipher.get(), tag, &written) == 1 &&
        EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, gcm_tag_bytes, tag) == 1;
    if (!done) return fail(openssl_error(ErrorCode::internal, "index: cannot encrypt a row"));
    return out;
}

Result<Bytes> IndexKey::open(ByteView cell, ByteView place) const {
    if (cell.size() <= nonce_bytes + gcm_tag_bytes)
        return fail(ErrorCode::corrupt, "index: a row is too short");
    const ByteView body = cell.subspan(nonce_bytes, cell.size() - nonce_bytes - gcm_tag_bytes);
    Bytes tag(cell.end() - gcm_tag_bytes, cell.end());
    Bytes plain(body.size());
    int written = 0;
    const CipherPtr cipher(EVP_CIPHER_CTX_new());
    const bool done =
        cipher &&
        EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, u8(ByteView(cell_.bytes)), u8(cell)) ==
            1 &&
        EVP_DecryptUpdate(cipher.get(), nullptr, &written, u8(place), static_cast<int>(place.size())) == 1 &&
        EVP_DecryptUpdate(cipher.get(), u8(plain), &written, u8(body), static_cast<int>(body.size())) == 1 &&
        EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, gcm_tag_bytes, tag.data()) == 1 &&
        EVP_DecryptFinal_ex(cipher.get(), u8(plain) + plain.size(), &written) == 1;
    if (done) return plain;
    OPENSSL_cleanse(plain.data(), plain.size());
    return fail(openssl_error(ErrorCode::corrupt, "index: a row does not open"));
}

Result<Tag> stray_tag() {
    Tag tag;
    if (RAND_bytes(reinterpret_cast<unsigned char*>(tag.data()), static_cast<int>(tag.size())) != 1)
        return fail(openssl_error(ErrorCode::internal, "index: no random bytes"));
    return tag;
}

}  // namespace portcullis
