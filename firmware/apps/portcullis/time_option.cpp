#include "apps/portcullis/time_option.hpp"

#include <charconv>
#include <optional>

#include "record/instant.hpp"

namespace portcullis {

namespace {

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

}  // namespace

Result<UtcTime> time_from_option(std::string_view option, std::string_view text, UtcTime now) {
    if (const auto time = instant_from_string(text)) return *time;
    if (const auto time = back_from(now, text)) return *time;
    return fail(ErrorCode::configuration, "{} {}: {}", option, text, time_rule);
}

}  // namespace portcullis
