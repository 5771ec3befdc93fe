#pragma once
// The hotlist: which plates are wanted, by whom and until when; and a hit: a read that may be one of them.
// Values. All of it is personal data: never in a log, an error message or a file in the clear.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "core/capture_record.hpp"
#include "core/ids.hpp"
#include "core/passage.hpp"
#include "core/reading.hpp"

namespace portcullis {

struct HotlistEntry {
    std::string plate;         // A-Z 0-9
    std::string jurisdiction;  // "de", "us-tx"; empty: whichever
    std::string purpose;       // of the access policy: who may look for it sees the hits
    std::string case_number;
    std::string why;                 // told with each hit: what the person has to know
    std::string by;                  // the account that entered it
    std::vector<std::string> sites;  // of the access policy, ascending; empty: all
    std::chrono::sys_days until{};   // the last UTC day on which it counts, it included
    bool operator==(const HotlistEntry&) const = default;
};

struct Hotlist {
    std::string fleet;
    std::uint64_t version = 0;          // from 1; an opener never goes back to a lower one
    UtcTime issued{};                   // by the clock of who signed it
    std::vector<HotlistEntry> entries;  // ascending by plate and case number, no two alike in both
    bool operator==(const Hotlist&) const = default;
};

/// Of a hit: nobody has looked yet; it is an alert; the vehicle is another.
enum class HitState { candidate, confirmed, rejected };
inline constexpr HitState all_hit_states[] = {HitState::candidate, HitState::confirmed, HitState::rejected};
[[nodiscard]] std::string_view to_string(HitState state);
[[nodiscard]] std::optional<HitState> hit_state_from_string(std::string_view text);

struct HitPicture {
    MediaRole role = MediaRole::plate;
    Seq seq = 0;  // in the chain of its read
    bool operator==(const HitPicture&) const = default;
};

/// One read that may be of one entry, with all that speaks for and against it. Its name is its place and the
/// entry's case number: of the entries of one case a read hits the nearest alone.
struct HotlistHit {
    std::string device;
    ChainId chain;
    Seq seq = 0;
    UtcTime captured{};  // where its device's clock is in doubt: when it was received
    std::string lane;
    Direction direction = Direction::unknown;
    std::string text;          // as it was read
    float confidence = 0;      // that the whole text is right, calibrated, in [0,1]
    std::string jurisdiction;  // as it was read; "unknown"
    float jurisdiction_confidence = 0;
    std::uint64_t distance = 0;  // from the entry's plate (crossing/plate_distance.hpp); 0: letter for letter
    std::vector<HitPicture> pictures;  // what a case file can show of it
    std::uint64_t version = 0;         // of the hotlist
    HotlistEntry entry;                // without sites and last day
    bool operator==(const HotlistHit&) const = default;

    /// The entry names a jurisdiction and another one was read: perhaps another vehicle of the same text.
    [[nodiscard]] bool is_elsewhere() const {
        return !entry.jurisdiction.empty() && jurisdiction != "unknown" && jurisdiction != entry.jurisdiction;
    }
};

}  // namespace portcullis
