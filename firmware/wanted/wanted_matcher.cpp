#include "wanted/wanted_matcher.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <bit>
#include <set>

#include "base/assert.hpp"
#include "base/sha256.hpp"
#include "core/plate_question.hpp"
#include "seal/openssl.hpp"

namespace portcullis {

namespace {

constexpr unsigned token_bytes = 4;

/// Fails for want of memory only.
Digest hmac(const WantedKey& key, ByteView text) {
    Digest digest{};
    unsigned int size = 0;
    PORTCULLIS_ASSERT(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), u8(text), text.size(),
                           reinterpret_cast<unsigned char*>(digest.data()), &size) != nullptr);
    PORTCULLIS_ASSERT(size == digest.size());
    return digest;
}

/// What a place may be: its letter, and what is in its ambiguity set; look-alikes are one.
std::string choices_of(const CharacterReading& character) {
    std::string choices = fold_look_alikes(std::string_view(&character.letter, 1));
    for (const CharacterChoice& other : character.alternatives) {
        if (other.confidence < ambiguous_share * character.confidence) continue;
        const std::string folded = fold_look_alikes(std::string_view(&other.letter, 1));
        if (choices.find(folded) == choices.npos) choices += folded;
    }
    return choices;
}

/// The likeliest first: where there are too many, the rest is left out.
std::vector<std::string> texts_of(const std::vector<CharacterReading>& characters) {
    std::vector<std::string> texts{""};
    for (const CharacterReading& character : characters) {
        std::vector<std::string> longer;
        for (const char choice : choices_of(character)) {
            for (const std::string& text : texts)
                if (longer.size() < max_wanted_texts) longer.push_back(text + choice);
        }
        texts = std::move(longer);
    }
    return texts;
}

}  // namespace

std::uint32_t wanted_token(const WantedKey& key, unsigned bits, std::string_view plate) {
    const std::string folded = fold_look_alikes(plate);
    const Digest digest = hmac(key, as_bytes(folded));
    std::uint32_t first = 0;
    for (unsigned i = 0; i < token_bytes; ++i)
        first = first << 8U | std::to_integer<std::uint32_t>(digest[i]);
    return first >> (token_bytes * 8 - bits);
}

unsigned wanted_bits(std::size_t plates) {
    const auto bits = static_cast<unsigned>(std::bit_width(plates * tokens_a_wanted));
    return std::clamp(bits, min_wanted_bits, max_wanted_bits);
}

WantedTokens make_wanted(const WantedKey& key, const std::vector<std::string>& plates) {
    WantedTokens wanted;
    wanted.key = key;
    std::set<std::string> folded;
    for (const std::string& plate : plates)
        folded.insert(fold_look_alikes(plate));
    wanted.bits = wanted_bits(folded.size());
    std::set<std::uint32_t> tokens;
    for (const std::string& plate : folded)
        tokens.insert(wanted_token(key, wanted.bits, plate));
    wanted.tokens.assign(tokens.begin(), tokens.end());
    return wanted;
}

bool may_be_wanted(const WantedTokens& wanted, const Read& read) {
    if (read.characters.empty()) return false;
    std::vector<std::string> texts = texts_of(read.characters);
    texts.push_back(read.raw);
    return std::ranges::any_of(texts, [&](const std::string& text) {
        return std::ranges::binary_search(wanted.tokens, wanted_token(wanted.key, wanted.bits, text));
    });
}

}  // namespace portcullis
