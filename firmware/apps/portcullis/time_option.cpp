#include "apps/portcullis/time_option.hpp"

#include <charconv>
#include <optional>

#include "record/recipient_set_codec.hpp"

namespace portcullis {

namespace {

constexpr std::size_t day_letters = 10;     // 2026-11-25
constexpr std::size_t minute_letters = 16;  // 2026-11-25T08:15
constexpr std::size_t second_letters = 19;

std::optional<unsigned> number(std::string_view text, unsigned below) {
    unsigned value = 0;
    const auto [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc() || stop != text.data() + text.size() || value >= below) return std::nullopt;
    return value;
}

/// "12h", "7d".
std::optional<UtcTime> back_from(UtcTime now, std::string_view text) {
    constexpr unsigned most = 1'000'000;
    if (text.size() < 2) return std::nullopt;
    const auto count = number(text.substr(0, text.size() - 1), most);
    if (count && text.back() == 'h') return now - std::chrono::hours(*count);
    if (count && text.back() == 'd') return now - std::chrono::days(*count);
    return std::nullopt;
}

std::optional<UtcTime> instant(std::string_view text) {
    if (text.ends_with('Z') && text.size() > day_letters) text.remove_suffix(1);
    const auto day = day_from_string(text.substr(0, day_letters));
    if (!day) return std::nullopt;
    if (text.size() == day_letters) return UtcTime(*day);
    const bool seconds = text.size() == second_letters && text[minute_letters] == ':';
    if ((text.size() != minute_letters && !seconds) || text[day_letters] != 'T' || text[13] != ':')
        return std::nullopt;
    const auto hour = number(text.substr(11, 2), 24);
    const auto minute = number(text.substr(14, 2), 60);
    const auto second = seconds ? number(text.substr(17, 2), 60) : std::optional(0U);
    if (!hour || !minute || !second) return std::nullopt;
    return UtcTime(*day) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
           std::chrono::seconds(*second);
}

}  // namespace

Result<UtcTime> time_from_option(std::string_view option, std::string_view text, UtcTime now) {
    if (const auto time = instant(text)) return *time;
    if (const auto time = back_from(now, text)) return *time;
    return fail(ErrorCode::configuration, "{} {}: {}", option, text, time_rule);
}

}  // namespace portcullis
