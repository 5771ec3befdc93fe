#include "audit/usage.hpp"

#include <algorithm>
#include <array>

namespace portcullis {

namespace {

constexpr std::size_t page_entries = 1000;

std::int64_t minute_number(UtcTime time) {
    return std::chrono::floor<std::chrono::minutes>(time).time_since_epoch().count();
}

struct Span {
    std::string_view words;
    std::chrono::hours length;
    std::uint64_t UsageLimit::*limit;
};
constexpr std::array spans = {Span{"an hour", std::chrono::hours(1), &UsageLimit::an_hour},
                              Span{"a day", usage_memory, &UsageLimit::a_day}};

template <class Fits>
std::uint64_t count_of(std::span<const Access> accesses, UsageKind kind, const Fits& fits) {
    return static_cast<std::uint64_t>(std::ranges::count_if(
        accesses, [&](const Access& one) { return usage_of(one) == kind && fits(one); }));
}

struct Question {
    const Usage& usage;
    std::span<const Access> wanted;
    std::span<const Access> pending;
    UtcTime now;

    [[nodiscard]] std::optional<std::string> person(UsageKind kind, const UsageLimit& limit,
                                                    std::string_view what) const {
        const std::string& who = wanted.front().who;
        const std::uint64_t more = count_of(wanted, kind, [](const Access&) { return true; });
        if (more == 0) return std::nullopt;
        const std::uint64_t waiting =
            count_of(pending, kind, [&who](const Access& one) { return one.who == who; });
        for (const Span& span : spans) {
            const std::uint64_t had = waiting + usage.of_account(kind, who, now - span.length);
            if (had + more > limit.*span.limit)
                return fmt::format(
                    "'{}' has had {} {} within {} and would have {} more; at most {} are usual", who, had,
                    what, span.words, more, limit.*span.limit);
        }
        return std::nullopt;
    }

    [[nodiscard]] std::optional<std::string> site(const AccessSite& site, const UsageLimit& limit) const {
        const auto stands_there = [&site](const Access& one) {
            return std::ranges::binary_search(site.devices, one.device);
        };
        const std::uint64_t more = count_of(wanted, UsageKind::look, stands_there);
        if (more == 0) return std::nullopt;
        for (const Span& span : spans) {
            if (limit.*span.limit == no_limit) continue;
            std::uint64_t had = count_of(pending, UsageKind::look, stands_there);
            for (const std::string& device : site.devices)
                had += usage.of_device(UsageKind::look, device, now - span.length);
            if (had + more > limit.*span.limit)
                return fmt::format(
                    "{} reads of the site '{}' were shown within {} and {} more are asked for; at most {} "
                    "are "
                    "usual",
                    had, site.name, span.words, more, limit.*span.limit);
        }
        return std::nullopt;
    }
};

}  // namespace

std::optional<UsageKind> usage_of(const Access& access) {
    if (access.verdict != AccessVerdict::granted) return std::nullopt;
    if (access.what == searches_index || access.what == pairs_passages) return UsageKind::search;
    if (access.what == views_read || access.what == finds_read || access.what == shows_hit)
        return UsageKind::look;
    if (access.what == makes_case) return UsageKind::case_file;
    if (access.what == exports_read) return UsageKind::taken_out;
    return std::nullopt;
}

Result<void> Usage::follow(AuditLog& log, UtcTime now) {
    if (!upto_) {
        const AuditHead head = TRY(log.head());
        TRY(log.since(now - usage_memory, [&](const AuditEntry& entry) {
            if (entry.number <= head.entries) take(entry, now);
        }));
        upto_ = head.entries;
    }
    for (std::vector<AuditRow> page; !(page = TRY(log.rows(*upto_, page_entries))).empty();)
        for (const AuditRow& row : page) {
            const Result<AuditEntry> entry = parse_audit_entry(row.text);
            if (!entry)
                return fail(
                    ErrorCode::corrupt,
                    "audit log: entry {} cannot be read; `portcullis audit verify` says what was done",
                    row.number);
            take(*entry, now);
            upto_ = row.number;
        }
    forget(now - usage_memory);
    return {};
}

void Usage::take(const AuditEntry& entry, UtcTime now) {
    const std::optional<UsageKind> kind = usage_of(entry.access);
    if (!kind || entry.time < now - usage_memory) return;
    const std::int64_t minute = minute_number(entry.time);
    add(accounts_, *kind, entry.access.who, minute, 1);
    if (!entry.access.device.empty()) add(devices_, *kind, entry.access.device, minute, 1);
}

/// Entries come in both orders of time: a log is read from its end first, and a clock may be set back.
void Usage::add(Counts& counts, UsageKind kind, const std::string& name, std::int64_t minute,
                std::uint64_t count) {
    std::deque<Minute>& minutes = counts[{kind, name}];
    const auto place = std::ranges::lower_bound(minutes, minute, {}, &Minute::number);
    if (place != minutes.end() && place->number == minute)
        place->count += count;
    else
        minutes.insert(place, {minute, count});
}

std::uint64_t Usage::sum(const Counts& counts, UsageKind kind, const std::string& name, UtcTime since) {
    const auto place = counts.find({kind, name});
    if (place == counts.end()) return 0;
    std::uint64_t total = 0;
    const std::int64_t first = minute_number(since);
    for (auto minute = place->second.rbegin(); minute != place->second.rend() && minute->number >= first;
         ++minute)
        total += minute->count;
    return total;
}

std::uint64_t Usage::of_account(UsageKind kind, const std::string& account, UtcTime since) const {
    return sum(accounts_, kind, account, since);
}

std::uint64_t Usage::of_device(UsageKind kind, const std::string& device, UtcTime since) const {
    return sum(devices_, kind, device, since);
}

void Usage::forget(UtcTime before) {
    if (before < forgotten_ + std::chrono::minutes(1)) return;
    forgotten_ = before;
    const std::int64_t first = minute_number(before);
    for (Counts* counts : {&accounts_, &devices_})
        for (auto one = counts->begin(); one != counts->end();) {
            std::deque<Minute>& minutes = one->second;
            while (!minutes.empty() && minutes.front().number < first)
                minutes.pop_front();
            one = minutes.empty() ? counts->erase(one) : std::next(one);
        }
}

std::optional<std::string> breach_of(const LookLimits& limits, const Usage& usage, const AccessPolicy& policy,
                                     std::span<const Access> wanted, std::span<const Access> pending,
                                     UtcTime now) {
    if (wanted.empty()) return std::nullopt;
    const Question question{usage, wanted, pending, now};
    if (auto breach = question.person(UsageKind::search, limits.searches, "searches")) return breach;
    if (auto breach = question.person(UsageKind::look, limits.looks, "looks at reads")) return breach;
    for (const AccessSite& site : policy.sites)
        if (auto breach = question.site(site, limits.site_looks)) return breach;
    return std::nullopt;
}

}  // namespace portcullis
