#pragma once
// The text of an access policy (core/access_policy.hpp): canonical JSON that begins
// {"v":1,"kind":"accesspolicy"; {"v":2 if it names gateways, so that who does not know them refuses it. Pure
// functions, reentrant.

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/access_policy.hpp"

namespace portcullis {

inline constexpr std::size_t max_policy_purposes = 32;
inline constexpr std::size_t max_policy_sites = 256;
inline constexpr std::size_t max_policy_devices = 2048;  // of all sites
inline constexpr std::size_t max_policy_people = 256;
inline constexpr std::size_t max_policy_gateways = 8;
inline constexpr std::size_t max_policy_word_bytes = 64;  // a site, a purpose, an account: an audit word
inline constexpr std::size_t max_policy_text_bytes = std::size_t{160} * 1024;
/// Somebody has to look over who may see what, at least that often.
inline constexpr std::chrono::days max_policy_life{400};

/// Everything but its length: names, lists, that nothing stands twice, that what is named is there, that an
/// administrator's time reaches its end. Errors: invalid_argument (names what, where and the cure).
[[nodiscard]] Result<void> check_access_policy(const AccessPolicy& policy);

/// Errors: check_access_policy's; invalid_argument (longer than max_policy_text_bytes).
[[nodiscard]] Result<std::string> encode_access_policy(const AccessPolicy& policy);
/// Errors: refused (names the key where the text leaves the canonical form, or what is wrong in it).
[[nodiscard]] Result<AccessPolicy> parse_access_policy(std::string_view json);

}  // namespace portcullis
