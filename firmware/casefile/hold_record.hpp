#pragma once
// What a legal hold is, and which reads it keeps. The record is canonical JSON, signed by the key that signs
// records of destroyed keys; the list beside it is bound to it by its digest. Neither holds a plate.
//   {"v":1,"kind":"hold","id":..,"fleet":..,"who":..,"approved":..,"purpose":..,"case":..,"until":"2027-11-25",
//    "key":"<key id>","reads":N,"missing":N,"list":"<SHA-256>","t":..}
//   {"v":1,"kind":"hold_list","id":..,"reads":[{"dev":..,"chain":..,"seq":N,"t":..,"clock":"..",
//    "parts":[{"seq":N,"rcp":"<digest>","key":"<key id>","sha256":".."},..]},..]}   parts: first the read
//    itself
// Values; pure functions, reentrant.

#include <string>
#include <string_view>
#include <vector>

#include "casefile/case_request.hpp"
#include "core/verdict.hpp"

namespace portcullis {

inline constexpr std::size_t max_hold_record_bytes = 2048;
inline constexpr std::size_t max_hold_list_bytes = std::size_t{4} << 20;
inline constexpr std::size_t max_held_parts = 16;  // of one read, with itself

struct HoldRecord {
    ChainId id;  // the request's
    std::string fleet;
    std::string who;
    std::string approved;
    std::string purpose;
    std::string case_number;
    std::chrono::sys_days until{};  // the last UTC day
    std::string key;                // id of the hold's own
    std::uint64_t reads = 0;
    std::uint64_t missing = 0;  // could not be opened any more
    Digest list{};
    UtcTime made{};
};

/// A read or a picture, sealed to the hold's key as it was in its envelope.
struct HeldPart {
    Seq seq = 0;
    Digest recipients{};  // recipients_digest of the envelope that it came in
    std::string key;      // id of the one that opened that
    Digest digest{};      // of its file
    bool operator==(const HeldPart&) const = default;
};
struct HeldRead {
    CasePlace place;
    UtcTime received{};
    ClockDoubt clock = ClockDoubt::none;
    std::vector<HeldPart> parts;  // the read, and its pictures
};
struct HoldList {
    ChainId id;
    std::vector<HeldRead> reads;
};

/// Errors: invalid_argument (names the field out of range).
[[nodiscard]] Result<std::string> encode_hold(const HoldRecord& record);
[[nodiscard]] Result<std::string> encode_hold_list(const HoldList& list);
/// Errors: refused (names the key where the text leaves the canonical form).
[[nodiscard]] Result<HoldRecord> parse_hold(std::string_view json);
[[nodiscard]] Result<HoldList> parse_hold_list(std::string_view json);

}  // namespace portcullis
