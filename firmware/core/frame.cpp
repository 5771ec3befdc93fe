#include "core/frame.hpp"

#include <array>

namespace portcullis {

namespace {

constexpr std::array names = {"none", "rtc", "holdover", "ntp", "nts", "gnss", "ptp"};

}  // namespace

const char* to_string(ClockQuality quality) {
    const auto at = static_cast<std::size_t>(quality);
    return at < names.size() ? names.at(at) : names.front();
}

std::optional<ClockQuality> clock_quality_from_string(std::string_view text) {
    for (std::size_t i = 0; i < names.size(); ++i)
        if (text == names.at(i)) return static_cast<ClockQuality>(i);
    return std::nullopt;
}

}  // namespace portcullis
