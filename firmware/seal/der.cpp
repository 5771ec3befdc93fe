#include "seal/der.hpp"

namespace portcullis {

namespace {

constexpr std::size_t max_length_bytes = 3;  // elements below 16 MiB; no blob may be larger than 4 MiB

struct Length {
    std::size_t value;
    std::size_t bytes;  // of the length field itself
};

std::optional<Length> read_length(ByteView bytes) {
    if (bytes.empty()) return std::nullopt;
    const auto first = std::to_integer<std::size_t>(bytes[0]);
    if (first < 0x80) return Length{first, 1};
    const std::size_t count = first & 0x7f;
    if (count == 0 || count > max_length_bytes || bytes.size() < 1 + count) return std::nullopt;
    std::size_t value = 0;
    for (const std::byte byte : bytes.subspan(1, count))
        value = (value << 8) | std::to_integer<std::size_t>(byte);
    // A longer field than needed would be a second encoding of the same blob.
    const bool minimal = bytes[1] != std::byte{0} && value >= 0x80;
    return minimal ? std::optional(Length{value, 1 + count}) : std::nullopt;
}

}  // namespace

std::optional<DerCursor> DerCursor::enter(unsigned tag) {
    if (!next_is(tag)) return std::nullopt;
    const std::optional<Length> length = read_length(rest_.subspan(1));
    if (!length || rest_.size() - 1 - length->bytes < length->value) return std::nullopt;
    const DerCursor inner(rest_.subspan(1 + length->bytes, length->value));
    rest_ = rest_.subspan(1 + length->bytes + length->value);
    return inner;
}

bool DerCursor::literal(std::string_view bytes) {
    if (!as_text(rest_).starts_with(bytes)) return false;
    rest_ = rest_.subspan(bytes.size());
    return true;
}

std::optional<ByteView> DerCursor::take(std::size_t count) {
    if (rest_.size() < count) return std::nullopt;
    const ByteView taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
}

bool DerCursor::next_is(unsigned tag) const {
    return !rest_.empty() && std::to_integer<unsigned>(rest_[0]) == tag;
}

}  // namespace portcullis
