#pragma once
// Verdict = Authenticity x KeyTrust, never a bool; beside them, what the device's clock is worth. Values.

#include <optional>
#include <string_view>

namespace portcullis {

enum class Authenticity {
    authentic,    // opened, signature holds, identity fits its place in the chain
    unopened,     // sealed to recipients of whom we hold no key
    damaged,      // the envelope or its tag is broken: not a byte of it was used
    forged,       // opened, but the signature does not hold or is not of our profile
    misplaced,    // authentic, but its signed (device, chain, seq, prev) is not the place where it came in
    conflicting,  // another blob already stands at the same (device, chain, seq)
    duplicate,    // the very same blob again: harmless, counted
    missing       // no blob came for this place, and no tombstone declares it
};

enum class KeyTrust {
    trusted,   // chains to the device CA, fit for its purpose, within its dates
    stranger,  // key id that we do not know, or that does not chain to the device CA
    expired,   // outside its dates, and still believed: at most expired_grace, within a chain that a key in
               // its dates has confirmed
    revoked,
    unfit,      // wrong key usage or extended key usage
    unchecked,  // nothing came as far as a signature
    lapsed      // expired, and no longer believed: for too long, or nobody in his dates confirmed the chain
};

/// A read is captured after the collector's receipt whose digest it names (T1) and before it came (T2). What
/// its device's clock says is a claim, held against the two (security design §3.1).
enum class ClockDoubt {
    none,            // the clock was set, and its time lies between T1 and T2 as far as they are known
    unset,           // never set: the device says so, or its time is before this program was written
    before_receipt,  // the claimed time is before T1
    after_receipt    // the claimed time is after T2
};

struct Verdict {
    Authenticity authenticity = Authenticity::missing;
    KeyTrust key_trust = KeyTrust::unchecked;
    ClockDoubt clock = ClockDoubt::none;
    bool operator==(const Verdict&) const = default;
    /// A doubtful clock makes no record worse: its place in the chain says when it was made.
    [[nodiscard]] bool good() const {
        return authenticity == Authenticity::authentic && key_trust == KeyTrust::trusted;
    }
};

/// What such a key signed counts: its place, its links, its declarations. Look at the verdict before you act.
[[nodiscard]] bool is_believed(KeyTrust trust);

[[nodiscard]] std::string_view to_string(Authenticity authenticity);
[[nodiscard]] std::string_view to_string(KeyTrust trust);
[[nodiscard]] std::string_view to_string(ClockDoubt doubt);
[[nodiscard]] std::optional<Authenticity> authenticity_from_string(std::string_view text);
[[nodiscard]] std::optional<KeyTrust> key_trust_from_string(std::string_view text);
[[nodiscard]] std::optional<ClockDoubt> clock_doubt_from_string(std::string_view text);

}  // namespace portcullis
