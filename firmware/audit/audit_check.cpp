#include "audit/audit_check.hpp"

#include <algorithm>
#include <array>

namespace portcullis {

namespace {

constexpr std::size_t page_rows = 1000;

struct Words {
    AuditFault fault;
    std::string_view name;
    std::string_view means;
};

constexpr std::array words = {
    Words{AuditFault::changed, "changed",
          "the entry, or its link, was changed, exchanged or put there by hand"},
    Words{AuditFault::unreadable, "unreadable", "the text is none that this program writes"},
    Words{AuditFault::misnumbered, "misnumbered", "the entry was moved here from another place"},
    Words{AuditFault::missing, "missing", "entries were deleted"},
    Words{AuditFault::question_changed, "question changed",
          "what was asked for was exchanged or deleted; the rest of the entry stands"},
    Words{AuditFault::cut, "cut", "the witness signed entries that are gone: the end was cut off"},
    Words{AuditFault::rewritten, "rewritten",
          "the log was rebuilt, links and all: it is not what the witness signed"},
    Words{AuditFault::replaced, "replaced",
          "the witness signed of another log: this one was put in its place"},
    Words{AuditFault::forged_statement, "forged statement",
          "a statement in the witness's name that he did not sign, or a damaged one"},
    Words{AuditFault::missing_statement, "missing statement", "a statement of the witness was deleted"},
    Words{AuditFault::late, "late",
          "entries wait for the witness for too long: until he signs, root on that host can change them"},
    Words{AuditFault::clock_back, "clock back", "the clock of the log's host was set back"},
    Words{AuditFault::not_taken_in, "not taken in",
          "the witness has signed more than the log holds: hand his answer in (`portcullis audit admit`)"},
    Words{
        AuditFault::stale, "stale",
        "entries wait for the witness, who should come every hour: look at portcullis-witness.timer here and "
        "portcullis-witness-sign.timer on his host"}};

const Words& words_of(AuditFault fault) {
    return *std::ranges::find(words, fault, &Words::fault);
}

class Walk {
  public:
    Walk(AuditLog& log, const AuditCheck& check, const std::function<void(const AuditEntry&, ByteView)>& seen)
        : log_(log), check_(check), seen_(seen), link_(first_audit_link(log.id())) {
        report_.log = log.id();
    }

    Result<AuditReport> run() {
        TRY(gather_statements());
        if (const std::uint64_t strays = TRY(log_.strays()); strays != 0) tell(AuditFault::misnumbered, 0);
        for (std::vector<AuditRow> page; !(page = TRY(log_.rows(report_.entries, page_rows))).empty();)
            for (const AuditRow& row : page)
                take(row);
        for (; next_ < heads_.size(); ++next_)
            tell(AuditFault::cut, report_.entries + 1, heads_[next_].said.entries);
        tell_waiting();
        return std::move(report_);
    }

  private:
    void tell_waiting() {
        const auto since = [this](UtcTime time) {
            return std::max(std::chrono::seconds(0),
                            std::chrono::duration_cast<std::chrono::seconds>(check_.now - time));
        };
        report_.waiting = report_.entries - report_.witnessed;
        if (report_.witnessed_at) report_.witness_age = since(*report_.witnessed_at);
        if (!first_waiting_) return;
        report_.waits = since(*first_waiting_);
        if (report_.waits > check_.patience)
            tell(AuditFault::late, report_.witnessed + 1, report_.entries);
        else if (report_.waits > check_.fresh)
            tell(AuditFault::stale, report_.witnessed + 1, report_.entries);
    }

    void tell(AuditFault fault, std::uint64_t first, std::uint64_t last = 0) {
        if (report_.findings.size() >= max_audit_findings)
            ++report_.more_findings;
        else
            report_.findings.push_back({fault, first, last == 0 ? first : last});
    }

    /// Whatever is signed by the witness counts, wherever it was kept; what the two do not share is told.
    Result<void> gather_statements() {
        const std::vector<Bytes> stored = TRY(log_.statements());
        report_.statements = stored.size();
        hear(stored);
        if (check_.kept.empty()) return {};
        const std::size_t shared = std::min(stored.size(), check_.kept.size());
        for (std::size_t i = 0; i < shared; ++i)
            if (stored[i] != check_.kept[i]) tell(AuditFault::missing_statement, i + 1);
        if (stored.size() > shared) tell(AuditFault::forged_statement, shared + 1, stored.size());
        if (check_.kept.size() > shared) tell(AuditFault::not_taken_in, shared + 1, check_.kept.size());
        hear(check_.kept);
        std::ranges::sort(heads_, {}, [](const Witnessed& one) { return one.said.entries; });
        return {};
    }

    void hear(const std::vector<Bytes>& statements) {
        std::optional<Witnessed> last;
        for (std::size_t i = 0; i < statements.size(); ++i) {
            Result<Witnessed> next = check_.keys.open(statements[i]);
            if (!next) {
                tell(AuditFault::forged_statement, i + 1);
                continue;
            }
            if (!follows(*next, last ? &*last : nullptr)) tell(AuditFault::missing_statement, i + 1);
            if (next->said.log != log_.id())
                tell(AuditFault::replaced, i + 1);
            else
                heads_.push_back(*next);
            last = std::move(*next);
        }
        std::ranges::sort(heads_, {}, [](const Witnessed& one) { return one.said.entries; });
    }

