#pragma once
// Six words that two people can read to each other: the first 96 bits of the SHA-256 over a public key's
// SubjectPublicKeyInfo, 16 bits a word, as proquints (Wilkerson, arXiv:0901.4016: consonant, vowel,
// consonant, vowel, consonant). Whoever wants another key of the same words needs some 2^96 tries. Reentrant.

#include <string>
#include <string_view>

#include "seal/openssl.hpp"

namespace portcullis {

inline constexpr std::size_t fingerprint_words = 6;

/// "lusab-babad-gutih-tugad-mudof-sakat". Errors: internal.
[[nodiscard]] Result<std::string> fingerprint(EVP_PKEY* key);
/// The same words, whatever stands between them and however they are capitalised.
[[nodiscard]] bool is_same_fingerprint(std::string_view one, std::string_view other);

}  // namespace portcullis
