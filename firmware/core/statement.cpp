#include "core/statement.hpp"

#include <algorithm>
#include <array>

namespace portcullis {

namespace {

// In the order of LifeReason.
constexpr std::array<std::string_view, 7> reasons = {"new",        "start",       "set_aside", "rolled_back",
                                                     "spool_lost", "anchor_lost", "report"};

}  // namespace

std::string_view to_string(LifeReason reason) {
    return reasons.at(static_cast<std::size_t>(reason));
}

std::optional<LifeReason> life_reason_from_string(std::string_view text) {
    const auto* const found = std::ranges::find(reasons, text);
    if (found == reasons.end()) return std::nullopt;
    return static_cast<LifeReason>(found - reasons.begin());
}

bool begins_chain(LifeReason reason) {
    return reason == LifeReason::made || reason == LifeReason::set_aside ||
           reason == LifeReason::rolled_back || reason == LifeReason::spool_lost;
}

}  // namespace portcullis
