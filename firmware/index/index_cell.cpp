#include "index/index_cell.hpp"

#include <algorithm>

namespace portcullis {

namespace {

constexpr std::size_t time_bytes = 8;
constexpr std::size_t direction_at = time_bytes;
constexpr std::size_t letters_at = direction_at + 1;
constexpr std::size_t lane_bytes_at = letters_at + 1;
constexpr std::size_t text_at = lane_bytes_at + 1;
constexpr std::size_t lane_at = text_at + max_plate_letters;
constexpr std::size_t short_cell = 64;
constexpr std::size_t long_cell = 128;
static_assert(lane_at + max_lane_bytes <= long_cell);

Failure damaged() {
    return fail(ErrorCode::corrupt, "index: a row holds nothing of ours");
}

}  // namespace

Result<Bytes> encode_cell(const IndexedPassage& passage) {
    if (passage.text.size() > max_plate_letters || passage.lane.size() > max_lane_bytes)
        return fail(ErrorCode::invalid_argument, "index: a text or a lane's name is too long");
    if (passage.captured < UtcTime())
        return fail(ErrorCode::invalid_argument, "index: a passage before 1970");
    Bytes plain;
    plain.reserve(long_cell);
    append_u64(plain, static_cast<std::uint64_t>(passage.captured.time_since_epoch().count()));
    plain.push_back(static_cast<std::byte>(passage.direction));
    plain.push_back(static_cast<std::byte>(passage.text.size()));
    plain.push_back(static_cast<std::byte>(passage.lane.size()));
    plain.resize(lane_at + passage.lane.size() <= short_cell ? short_cell : long_cell);
    std::ranges::copy(as_bytes(passage.text), plain.begin() + text_at);
    std::ranges::copy(as_bytes(passage.lane), plain.begin() + lane_at);
    return plain;
}

Result<void> decode_cell(ByteView plain, IndexedPassage& passage) {
    if (plain.size() != short_cell && plain.size() != long_cell) return damaged();
    const std::uint64_t captured = read_u64(plain.first<time_bytes>());
    const auto letters = std::to_integer<std::size_t>(plain[letters_at]);
    const auto lane_bytes = std::to_integer<std::size_t>(plain[lane_bytes_at]);
    const auto direction = static_cast<Direction>(plain[direction_at]);
    if (letters > max_plate_letters || lane_at + lane_bytes > plain.size() ||
        direction > Direction::receding ||
        captured > static_cast<std::uint64_t>(UtcTime::max().time_since_epoch().count()))
        return damaged();
    passage.captured = UtcTime(microseconds(static_cast<std::int64_t>(captured)));
    passage.direction = direction;
    passage.text = as_text(plain.subspan(text_at, letters));
    passage.lane = as_text(plain.subspan(lane_at, lane_bytes));
    return {};
}

}  // namespace portcullis
