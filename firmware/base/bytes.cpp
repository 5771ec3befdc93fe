#include "base/bytes.hpp"

namespace portcullis {

namespace {

template <class T>
void append_big_endian(Bytes& out, T value) {
    for (int shift = static_cast<int>(sizeof(T)) * 8 - 8; shift >= 0; shift -= 8)
        out.push_back(static_cast<std::byte>((value >> shift) & 0xff));
}

template <class T, std::size_t size>
T read_big_endian(std::span<const std::byte, size> bytes) {
    T value = 0;
    for (std::byte byte : bytes)
        value = static_cast<T>((value << 8) | std::to_integer<T>(byte));
    return value;
}

int hex_digit(char letter) {
    if (letter >= '0' && letter <= '9') return letter - '0';
    if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
    if (letter >= 'A' && letter <= 'F') return letter - 'A' + 10;
    return -1;
}

}  // namespace

ByteView as_bytes(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

std::string_view as_text(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Bytes to_bytes(std::string_view text) {
    const ByteView view = as_bytes(text);
    return {view.begin(), view.end()};
}

const std::uint8_t* u8(ByteView bytes) {
    return reinterpret_cast<const std::uint8_t*>(bytes.data());
}
std::uint8_t* u8(Bytes& bytes) {
    return reinterpret_cast<std::uint8_t*>(bytes.data());
}

std::string to_hex(ByteView bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    hex.reserve(bytes.size() * 2);
    for (std::byte byte : bytes) {
        hex += digits[std::to_integer<std::size_t>(byte >> 4)];
        hex += digits[std::to_integer<std::size_t>(byte & std::byte{0x0f})];
    }
    return hex;
}

Result<Bytes> from_hex(std::string_view hex) {
    if (hex.size() % 2 != 0)
        return fail(ErrorCode::invalid_argument, "hex text has an odd length of {}", hex.size());
    Bytes bytes;
    bytes.reserve(hex.size() / 2);
    for (std::size_t i = 0; i < hex.size(); i += 2) {
        const int high = hex_digit(hex[i]);
        const int low = hex_digit(hex[i + 1]);
        if (high < 0 || low < 0)
            return fail(ErrorCode::invalid_argument, "hex text has a letter outside 0-9 a-f near place {}",
                        i);
        bytes.push_back(static_cast<std::byte>(high * 16 + low));
    }
    return bytes;
}

void append_u64(Bytes& out, std::uint64_t value) {
    append_big_endian(out, value);
}
void append_u32(Bytes& out, std::uint32_t value) {
    append_big_endian(out, value);
}
std::uint32_t read_u32(std::span<const std::byte, 4> bytes) {
    return read_big_endian<std::uint32_t>(bytes);
}
std::uint64_t read_u64(std::span<const std::byte, 8> bytes) {
    return read_big_endian<std::uint64_t>(bytes);
}

}  // namespace portcullis
