#pragma once
// Whether a read may be of a plate that is wanted, by tokens alone. A plate that is wanted, or is alike but
// for O 0, I 1, B 8, S 5, is always known; of the others about one in tokens_a_wanted is taken for one. A hit
// here is nobody's suspicion yet: the opener, which has the list, looks again. Pure functions, reentrant.

#include "base/result.hpp"
#include "core/reading.hpp"
#include "core/wanted.hpp"

namespace portcullis {

/// A read that says so many texts at once, by its ambiguity sets, is looked at no further.
inline constexpr std::size_t max_wanted_texts = 64;

/// plate: A-Z 0-9, as read.
[[nodiscard]] std::uint32_t wanted_token(const WantedKey& key, unsigned bits, std::string_view plate);
/// How many bits a token has in a list of so many.
[[nodiscard]] unsigned wanted_bits(std::size_t plates);
/// Of a list's plates; fleet, version and times are the caller's.
[[nodiscard]] WantedTokens make_wanted(const WantedKey& key, const std::vector<std::string>& plates);

/// The text, the raw text, or one of its ambiguity sets: a device in doubt lets the opener decide. An unread
/// plate is none.
[[nodiscard]] bool may_be_wanted(const WantedTokens& wanted, const Read& read);

}  // namespace portcullis
