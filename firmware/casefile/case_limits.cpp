#include "casefile/case_limits.hpp"

#include <algorithm>

namespace portcullis {

bool CaseHistory::has_begun(const ChainId& id) const {
    return std::ranges::find(begun, id) != begun.end();
}

Result<CaseHistory> history_of(AuditLog& log, UtcTime now) {
    CaseHistory history;
    history.since = now - usage_memory;
    TRY(log.since(now - request_life - usage_memory, [&](const AuditEntry& entry) {
        history.usage.take(entry, now);
        if (usage_of(entry.access) == UsageKind::case_file) history.begun.push_back(entry.access.chain);
    }));
    return history;
}

std::optional<std::string> breach_of(const CaseLimits& limits, const CaseHistory& history,
                                     const AccessPolicy& policy, const std::string& account,
                                     const std::vector<CasePlace>& reads) {
    const Usage& usage = history.usage;
    const std::uint64_t files = usage.of_account(UsageKind::case_file, account, history.since);
    if (files + 1 > limits.files)
        return fmt::format("'{}' has had {} case files within a day; at most {} are made", account, files,
                           limits.files);
    const std::uint64_t taken = usage.of_account(UsageKind::taken_out, account, history.since);
    if (taken + reads.size() > limits.reads)
        return fmt::format("'{}' has had {} reads within a day and asks for {} more; at most {} leave",
                           account, taken, reads.size(), limits.reads);
    for (const AccessSite& site : policy.sites) {
        std::uint64_t left = 0;
        for (const std::string& device : site.devices)
            left += usage.of_device(UsageKind::taken_out, device, history.since);
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
