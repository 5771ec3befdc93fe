#pragma once
// Usage: who searched, was shown and took out how much of late, counted from the audit log, so no restart
// forgets it; and what of it is more than usual. Whole minutes are counted: a limit's hour is up to a minute
// longer. Thread-bound.

#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "audit/audit_log.hpp"
#include "core/access_policy.hpp"

namespace portcullis {

enum class UsageKind {
    search,     // questions to the plate index, those about crossings among them
    look,       // reads shown: as they arrive, found, or hits
    case_file,  // begun
    taken_out   // reads that left in one
};
/// Of a granted access; nothing of what is in no sum.
[[nodiscard]] std::optional<UsageKind> usage_of(const Access& access);

inline constexpr std::chrono::hours usage_memory{24};

class Usage {
  public:
    /// Takes what the log has had since the last time; the first time what it has of the last day. Errors:
    /// AuditLog::since's.
    [[nodiscard]] Result<void> follow(AuditLog& log, UtcTime now);
    /// One entry; those older than usage_memory are of no account.
    void take(const AuditEntry& entry, UtcTime now);

    [[nodiscard]] std::uint64_t of_account(UsageKind kind, const std::string& account, UtcTime since) const;
    [[nodiscard]] std::uint64_t of_device(UsageKind kind, const std::string& device, UtcTime since) const;

  private:
    struct Minute {
        std::int64_t number = 0;  // since 1970
        std::uint64_t count = 0;
    };
    using Counts = std::map<std::pair<UsageKind, std::string>, std::deque<Minute>>;
    static void add(Counts& counts, UsageKind kind, const std::string& name, std::int64_t minute,
                    std::uint64_t count);
    static std::uint64_t sum(const Counts& counts, UsageKind kind, const std::string& name, UtcTime since);
    void forget(UtcTime before);

    std::optional<std::uint64_t> upto_;  // entries of the log
    UtcTime forgotten_{};
    Counts accounts_;
    Counts devices_;
};

inline constexpr std::uint64_t no_limit = UINT64_MAX;
struct UsageLimit {
    std::uint64_t an_hour = no_limit;
    std::uint64_t a_day = no_limit;
};
struct LookLimits {
    UsageLimit searches;    // of one person
    UsageLimit looks;       // the same
    UsageLimit site_looks;  // of one site, whoever looks
};

/// What would be over its limit with these besides, in words for who asks; nothing when all is within.
/// wanted: of one account; pending: others' that are granted and not in the log yet.
[[nodiscard]] std::optional<std::string> breach_of(const LookLimits& limits, const Usage& usage,
                                                   const AccessPolicy& policy, std::span<const Access> wanted,
                                                   std::span<const Access> pending, UtcTime now);

}  // namespace portcullis