    void take(const AuditRow& row) {
        const bool gap = row.number != report_.entries + 1;
        if (gap) tell(AuditFault::missing, report_.entries + 1, row.number - 1);
        report_.entries = row.number;
        check_heads_before(row.number);
        read(row);
        const Digest computed = next_audit_link(link_, row.number, sha256(as_bytes(row.text)));
        const bool whole = row.link.size() == computed.size();
        // Behind a gap, and behind what was changed, the stored link is all there is to go on from: so that
        // one fault is told once, and not of all that follow.
        if (!gap && !std::ranges::equal(row.link, computed)) tell(AuditFault::changed, row.number);
        link_ = computed;
        if (whole) std::ranges::copy(row.link, link_.begin());
        check_heads_at(row.number);
    }

    void read(const AuditRow& row) {
        const Result<AuditEntry> entry = parse_audit_entry(row.text);
        if (!entry) return tell(AuditFault::unreadable, row.number);
        if (entry->number != row.number) tell(AuditFault::misnumbered, row.number);
        const bool asked = entry->asked ? *entry->asked == sha256(row.asked) : row.asked.empty();
        if (!asked) tell(AuditFault::question_changed, row.number);
        if (entry->time < last_time_) tell(AuditFault::clock_back, row.number);
        last_time_ = entry->time;
        const bool waits = heads_.empty() || row.number > heads_.back().said.entries;
        if (waits && !first_waiting_) first_waiting_ = entry->time;
        if (entry->access.verdict == AccessVerdict::refused)
            report_.refused += entry->access.count;
        else if (entry->access.opens())
            report_.granted += entry->access.count;
        if (seen_) seen_(*entry, row.asked);
    }

    /// Heads whose entry is gone; the entries before are told as missing.
    void check_heads_before(std::uint64_t number) {
        while (next_ < heads_.size() && heads_[next_].said.entries < number)
            ++next_;
    }

    void check_heads_at(std::uint64_t number) {
        for (; next_ < heads_.size() && heads_[next_].said.entries == number; ++next_) {
            const WitnessStatement& said = heads_[next_].said;
            if (said.link != link_) {
                if (rewritten_ != number) tell(AuditFault::rewritten, report_.witnessed + 1, number);
                rewritten_ = number;
                continue;
            }
            report_.witnessed = number;
            report_.witnessed_at = said.time;
        }
    }

    AuditLog& log_;
    const AuditCheck& check_;
    const std::function<void(const AuditEntry&, ByteView)>& seen_;
    AuditReport report_;
    std::vector<Witnessed> heads_;
    std::size_t next_ = 0;
    Digest link_;
    UtcTime last_time_{};
    std::optional<UtcTime> first_waiting_;
    std::uint64_t rewritten_ = 0;
};

std::string age_text(std::chrono::seconds age) {
    using namespace std::chrono;
    if (age >= days(2)) return fmt::format("{} days", duration_cast<days>(age).count());
    if (age >= hours(2)) return fmt::format("{} hours", duration_cast<hours>(age).count());
    return fmt::format("{} minutes", duration_cast<minutes>(age).count());
}

}  // namespace

std::string_view to_string(AuditFault fault) {
    return words_of(fault).name;
}

std::string_view meaning(AuditFault fault) {
    return words_of(fault).means;
}

bool is_doubt(AuditFault fault) {
    return fault < AuditFault::clock_back;
}

bool AuditReport::in_order() const {
    return more_findings == 0 && std::ranges::none_of(findings, &is_doubt, &AuditFinding::fault);
}

Result<AuditReport> check_audit(AuditLog& log, const AuditCheck& check,
                                const std::function<void(const AuditEntry&, ByteView)>& seen) {
    return Walk(log, check, seen).run();
}

std::string text_of(const AuditReport& report) {
    std::string text = fmt::format(
        "log {}: {} entries, {} opened, {} refused\nwitnessed up to entry {}{}, {} statements\n",
        to_string(report.log), report.entries, report.granted, report.refused, report.witnessed,
        report.witnessed_at
            ? fmt::format(", on {} ({} ago)", to_iso8601(*report.witnessed_at), age_text(report.witness_age))
            : ", never",
        report.statements);
    if (report.waiting != 0)
        text += fmt::format("{} entries wait for the witness, the oldest for {}\n", report.waiting,
                            age_text(report.waits));
    for (const AuditFinding& finding : report.findings)
        text += fmt::format("  {} {} {}{}: {}\n", is_doubt(finding.fault) ? "!" : " ",
                            to_string(finding.fault), finding.first,
                            finding.last == finding.first ? "" : fmt::format(" to {}", finding.last),
                            meaning(finding.fault));
    if (report.more_findings != 0) text += fmt::format("  ! and {} findings more\n", report.more_findings);
    text += report.in_order() ? "Everything is in order.\n" : "There is doubt.\n";
    return text;
}

}  // namespace portcullis
