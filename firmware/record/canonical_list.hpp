#pragma once
// Lists and days in the texts that the policy key signs. Pure functions, reentrant.

#include <string>
#include <string_view>
#include <vector>

#include "record/canonical.hpp"

namespace portcullis {

/// Writes the list's brackets and commas; `one` writes an entry.
template <class List, class One>
void write_list(CanonicalWriter& out, const List& list, One one) {
    out.literal("[");
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (i > 0) out.literal(",");
        one(list[i]);
    }
    out.literal("]");
}

/// Reads a list of at most `most` entries; what is beyond is a fault.
template <class Entry, class One>
[[nodiscard]] std::vector<Entry> read_list(CanonicalReader& in, std::string_view field, std::size_t most,
                                           One one) {
    std::vector<Entry> list;
    in.literal("[");
    if (in.next_is("]")) {
        in.literal("]");
        return list;
    }
    while (!in.failed()) {
        if (list.size() == most) in.fault(fmt::format("at most {} {}", most, field));
        list.push_back(one());
        if (!in.next_is(",")) break;
        in.literal(",");
    }
    in.literal("]");
    return list;
}

/// The writer has the last word: ranges, order and second spellings. what: "access policy". Errors: refused.
template <class Value>
[[nodiscard]] Result<Value> written_alike(Value value, std::string_view json, std::string_view what,
                                          Result<std::string> (*encode)(const Value&)) {
    const Result<std::string> again = encode(value);
    if (!again) return fail(ErrorCode::refused, "{}", again.error().message());
    if (*again != json) return fail(ErrorCode::refused, "{}: not canonical", what);
    return value;
}

}  // namespace portcullis
