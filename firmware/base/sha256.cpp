#include "base/sha256.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>

#include "base/assert.hpp"

namespace portcullis {

Digest sha256(std::initializer_list<ByteView> parts) {
    struct Free {
        void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    };
    const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
    PORTCULLIS_ASSERT(context != nullptr);
    PORTCULLIS_ASSERT(EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1);
    for (ByteView part : parts)
        PORTCULLIS_ASSERT(EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1);
    Digest digest{};
    unsigned int size = 0;
    PORTCULLIS_ASSERT(
        EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(digest.data()), &size) == 1);
    PORTCULLIS_ASSERT(size == digest.size());
    return digest;
}

Digest sha256(ByteView bytes) {
    return sha256({bytes});
}
std::string sha256_hex(ByteView bytes) {
    return to_hex(sha256(bytes));
}
std::string to_hex(const Digest& digest) {
    return to_hex(ByteView(digest));
}

Result<Digest> digest_from_hex(std::string_view hex) {
    const Bytes bytes = TRY(from_hex(hex));
    Digest digest{};
    if (bytes.size() != digest.size())
        return fail(ErrorCode::invalid_argument, "a SHA-256 digest is 64 hex digits, this is {}", hex.size());
    std::copy(bytes.begin(), bytes.end(), digest.begin());
    return digest;
}

}  // namespace portcullis
