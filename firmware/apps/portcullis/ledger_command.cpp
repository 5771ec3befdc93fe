#include "apps/portcullis/ledger_command.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>

#include "apps/common/store_source.hpp"
#include "collector/ingest/findings.hpp"
#include "collector/ingest/ledger.hpp"
#include "collector/ingest/lookout.hpp"
#include "collector/link/view_exchange.hpp"

namespace portcullis {

namespace {

struct LedgerOptions {
    std::filesystem::path store = "/var/lib/portcullis/collector/store.db";
    std::size_t chains = 100;
    std::size_t incidents = 20;
};

std::string words(const std::optional<Verdict>& verdict) {
    return verdict ? describe(*verdict) : "not judged yet";
}

void print_gaps(const char* what, const std::vector<GapRow>& gaps) {
    for (const GapRow& gap : gaps)
        std::cout << fmt::format("    {:<12} seq {} to {}, noticed {}{}{}{}\n", what, gap.first, gap.last,
                                 to_iso8601(gap.noticed_at),
                                 gap.closed_at ? ", closed " + to_iso8601(*gap.closed_at) : "",
                                 phrase(gap.declared).empty() ? "" : ", ", phrase(gap.declared));
}

void print_counts(const char* what, const std::vector<VerdictCount>& counts) {
    for (const VerdictCount& row : counts)
        std::cout << fmt::format("    {:<12} {:>8}  {}\n", what, row.count, words(row.verdict));
}

constexpr std::size_t most_lives = 5;

void print_lives(const ChainReport& report) {
    if (report.records_lost != 0 || report.frames_dropped != 0)
        std::cout << fmt::format("    declared     {} records given up, {} frames dropped\n",
                                 report.records_lost, report.frames_dropped);
    const std::size_t count = report.lives.size();
    for (std::size_t i = count - std::min(count, most_lives); i < count; ++i) {
        const LifeRow& row = report.lives[i];
        std::cout << fmt::format("    life         seq {}: {}, start {}, came {}\n", row.seq,
                                 to_string(row.life.reason), row.life.boots, to_iso8601(row.received_at));
    }
}

void print_chain(const ChainReport& report) {
    const ChainRow& chain = report.chain;
    const std::string branch = chain.branch == 0 ? ""
                                                 : fmt::format(" branch {}: sealed a second time from seq {}",
                                                               chain.branch, chain.base + 1);
    std::cout << fmt::format("{} chain {}{}\n", chain.device, to_string(chain.chain), branch)
              << fmt::format(
                     "    received up to seq {}, confirmed by the device up to {}, last seen {} at {}\n",
                     chain.settled(), chain.confirmed, chain.last, to_iso8601(chain.last_seen_at))
              << fmt::format("    duplicates {}, conflicts {}\n", chain.duplicates, chain.conflicts);
    if (chain.mismatch != 0)
        std::cout << fmt::format("  ! the link that the device signed at seq {} is not ours\n",
                                 chain.mismatch);
    print_counts("stored", report.stored);
    print_counts("quarantined", report.quarantined);
    print_gaps("! missing", report.missing);
    print_gaps("late", report.late);
    std::vector<GapRow> declared;
    for (const GapRow& gap : report.closed)
        if (gap.declared != Declared::no) declared.push_back(gap);
    print_gaps("shed", declared);
    print_lives(report);
}

void print_successions(const std::vector<ChainReport>& ledger) {
    for (const Succession& one : successions(ledger))
        std::cout << fmt::format("{} {} chain {} ended at seq {} or later ({}), {} came; chain {} follows\n",
                                 one.device, one.reason == LifeReason::rolled_back ? "!" : " ",
                                 to_string(one.previous), one.previous_last, to_string(one.reason), one.came,
                                 to_string(one.next));
    for (const LostAnchor& one : lost_anchors(ledger))
        std::cout << fmt::format("{} ! its anchor was gone at chain {} seq {}\n", one.chain->device,
                                 to_string(one.chain->chain), one.seq);
}

Result<void> show(const LedgerOptions& options) {
    Store store = TRY(look_at_store(options.store));
    const std::vector<ChainReport> ledger = TRY(report_ledger(store, options.chains));
    for (const ChainReport& report : ledger)
        print_chain(report);
    print_successions(ledger);
    for (const DeviceRow& device : TRY(store.devices.all(options.chains))) {
        if (device.silent_since)
            std::cout << fmt::format("{} ! silent since {}\n", device.name, to_iso8601(*device.silent_since));
        if (device.tail_told)
            std::cout << fmt::format("{} ! its status names seq {}, which has not come\n", device.name,
                                     device.status_last);
        if (device.returns >= cloned_after_returns)
            std::cout << fmt::format("{} ! two chains are alive at once: cloned\n", device.name);
    }
    const auto incidents = TRY(store.incidents.newest(options.incidents));
    if (!incidents.empty()) std::cout << "newest incidents\n";
    for (const IncidentRow& row : incidents)
        std::cout << fmt::format("    {}  {} chain {} seq {}: {}{}\n", to_iso8601(row.at),
                                 row.device.empty() ? "(no device)" : row.device, to_string(row.chain),
                                 row.seq, row.what,
                                 row.times == 1 ? ""
                                                : fmt::format(" ({} times, last at {}, seq {})", row.times,
                                                              to_iso8601(row.last_at), row.last_seq));
    return {};
}

}  // namespace

std::function<int()> add_ledger_command(CLI::App& app) {
    const auto options = std::make_shared<LedgerOptions>();
    CLI::App* command = app.add_subcommand(
        "ledger",
        "Show what the collector's store knows of each chain: how far it is received and confirmed, "
        "verdicts, gaps, incidents (no plate data: the store holds none)");
    command->footer("Exit: 0 done, 1 failed, 2 wrong usage");
    command->add_option("--store", options->store, store_option_text)->capture_default_str();
    command->add_option("--chains", options->chains, "at most so many chains")->capture_default_str();
    command->add_option("--incidents", options->incidents, "the newest so many incidents")
        ->capture_default_str();
    return [options] {
        const Result<void> done = show(*options);
        if (done) return 0;
        std::cerr << "portcullis ledger: " << done.error().message() << "\n";
        return 1;
    };
}

}  // namespace portcullis
