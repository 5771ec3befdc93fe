#pragma once
// Where a row of the index stands, in the clear, and what its cell is bound to: no cell opens in another row.
// Values; reentrant.

#include "index/index_cell.hpp"
#include "index/index_key.hpp"

namespace portcullis {

struct RowPlace {
    std::string device;
    ChainId chain;
    Seq seq = 0;
    std::int64_t minute = 0;  // of the capture, since 1970
    Tag exact{};
    Tag folded{};
};

[[nodiscard]] std::int64_t minute_of(UtcTime time);
/// salt: its epoch's.
[[nodiscard]] Bytes bound_to(const RowPlace& place, ByteView salt);

}  // namespace portcullis
