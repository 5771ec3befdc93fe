#include "record/canonical.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "base/assert.hpp"

namespace portcullis {

namespace {

constexpr int max_decimals = 3;
constexpr std::size_t max_number_bytes = 24;  // more than any number that the writer writes

bool is_plain_ascii(unsigned char byte) {
    return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

bool is_digit(char letter) {
    return letter >= '0' && letter <= '9';
}

/// Length of the well-formed UTF-8 sequence (RFC 3629) of at least two bytes at the front of text, or 0.
std::size_t wide_sequence(std::string_view text) {
    struct Row {
        unsigned char first_low, first_high, second_low, second_high;
        std::size_t length;
    };
    // C2 80 to C2 9F, the second set of control characters, is left out.
    constexpr Row rows[] = {
        {0xc2, 0xc2, 0xa0, 0xbf, 2}, {0xc3, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};
    const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    for (const Row& row : rows) {
        if (byte(0) < row.first_low || byte(0) > row.first_high) continue;
        if (text.size() < row.length || byte(1) < row.second_low || byte(1) > row.second_high) return 0;
        for (std::size_t i = 2; i < row.length; ++i)
            if ((byte(i) & 0xc0) != 0x80) return 0;
        return row.length;
    }
    return 0;
}

/// Length of the plain character at the front of text, or 0.
std::size_t plain_character(std::string_view text) {
    return is_plain_ascii(static_cast<unsigned char>(text.front())) ? 1 : wide_sequence(text);
}

}  // namespace

bool is_plain_text(std::string_view text, std::size_t max_bytes) {
    if (text.size() > max_bytes) return false;
    while (!text.empty()) {
        const std::size_t length = plain_character(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

std::string to_plain_text(std::string_view text, std::size_t max_bytes) {
    std::string plain;
    while (!text.empty()) {
        const std::size_t length = plain_character(text);
        const std::string_view next = length == 0 ? "_" : text.substr(0, length);
        if (plain.size() + next.size() > max_bytes) break;
        plain += next;
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return plain;
}

CanonicalWriter& CanonicalWriter::literal(std::string_view text) {
    text_ += text;
    return *this;
}

CanonicalWriter& CanonicalWriter::text(std::string_view field, std::string_view value,
                                       std::size_t max_bytes) {
    if (!is_plain_text(value, max_bytes))
        reject(field, fmt::format("must be UTF-8 of at most {} bytes without quotes, backslashes and control "
                                  "characters",
                                  max_bytes));
    else
        literal("\"").literal(value).literal("\"");
    return *this;
}

CanonicalWriter& CanonicalWriter::hex(ByteView bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    text_ += '"';
    for (const std::byte byte : bytes) {
        text_ += digits[std::to_integer<std::size_t>(byte >> 4)];
        text_ += digits[std::to_integer<std::size_t>(byte & std::byte{0x0f})];
    }
    text_ += '"';
    return *this;
}

CanonicalWriter& CanonicalWriter::blanks(std::size_t count) {
    text_.append(count, ' ');
    return *this;
}

void CanonicalWriter::digits(std::uint64_t value) {
    std::array<char, max_number_bytes> text;  // NOLINT(*-member-init): to_chars fills what is read
    text_.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr);
}

CanonicalWriter& CanonicalWriter::integer(std::string_view field, std::uint64_t value) {
    if (value > max_json_integer)
        reject(field, "must be below 2^53");
    else
        digits(value);
    return *this;
}

CanonicalWriter& CanonicalWriter::decimal(std::string_view field, float value, int decimals, float low,
                                          float high) {
    PORTCULLIS_ASSERT(decimals >= 1 && decimals <= max_decimals);
    if (!(value >= low && value <= high)) {  // NaN too
        reject(field, fmt::format("must be a number from {} to {}", low, high));
        return *this;
    }
    // By whole units and digits: most of a payload's time went into formatting its decimals.
    constexpr std::array<std::int64_t, max_decimals + 1> units{1, 10, 100, 1000};
    const std::int64_t unit = units.at(static_cast<std::size_t>(decimals));
    const auto scaled = std::llround(static_cast<double>(value) * static_cast<double>(unit));
    const auto whole = static_cast<std::uint64_t>(std::abs(scaled) / unit);
    if (scaled < 0) text_ += '-';
    digits(whole);
    text_ += '.';
    std::int64_t rest = std::abs(scaled) % unit;
    for (std::int64_t place = unit / 10; place > 0; place /= 10) {
        text_ += static_cast<char>('0' + rest / place);
        rest %= place;
    }
    return *this;
}

CanonicalWriter& CanonicalWriter::time(std::string_view field, microseconds since_epoch) {
    if (since_epoch.count() < 0)
        reject(field, "must not be negative");
    else
        integer(field, static_cast<std::uint64_t>(since_epoch.count()));
    return *this;
}

void CanonicalWriter::reject(std::string_view field, std::string_view rule) {
    if (fault_.empty()) fault_ = fmt::format("{} {}", field, rule);
}

Result<std::string> CanonicalWriter::finish() && {
    if (!fault_.empty()) return fail(ErrorCode::invalid_argument, "record: {}", fault_);
    return std::move(text_);
}

CanonicalReader& CanonicalReader::literal(std::string_view expected) {
    if (next_is(expected))
        at_ += expected.size();
    else
        fault(expected);
    return *this;
}

bool CanonicalReader::next_is(std::string_view expected) const {
    return !failed_ && rest().starts_with(expected);
}

bool CanonicalReader::take(char letter) {
    if (failed_ || rest().empty() || rest().front() != letter) return false;
    ++at_;
    return true;
}

std::string CanonicalReader::text(std::string_view field, std::size_t max_bytes) {
    if (!take('"')) {
        fault(field);
        return {};
    }
    const std::string_view value = rest().substr(0, rest().find('"'));
    at_ += value.size();
    if (!is_plain_text(value, max_bytes) || !take('"')) {
        fault(field);
        return {};
    }
    return std::string(value);
}

std::uint64_t CanonicalReader::integer(std::string_view field) {
    std::uint64_t value = 0;
    const std::string_view digits = rest().substr(0, max_number_bytes);
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    const auto length = static_cast<std::size_t>(end - digits.data());
    const bool leading_zero = length > 1 && digits.front() == '0';
    if (failed_ || problem != std::errc() || leading_zero || value > max_json_integer) {
        fault(field);
        return 0;
    }
    at_ += length;
    return value;
}

float CanonicalReader::decimal(std::string_view field, int decimals) {
    const bool negative = take('-');
    const std::uint64_t whole = integer(field);
    if (!take('.')) fault(field);
    std::uint64_t fraction = 0;
    std::uint64_t unit = 1;
    for (int i = 0; i < decimals && !failed_; ++i) {
        if (rest().empty() || !is_digit(rest().front())) {
            fault(field);
            return 0;
        }
        fraction = fraction * 10 + static_cast<std::uint64_t>(rest().front() - '0');
        unit *= 10;
        ++at_;
    }
    const double value =
        static_cast<double>(whole) + static_cast<double>(fraction) / static_cast<double>(unit);
    return static_cast<float>(negative ? -value : value);
}

microseconds CanonicalReader::time(std::string_view field) {
    return microseconds(static_cast<microseconds::rep>(integer(field)));
}

Bytes CanonicalReader::hex(std::string_view field, std::size_t bytes) {
    const std::string digits = text(field, bytes * 2);
    Result<Bytes> value = from_hex(digits);
    // Capital digits would be a second spelling of the same value.
    if (!value || value->size() != bytes || to_hex(*value) != digits) {
        fault(field);
        return Bytes(bytes);
    }
    return std::move(*value);
}

Digest CanonicalReader::digest(std::string_view field) {
    Digest digest{};
    std::ranges::copy(hex(field, digest.size()), digest.begin());
    return digest;
}

ChainId CanonicalReader::chain(std::string_view field) {
    ChainId chain;
    std::ranges::copy(hex(field, chain.bytes.size()), chain.bytes.begin());
    return chain;
}

void CanonicalReader::skip_blanks() {
    while (take(' ')) {
    }
}

void CanonicalReader::fault(std::string_view field) {
    if (!failed_) fault_ = fmt::format("byte {}: expected {}", at_, field);
    failed_ = true;
}

Result<void> CanonicalReader::done() {
    if (!failed_ && at_ != text_.size()) fault("the end");
    if (failed_) return fail(ErrorCode::refused, "record: not canonical at {}", fault_);
    return {};
}

namespace {

std::string as_key(std::string_view name) {
    return fmt::format(R"(,"{}":)", name);
}

}  // namespace

void ObjectReader::key(std::string_view name) {
    in_.literal(as_key(name));
}

bool ObjectReader::has(std::string_view key) const {
    return in_.next_is(as_key(key));
}

std::string ObjectReader::text(std::string_view key, std::size_t max_bytes) {
    this->key(key);
    return in_.text(key, max_bytes);
}

std::uint64_t ObjectReader::integer(std::string_view key, std::uint64_t most) {
    this->key(key);
    const std::uint64_t value = in_.integer(key);
    if (value > most) in_.fault(key);
    return std::min(value, most);
}

float ObjectReader::decimal(std::string_view key, int decimals) {
    this->key(key);
    return in_.decimal(key, decimals);
}

std::optional<float> ObjectReader::decimal_if_there(std::string_view key, int decimals) {
    if (!has(key)) return std::nullopt;
    return decimal(key, decimals);
}

microseconds ObjectReader::time(std::string_view key) {
    this->key(key);
    return in_.time(key);
}

Digest ObjectReader::digest(std::string_view key) {
    this->key(key);
    return in_.digest(key);
}

ChainId ObjectReader::chain(std::string_view key) {
    this->key(key);
    return in_.chain(key);
}

void ObjectReader::blanks(std::string_view key) {
    this->key(key);
    in_.literal("\"").skip_blanks();
    in_.literal("\"");
}

}  // namespace portcullis
