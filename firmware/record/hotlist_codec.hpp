#pragma once
// The text of a hotlist (core/hotlist.hpp) and of a hit: canonical JSON. Both hold plates: whoever holds a
// text cleanses it. Pure functions, reentrant.

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/hotlist.hpp"

namespace portcullis {

inline constexpr std::size_t max_hotlist_entries = 2000;
inline constexpr std::size_t max_hotlist_word_bytes = 64;  // purpose, case, account, site: an audit word
inline constexpr std::size_t max_hotlist_why_bytes = 200;
inline constexpr std::size_t max_entry_sites = 16;
inline constexpr std::size_t max_hit_pictures = 4;
inline constexpr std::size_t min_hotlist_letters = 2;
inline constexpr std::size_t max_hotlist_text_bytes = std::size_t{512} * 1024;
/// The text is padded to a multiple: sealed, it tells about how many are wanted, not how long their plates
/// are.
inline constexpr std::size_t hotlist_block_bytes = 4096;
inline constexpr std::size_t max_hit_bytes = 2048;
/// Somebody has to say that a plate is still wanted, at least that often.
inline constexpr std::chrono::days max_entry_life{92};

/// Errors: invalid_argument (which entry, which field and the cure; never a plate).
[[nodiscard]] Result<std::string> encode_hotlist(const Hotlist& list);
/// Errors: refused (names the key where the text leaves the canonical form, or what is wrong in it).
[[nodiscard]] Result<Hotlist> parse_hotlist(std::string_view json);

/// Not padded. Errors: invalid_argument.
[[nodiscard]] Result<std::string> encode_hit(const HotlistHit& hit);
/// Errors: refused.
[[nodiscard]] Result<HotlistHit> parse_hit(std::string_view json);

}  // namespace portcullis
