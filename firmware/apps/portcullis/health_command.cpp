#include "apps/portcullis/health_command.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/common/store_source.hpp"
#include "apps/portcullis/opener_options.hpp"
#include "apps/portcullis/time_option.hpp"
#include "collector/link/view_exchange.hpp"
#include "seal/self_test.hpp"

namespace portcullis {

namespace {

using Json = nlohmann::ordered_json;

struct HealthOptions {
    std::filesystem::path store = "/var/lib/portcullis/collector/store.db";
    OpenerOptions opener;
    std::string device;  // empty: all
    std::string since;
    std::size_t count = 20;
    std::size_t chains = 10'000;
    bool json = false;
};

struct Entry {
    ChainRow chain;
    ItemRow item;
    OpenedHealth health;
    Verdict verdict;
    std::string reason;
};

/// By device, each newest first.
using Entries = std::map<std::string, std::vector<Entry>>;

/// What it must name as the link before it; nothing when that item is not there.
Result<std::optional<Digest>> link_before(Store& store, const ChainRow& chain, Seq seq) {
    if (seq == 1) return std::optional(first_link(chain.device, chain.chain));
    if (seq - 1 == chain.base && chain.branch != 0) return std::optional(chain.base_link);
    const auto before = TRY(store.items.find(chain.id, seq - 1));
    return before ? before->link : std::optional<Digest>();
}

Result<Entry> open_one(Store& store, const EnvelopeOpener& opener, const ChainRow& chain,
                       const ItemRow& item) {
    Entry entry{chain, item, {}, {}, {}};
    entry.health = opener.open_health(TRY(store.items.blob(item.id)), item.received_at);
    entry.reason = entry.health.reason;
    // In a chain that does not fit, the collector's own links are what is in doubt: they accuse nobody.
    std::optional<Digest> previous;
    if (chain.mismatch == 0) previous = TRY(link_before(store, chain, item.seq));
    entry.verdict = place_verdict(entry.health, {chain.device, chain.chain, item.seq, previous});
    if (entry.verdict.authenticity == Authenticity::misplaced)
        entry.reason = "signed for another place in a chain";
    // The collector's word on a key that ran out hangs on the whole chain.
    const bool lapsed = item.verdict && item.verdict->key_trust == KeyTrust::lapsed;
    if (lapsed && entry.verdict.key_trust == KeyTrust::expired) entry.verdict.key_trust = KeyTrust::lapsed;
    return entry;
}

bool is_newer(const Entry& one, const Entry& other) {
    return std::tie(one.item.received_at, one.item.seq) > std::tie(other.item.received_at, other.item.seq);
}

Result<Entries> open_all(Store& store, const EnvelopeOpener& opener, const HealthOptions& options,
                         UtcTime since) {
    std::map<std::string, std::vector<std::pair<ChainRow, ItemRow>>> found;
    for (const ChainRow& chain : TRY(store.chains.all(options.chains))) {
        if (!options.device.empty() && chain.device != options.device) continue;
        for (const ItemRow& item : TRY(store.items.newest(chain.id, ItemKind::health, since, options.count)))
            found[chain.device].emplace_back(chain, item);
    }
    Entries entries;
    for (const auto& [device, items] : found) {
        std::vector<Entry>& list = entries[device];
        for (const auto& [chain, item] : items)
            list.push_back(TRY(open_one(store, opener, chain, item)));
        std::ranges::sort(list, is_newer);
        if (list.size() > options.count)
            list.erase(list.begin() + static_cast<std::ptrdiff_t>(options.count), list.end());
    }
    return entries;
}

/// "3d 04:05"
std::string words_of(std::chrono::seconds span) {
    const auto minutes = std::chrono::floor<std::chrono::minutes>(span).count();
    constexpr int minutes_a_day = 24 * 60;
    return fmt::format("{}d {:02}:{:02}", minutes / minutes_a_day, minutes % minutes_a_day / 60,
                       minutes % 60);
}

std::string what_is_degraded(const HealthRecord& record) {
    const HealthReport& report = record.report;
    std::string words;
    const auto add = [&](bool so, std::string_view word) {
        if (so) words += fmt::format("{}{}", words.empty() ? "" : ", ", word);
    };
    add(report.camera_lost,
        record.detail.camera_trouble.empty() ? "camera" : "camera: " + record.detail.camera_trouble);
    add(report.spool_trouble, "spool");
    add(report.trigger_trouble, "trigger");
    add(report.light_trouble, "light");
    add(report.rate_step > 0,
        fmt::format("{} (rate step {})", to_string(report.rate_reason), report.rate_step));
    return words.empty() ? "-" : words;
}

void print_head() {
    std::cout << fmt::format(
        "  {:<20}  {:>8}  {:>9}  {:>5}  {:>8}  {:>8}  {:>7}  {:>5}  {:>7}  {:>6}  {:<8}  {:>8}  {:>8}  {}\n",
        "received (UTC)", "seq", "up", "fps", "passages", "records", "unread", "lost", "dropped", "deg C",
        "clock", "waiting", "oldest", "degraded");
}

void print_line(const Entry& entry) {
    const std::string received = to_iso8601(std::chrono::floor<std::chrono::seconds>(entry.item.received_at));
    const std::string time = received.substr(0, 19) + "Z";
    if (!entry.health.payload || !is_believed(entry.verdict.key_trust) ||
        entry.verdict.authenticity != Authenticity::authentic) {
        std::cout << fmt::format("! {:<20}  {:>8}  {}{}{}\n", time, entry.item.seq, describe(entry.verdict),
                                 entry.reason.empty() ? "" : ": ", entry.reason);
        return;
    }
    const HealthRecord& record = entry.health.payload->record;
    const HealthReport& report = record.report;
    std::cout << fmt::format(
        "{} {:<20}  {:>8}  {:>9}  {:>5.1f}  {:>8}  {:>8}  {:>7}  {:>5}  {:>7}  {:>6}  {:<8}  {:>8}  {:>8}  "
        "{}\n",
        entry.verdict.good() ? ' ' : '!', time, entry.item.seq, words_of(report.uptime),
        report.frames_per_second, report.passages, report.records, report.unread, report.records_lost,
        report.frames_dropped, report.celsius ? fmt::format("{:.1f}", *report.celsius) : "-",
        to_string(report.clock.quality), record.detail.waiting_items, words_of(record.detail.oldest_waiting),
        what_is_degraded(record));
}

void print_table(const Entries& entries) {
    for (const auto& [device, list] : entries) {
        const auto newest = std::ranges::find_if(list, [](const Entry& entry) {
            return entry.verdict.good() && entry.health.payload.has_value();
        });
        std::cout << device;
        if (newest != list.end()) {
            const HealthRecord& record = newest->health.payload->record;
            std::cout << fmt::format(", version {}, camera {}", record.report.firmware,
                                     record.detail.camera.empty() ? "(none yet)" : record.detail.camera);
        }
        std::cout << "\n";
        print_head();
        for (const Entry& entry : list)
            print_line(entry);
    }
}

/// One object a line.
Result<void> print_json(const Entry& entry) {
    Json json;
    json["device"] = entry.chain.device;
    json["chain"] = to_string(entry.chain.chain);
    json["seq"] = entry.item.seq;
    json["received"] = to_iso8601(entry.item.received_at);
    json["authenticity"] = to_string(entry.verdict.authenticity);
    json["key_trust"] = to_string(entry.verdict.key_trust);
    if (!entry.reason.empty()) json["reason"] = entry.reason;
    if (entry.health.payload) {
        Json payload = Json::parse(TRY(encode_health(*entry.health.payload)), nullptr, false);
        if (payload.is_object()) payload.erase("pad");
        json["payload"] = std::move(payload);
    }
    std::cout << json.dump() << "\n";
    return {};
}

Result<bool> show(const HealthOptions& options) {
    TRY(envelope_self_test());
    const UtcTime since = options.since.empty()
                              ? UtcTime()
                              : TRY(time_from_option("--since", options.since, SystemClock().utc()));
    const EnvelopeOpener opener = TRY(create_opener(options.opener));
    Store store = TRY(look_at_store(options.store));
    const Entries entries = TRY(open_all(store, opener, options, since));
    if (entries.empty())
        return fail(
            ErrorCode::not_found,
            "{}: holds no health record{}{}; a device sends one every status.sealed_s of its reader.toml (0: "
            "none), and the ledger tells what came of it",
            options.store.string(), options.device.empty() ? "" : " of device " + options.device,
            options.since.empty() ? "" : " since " + options.since);
    if (!options.json) print_table(entries);
    bool good = true;
    bool unopened = false;
    for (const auto& [device, list] : entries)
        for (const Entry& entry : list) {
            if (options.json) TRY(print_json(entry));
            good = good && entry.verdict.good();
            unopened = unopened || entry.verdict.authenticity == Authenticity::unopened;
        }
    if (unopened)
        std::cerr
            << "portcullis health: some are sealed to others; give --key and --certificate of a recipient of "
               "health records ([recipients] health of reader.toml, or the recipient set's)\n";
    return good;
}

}  // namespace

std::function<int()> add_health_command(CLI::App& program) {
    const auto options = std::make_shared<HealthOptions>();
    CLI::App* command = program.add_subcommand(
        "health", "Open the health records of a collector's store: how each device was, with exact counts");
    command->footer(
        "The store is only read. A line with '!' cannot be believed, or not wholly, and says why. `waiting` "
        "is what "
        "had no\nreceipt yet when the record was sealed. --json prints all that was sealed, one object a "
        "line.\n"
        "Exit code: 0 all may be believed, 1 some may not, there is none, or the store cannot be read, 2 "
        "wrong "
        "usage or\nconfiguration.\n\n"
        "  portcullis health --key technician-health.key --certificate technician-health.crt \\\n"
        "      --device-ca device-chain.pem --signers devices/signers --device gate-1 --since 7d");
    command->add_option("--store", options->store, store_option_text)->capture_default_str();
    command->add_option("--device", options->device, "of this device alone");
    command->add_option("--since", options->since, "received since: " + std::string(time_rule));
    command->add_option("--count", options->count, "the newest so many of a device")
        ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}))
        ->capture_default_str();
    command->add_flag("--json", options->json, "one JSON object a line, for programs");
    add_opener_options(*command, options->opener);
    return [options] {
        const Result<bool> good = show(*options);
        if (good) return *good ? 0 : 1;
        std::cerr << "portcullis health: " << good.error().message() << "\n";
        return good.error().code() == ErrorCode::configuration ? 2 : 1;
    };
}

}  // namespace portcullis
