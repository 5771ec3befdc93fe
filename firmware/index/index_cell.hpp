#pragma once
// What a row of the index keeps to itself: the plate's text, the instant, lane and direction. 64 bytes, or
// 128 for a long lane's name, so that its length tells nothing of the plate. Pure functions, reentrant.
//   captured (us, 8 bytes, big-endian) | direction | letters of the text | bytes of the lane | text, zeros to
//   24 | lane, zeros

#include "core/ids.hpp"
#include "core/plate_question.hpp"

namespace portcullis {

/// A passage that was read: what is indexed of it, and what a search finds.
struct IndexedPassage {
    std::string device;
    ChainId chain;
    Seq seq = 0;
    UtcTime captured{};  // where its device's clock is in doubt: when it was received
    std::string text;    // A-Z 0-9; empty: unread
    std::string lane;
    Direction direction = Direction::unknown;
    bool operator==(const IndexedPassage&) const = default;
};

/// The caller cleanses it. Errors: invalid_argument (text or lane too long, a time before 1970).
[[nodiscard]] Result<Bytes> encode_cell(const IndexedPassage& passage);
/// Fills in what stands in the cell. Errors: corrupt.
[[nodiscard]] Result<void> decode_cell(ByteView plain, IndexedPassage& passage);

}  // namespace portcullis
