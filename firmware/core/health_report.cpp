#include "core/health_report.hpp"

#include <array>

namespace portcullis {

namespace {

constexpr std::array reasons = {"none", "heat", "memory"};

}  // namespace

const char* to_string(RateReason reason) {
    return reasons.at(static_cast<std::size_t>(reason));
}

std::optional<RateReason> rate_reason_from_string(std::string_view text) {
    for (std::size_t i = 0; i < reasons.size(); ++i)
        if (text == reasons.at(i)) return static_cast<RateReason>(i);
    return std::nullopt;
}

}  // namespace portcullis
