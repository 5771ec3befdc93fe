#include "provision/fingerprint.hpp"

#include <cctype>

#include "base/sha256.hpp"

namespace portcullis {

namespace {

constexpr std::string_view consonants = "bdfghjklmnprstvz";
constexpr std::string_view vowels = "aiou";

void append_word(std::string& words, unsigned value) {
    words += consonants[(value >> 12U) & 0xfU];
    words += vowels[(value >> 10U) & 0x3U];
    words += consonants[(value >> 6U) & 0xfU];
    words += vowels[(value >> 4U) & 0x3U];
    words += consonants[value & 0xfU];
}

std::string letters_of(std::string_view words) {
    std::string letters;
    for (const char letter : words)
        if (std::isalpha(static_cast<unsigned char>(letter)) != 0)
            letters += static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    return letters;
}

}  // namespace

Result<std::string> fingerprint(EVP_PKEY* key) {
    unsigned char* der = nullptr;
    const int length = i2d_PUBKEY(key, &der);
    if (length <= 0) return fail(openssl_error(ErrorCode::internal, "provision: cannot encode a public key"));
    const Digest digest = sha256(std::as_bytes(std::span(der, static_cast<std::size_t>(length))));
    OPENSSL_free(der);
    std::string words;
    for (std::size_t i = 0; i < fingerprint_words; ++i) {
        if (i > 0) words += '-';
        append_word(words, std::to_integer<unsigned>(digest[2 * i]) << 8U |
                               std::to_integer<unsigned>(digest[2 * i + 1]));
    }
    return words;
}

bool is_same_fingerprint(std::string_view one, std::string_view other) {
    const std::string letters = letters_of(one);
    return !letters.empty() && letters == letters_of(other);
}

}  // namespace portcullis
