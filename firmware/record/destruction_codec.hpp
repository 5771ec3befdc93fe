#pragma once
// The signed text that says that an epoch's keys are destroyed: canonical JSON
//   {"v":1,"kind":"destruction","epoch":"2026-11-25","keys":["<key id>",..],"left":N,"t":..}
// and behind "left", when they were due by a retention schedule, ,"schedule":"<its SHA-256>","version":N
// and then, when legal holds keep something that was sealed to these keys, ,"holds":["<hold id>",..]
// Pure functions, reentrant.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/sha256.hpp"
#include "core/ids.hpp"
#include "record/recipient_set_codec.hpp"

namespace portcullis {

inline constexpr std::size_t max_destroyed_keys = 16;  // of one epoch
inline constexpr std::size_t key_id_letters = 40;      // SHA-1 of the public key, hex
inline constexpr std::size_t max_named_holds = 256;    // as many keys as a key store has
inline constexpr std::size_t max_destruction_bytes = 6144;

struct Destruction {
    EpochStart epoch{};
    std::vector<std::string> keys;  // their ids, ascending
    std::uint64_t left = 0;         // keys of other epochs that the store still holds
    UtcTime time{};
    struct Schedule {
        std::uint64_t version = 0;
        Digest digest{};
        bool operator==(const Schedule&) const = default;
    };
    std::optional<Schedule> schedule = {};  // none: by hand
    std::vector<ChainId> holds = {};        // ids of the legal holds that keep something of it, ascending
    bool operator==(const Destruction&) const = default;
};

/// Errors: invalid_argument (names the field out of range).
[[nodiscard]] Result<std::string> encode_destruction(const Destruction& destruction);
/// Errors: refused (names the key where the text leaves the canonical form).
[[nodiscard]] Result<Destruction> parse_destruction(std::string_view json);

}  // namespace portcullis
