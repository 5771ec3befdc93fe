#include "hotlist/hotlist_matcher.hpp"

#include <algorithm>
#include <map>

#include "core/access_policy.hpp"
#include "core/plate_question.hpp"
#include "crossing/plate_distance.hpp"

namespace portcullis {

HotlistMatcher::HotlistMatcher(Hotlist list) : list_(std::move(list)) {
    for (std::size_t i = 0; i < list_.entries.size(); ++i)
        by_fold_[fold_look_alikes(list_.entries[i].plate)].push_back(i);
}

std::vector<HotlistMatch> HotlistMatcher::match(std::string_view text, UtcTime at,
                                                const IsOfSite& is_of_site) const {
    const auto like = by_fold_.find(fold_look_alikes(text));
    if (like == by_fold_.end()) return {};
    std::map<std::string_view, HotlistMatch> nearest;  // by case number
    for (const std::size_t place : like->second) {
        const HotlistEntry& entry = list_.entries[place];
        if (at >= end_of(entry.until)) continue;
        if (!entry.sites.empty() && std::ranges::none_of(entry.sites, is_of_site)) continue;
        const auto distance = static_cast<std::uint64_t>(plate_distance(text, entry.plate));
        const auto [known, fresh] = nearest.try_emplace(entry.case_number, HotlistMatch{&entry, distance});
        if (!fresh && distance < known->second.distance) known->second = {&entry, distance};
    }
    std::vector<HotlistMatch> matches;
    matches.reserve(nearest.size());
    for (const auto& [case_number, match] : nearest)
        matches.push_back(match);
    return matches;
}

std::size_t HotlistMatcher::in_force(UtcTime at) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        list_.entries, [at](const HotlistEntry& entry) { return at < end_of(entry.until); }));
}

}  // namespace portcullis
