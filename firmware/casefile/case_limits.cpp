#include "casefile/case_limits.hpp"

#include <algorithm>

namespace portcullis {

namespace {

template <class Key>
std::uint64_t count_of(const std::map<Key, std::uint64_t>& counts, const Key& key) {
    const auto found = counts.find(key);
    return found == counts.end() ? 0 : found->second;
}

}  // namespace

bool CaseHistory::has_begun(const ChainId& id) const {
    return std::ranges::find(begun, id) != begun.end();
}

Result<CaseHistory> history_of(AuditLog& log, UtcTime now) {
    CaseHistory history;
    const UtcTime a_day_ago = now - std::chrono::days(1);
    TRY(log.since(now - request_life - std::chrono::days(1), [&](const AuditEntry& entry) {
        const Access& access = entry.access;
        if (access.verdict != AccessVerdict::granted) return;
        if (access.what == makes_case) history.begun.push_back(access.chain);
        if (entry.time < a_day_ago) return;
        if (access.what == makes_case) ++history.files[access.who];
        if (access.what != exports_read) return;
        ++history.reads[access.who];
        ++history.device_reads[access.device];
    }));
    return history;
}

std::optional<std::string> breach_of(const CaseLimits& limits, const CaseHistory& history,
                                     const AccessPolicy& policy, const std::string& account,
                                     const std::vector<CasePlace>& reads) {
    if (count_of(history.files, account) + 1 > limits.files)
        return fmt::format("'{}' has had {} case files within a day; at most {} are made", account,
                           count_of(history.files, account), limits.files);
    const std::uint64_t taken = count_of(history.reads, account);
    if (taken + reads.size() > limits.reads)
        return fmt::format("'{}' has had {} reads within a day and asks for {} more; at most {} leave",
                           account, taken, reads.size(), limits.reads);
    for (const AccessSite& site : policy.sites) {
        std::uint64_t left = 0;
        for (const std::string& device : site.devices)
            left += count_of(history.device_reads, device);
        const auto more = std::ranges::count_if(reads, [&](const CasePlace& place) {
            return std::ranges::binary_search(site.devices, place.device);
        });
        if (more > 0 && left + static_cast<std::uint64_t>(more) > limits.site_reads)
            return fmt::format(
                "{} reads of the site '{}' have left within a day, {} more are asked for; at most "
                "{} leave",
                left, site.name, more, limits.site_reads);
    }
    return std::nullopt;
}

}  // namespace portcullis
