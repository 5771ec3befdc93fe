#pragma once
// Shedding: makes room in a full spool inside the caller's transaction. Oldest overviews go first, then the
// oldest records whole; what is over age goes whole. Each run of shed rows becomes one signed tombstone. For
// the sources of this room only. Nothing is signed that was not shed here or does not bear our own signature.

#include "spool/life.hpp"
#include "spool/spool.hpp"

namespace portcullis {

/// A signed tombstone is about 700 bytes; until it is signed this much is set aside for it.
inline constexpr std::uint64_t tombstone_bytes_reserved = 1536;

/// Of what is over age at most so many rows go at once: the append that waits for them must not wait long.
inline constexpr int max_aged_rows = 256;

/// So many rows are looked at, and so many tombstones signed, when tombstones are signed anew: a chip may
/// need 0.3 s for a signature.
inline constexpr int max_rows_looked_at = 256;
inline constexpr int max_signed_anew = 8;

struct SpoolLimit {
    std::uint64_t bytes;
    std::uint64_t items;
    microseconds age;
};

/// Sheds until what is stored is within `limit`, and the rows over age, at most about max_aged_rows of them;
/// changes life, which the caller stores. Gives whether anything was shed. Errors: exhausted (nothing is left
/// to shed), the maker's.
[[nodiscard]] Result<bool> make_room(Database& database, Life& life, const SpoolLimit& limit,
                                     const TombstoneMaker& maker, UtcTime now);

struct SignedAnew {
    std::optional<Seq> reached;  // nothing when no row is left
    int tombstones = 0;
};

/// Of the next rows behind `after`, what a key before the present one signed is signed anew, in its place:
/// the same span, link, counts and age. What no key of ours signed stays, and is told. Changes life. Errors:
/// the maker's.
[[nodiscard]] Result<SignedAnew> sign_tombstones_anew(Database& database, Life& life,
                                                      const TombstoneMaker& maker, Seq after, UtcTime now);

/// Of the oldest row that is no tombstone; 0 without any.
[[nodiscard]] Result<microseconds> oldest_age(Database& database, const Life& life);

}  // namespace portcullis
