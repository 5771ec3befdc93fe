#pragma once
// Reads and writes our types as columns of a database. For the tables of this room only.

#include <algorithm>
#include <vector>

#include "collector/ingest/rows.hpp"
#include "ports/sql.hpp"

namespace portcullis::columns {

inline std::int64_t time(UtcTime value) {
    return value.time_since_epoch().count();
}
inline UtcTime time(const Statement& row, int column) {
    return UtcTime(microseconds(row.integer(column)));
}

/// Zeroes for a column of another size: the file was tampered with, and no chain will fit any more.
template <std::size_t size>
std::array<std::byte, size> bytes(const Statement& row, int column) {
    std::array<std::byte, size> value{};
    const ByteView blob = row.blob(column);
    if (blob.size() == size) std::copy(blob.begin(), blob.end(), value.begin());
    return value;
}
inline Digest digest(const Statement& row, int column) {
    return bytes<32>(row, column);
}
inline std::optional<Digest> optional_digest(const Statement& row, int column) {
    if (row.is_null(column)) return std::nullopt;
    return digest(row, column);
}
inline ChainId chain(const Statement& row, int column) {
    return ChainId{bytes<8>(row, column)};
}

inline ItemKind kind(const Statement& row, int column) {
    return item_kind_from_string(row.text(column)).value_or(ItemKind::read);
}
inline ClockDoubt clock_doubt(const Statement& row, int column) {
    return clock_doubt_from_string(row.text(column)).value_or(ClockDoubt::none);
}
inline Verdict verdict(const Statement& row, int authenticity, int key_trust) {
    return {authenticity_from_string(row.text(authenticity)).value_or(Authenticity::damaged),
            key_trust_from_string(row.text(key_trust)).value_or(KeyTrust::unchecked), ClockDoubt::none};
}

/// Rows of (authenticity, key_trust, clock, count).
inline Result<std::vector<VerdictCount>> verdict_counts(Statement& query) {
    std::vector<VerdictCount> counts;
    while (TRY(query.step())) {
        VerdictCount row;
        if (!query.is_null(0)) {
            row.verdict = verdict(query, 0, 1);
            row.verdict->clock = clock_doubt(query, 2);
        }
        row.count = query.count(3);
        counts.push_back(row);
    }
    return counts;
}

}  // namespace portcullis::columns
