#pragma once
// One line of the audit log: who wanted to see what, why, and whether he got it. Canonical JSON
//   {"v":1,"kind":"access","n":N,"t":..,"who":..,"uid":N,"role":..,"purpose":..,"case":..,"what":..,"dev":..,
//    "chain":..,"seq":N,"count":N,"verdict":"granted"|"refused","asked":"<SHA-256 of what is kept sealed>"}
// and, with "v":2, "via":".." behind "uid" where a gateway asked in the name of "who",
// and the chain through all lines: link(0) = SHA-256(0x02 | "portcullis audit" | log),
// link(n) = SHA-256(0x02 | link(n-1) | n | SHA-256(text(n))). Pure functions, reentrant.

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/sha256.hpp"
#include "core/ids.hpp"

namespace portcullis {

inline constexpr std::size_t max_audit_word_bytes = 64;  // of each text of an access
inline constexpr std::size_t max_audit_entry_bytes = 1024;
/// Of a question, sealed; it must be an envelope of our one shape.
inline constexpr std::size_t max_asked_bytes = std::size_t{8} * 1024;

enum class AccessVerdict { granted, refused };
[[nodiscard]] std::string_view to_string(AccessVerdict verdict);

/// Access::what of a read that is shown as it arrives, of a question to the plate index (`count`: the rows
/// that it opens), of one which passages are of one vehicle (the same), and of a read that is shown because
/// it was found.
inline constexpr std::string_view views_read = "view";
inline constexpr std::string_view searches_index = "search";
inline constexpr std::string_view pairs_passages = "crossings";
inline constexpr std::string_view finds_read = "found";
/// Access::what of a hit of the hotlist that is shown, and of a person's word that it is one, or is not.
inline constexpr std::string_view shows_hit = "hit";
inline constexpr std::string_view confirms_hit = "confirmed";
inline constexpr std::string_view rejects_hit = "rejected";
/// Access::what of the entry by which an access policy came into force, or was refused: `who` is the policy
/// key's name (or the opener's account), `seq` the version, `case` the SHA-256 of the signed policy.
inline constexpr std::string_view adopts_policy = "policy";

/// Access::what of a case file's entries (`chain` is its id): the file, which opens `count` rows of the index
/// or the reads that it names; the other person's approval; a read that goes into it; its canaries; and the
/// alarm when somebody wants more than is usual, be it a case file, a search or a look.
inline constexpr std::string_view makes_case = "case";
inline constexpr std::string_view approves_case = "approval";
inline constexpr std::string_view exports_read = "export";
inline constexpr std::string_view marks_case = "canaries";
inline constexpr std::string_view raises_alarm = "alarm";
/// Of a legal hold (`chain` is its id): the hold, which opens `count` rows or reads; a read that it keeps,
/// which nobody is shown; its signed record (`case` is the SHA-256, `count` the reads); its end (`case` is
/// its id).
inline constexpr std::string_view holds_reads = "hold";
inline constexpr std::string_view keeps_read = "held";
inline constexpr std::string_view records_hold = "hold record";
inline constexpr std::string_view releases_hold = "released";
/// The same of a retention schedule, and of a hotlist.
inline constexpr std::string_view adopts_retention = "retention";
inline constexpr std::string_view adopts_hotlist = "hotlist";
/// Access::what of an epoch's keys that were destroyed: `case` is the SHA-256 of the signed record, `dev` the
/// epoch, `seq` the schedule's version (0: by hand), `count` the keys.
inline constexpr std::string_view destroys_keys = "destroyed";

/// What is about to be opened. It never holds a plate in the clear: an item is named by its place, and what
/// was searched for is sealed to the auditor (AuthEnvelopedData, padded by who seals it to one length).
struct Access {
    std::string who;        // the account's name
    std::uint64_t uid = 0;  // of the account that asked: who's, or the gateway's
    std::string role;
    std::string purpose;      // of a granted access never empty
    std::string case_number;  // the same
    std::string what;         // "view": a read, shown as it arrives, ...; or one of the three words above
    std::string device;       // the item's place; empty, zero and 0 when it is not about one item
    ChainId chain;
    Seq seq = 0;
    std::uint64_t count = 1;  // how many are opened, or were refused
    AccessVerdict verdict = AccessVerdict::granted;
    Bytes asked = {};      // sealed; not in the text, which holds its digest
    std::string via = {};  // the gateway that asked in his name; empty: he asked himself

    /// Of a policy, a hotlist, a word on a hit, an approval, canaries, destroyed keys, what a hold keeps: it
    /// is in no sum of openings.
    [[nodiscard]] bool opens() const {
        return what != adopts_policy && what != adopts_retention && what != adopts_hotlist &&
               what != confirms_hit && what != rejects_hit && what != destroys_keys &&
               what != approves_case && what != marks_case && what != keeps_read && what != records_hold &&
               what != releases_hold;
    }
};

struct AuditEntry {
    std::uint64_t number = 0;  // from 1, without a gap
    UtcTime time{};
    Access access;  // without asked
    std::optional<Digest> asked;
};

/// Errors: invalid_argument (names the field: among others a granted access without purpose or case number).
[[nodiscard]] Result<std::string> encode_audit_entry(const AuditEntry& entry);
/// Errors: refused (names the key where the text leaves the canonical form).
[[nodiscard]] Result<AuditEntry> parse_audit_entry(std::string_view json);

[[nodiscard]] Digest first_audit_link(const ChainId& log);
/// text: SHA-256 of the entry's text.
[[nodiscard]] Digest next_audit_link(const Digest& before, std::uint64_t number, const Digest& text);

}  // namespace portcullis
