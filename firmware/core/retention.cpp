#include "core/retention.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace portcullis {

namespace {

struct Unit {
    std::string_view name;
    std::int64_t minutes;
};
constexpr Unit units[] = {{"minute", 1}, {"hour", 60}, {"day", 1440}, {"week", 10'080}, {"year", 525'600}};
constexpr std::int64_t most_of_a_unit = 1'000'000;

}  // namespace

const RetentionRule* RetentionSchedule::find(std::string_view fleet, Purpose purpose) const {
    const auto place = std::ranges::find_if(
        rules, [&](const RetentionRule& rule) { return rule.fleet == fleet && rule.purpose == purpose; });
    return place == rules.end() ? nullptr : &*place;
}

std::string span_text(std::chrono::minutes span) {
    const Unit* largest = &units[0];
    for (const Unit& unit : std::span(units).first(3))
        if (span.count() % unit.minutes == 0) largest = &unit;
    const std::int64_t number = span.count() / largest->minutes;
    return fmt::format("{} {}{}", number, largest->name, number == 1 ? "" : "s");
}

std::optional<std::chrono::minutes> span_from_text(std::string_view text) {
    std::int64_t number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
    if (parsed.ec != std::errc() || number < 0 || number > most_of_a_unit || !text.starts_with(' '))
        return std::nullopt;
    text.remove_prefix(1);
    for (const Unit& unit : units)
        if (text == unit.name || (text.starts_with(unit.name) && text.substr(unit.name.size()) == "s"))
            return std::chrono::minutes(number * unit.minutes);
    return std::nullopt;
}

}  // namespace portcullis
