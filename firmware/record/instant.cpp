#include "record/instant.hpp"

#include <charconv>

#include "record/recipient_set_codec.hpp"

namespace portcullis {

namespace {

constexpr std::size_t day_letters = 10;     // 2026-11-25
constexpr std::size_t minute_letters = 16;  // 2026-11-25T08:15
constexpr std::size_t second_letters = 19;
constexpr std::size_t fraction_digits = 6;

std::optional<unsigned> number(std::string_view text, unsigned below) {
    unsigned value = 0;
    const auto [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc() || stop != text.data() + text.size() || value >= below) return std::nullopt;
    return value;
}

/// ".5", ".123456"
std::optional<microseconds> fraction(std::string_view text) {
    if (text.empty()) return microseconds(0);
    if (text.front() != '.' || text.size() < 2 || text.size() > 1 + fraction_digits) return std::nullopt;
    constexpr unsigned million = 1'000'000;
    auto value = number(text.substr(1), million);
    if (!value) return std::nullopt;
    for (std::size_t digits = text.size() - 1; digits < fraction_digits; ++digits)
        *value *= 10;
    return microseconds(*value);
}

}  // namespace

std::optional<UtcTime> instant_from_string(std::string_view text) {
    if (text.ends_with('Z') && text.size() > day_letters) text.remove_suffix(1);
    const auto day = day_from_string(text.substr(0, day_letters));
    if (!day) return std::nullopt;
    if (text.size() == day_letters) return UtcTime(*day);
    const bool seconds = text.size() >= second_letters && text[minute_letters] == ':';
    if ((text.size() != minute_letters && !seconds) || text[day_letters] != 'T' || text[13] != ':')
        return std::nullopt;
    const auto hour = number(text.substr(11, 2), 24);
    const auto minute = number(text.substr(14, 2), 60);
    const auto second = seconds ? number(text.substr(17, 2), 60) : std::optional(0U);
    const auto parts = fraction(seconds ? text.substr(second_letters) : std::string_view());
    if (!hour || !minute || !second || !parts) return std::nullopt;
    return UtcTime(*day) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
           std::chrono::seconds(*second) + *parts;
}

}  // namespace portcullis
