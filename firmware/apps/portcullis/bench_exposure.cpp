#include "apps/portcullis/bench_exposure.hpp"

#include <chrono>
#include <nlohmann/json.hpp>

#include "apps/common/store_source.hpp"
#include "apps/portcullis/bench_folder.hpp"
#include "apps/portcullis/bench_keys.hpp"
#include "apps/portcullis/exposure_report.hpp"
#include "apps/portcullis/exposure_source.hpp"
#include "seal/certificate.hpp"
#include "seal/encrypt.hpp"

namespace portcullis::bench {

namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

constexpr std::uint64_t batch_passages = 5000;  // of a transaction
constexpr std::size_t read_bytes = 768;         // padded, as a device seals it
constexpr UtcTime first_day{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)};
constexpr std::chrono::days day{1};

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

/// What the devices seal on one day: the same bytes each time, for nobody opens them.
struct Day {
    std::string read_key;
    Bytes read;
    Bytes plate;
    Bytes overview;
};

Result<Day> make_day(const BenchExposureOptions& options) {
    const ThrowAwayKeys keys = TRY(ThrowAwayKeys::create(2));
    std::vector<X509Ptr> read;
    std::vector<X509Ptr> evidence;
    read.push_back(TRY(load_certificate(keys.recipients()[0].certificate)));
    evidence.push_back(TRY(load_certificate(keys.recipients()[1].certificate)));
    Day made;
    made.read_key = key_id(read[0].get());
    made.read = TRY(encrypt(Bytes(read_bytes), read));
    made.plate = TRY(encrypt(Bytes(static_cast<std::size_t>(options.plate_bytes)), evidence));
    made.overview = TRY(encrypt(Bytes(static_cast<std::size_t>(options.overview_bytes)), evidence));
    return made;
}

struct Passages {
    std::vector<Day> days;
    std::vector<ChainRow> chains;

    [[nodiscard]] const Day& day_of(std::uint64_t number, std::uint64_t passages) const {
        return days[number * days.size() / passages];
    }
};

Result<Passages> prepare(Store& store, const BenchExposureOptions& options) {
    Passages passages;
    for (std::uint64_t i = 0; i < options.days; ++i)
        passages.days.push_back(TRY(make_day(options)));
    Transaction transaction = TRY(store.begin());
    for (std::uint64_t i = 0; i < options.devices; ++i) {
        ChainId chain;
        chain.bytes.fill(static_cast<std::byte>(i));
        passages.chains.push_back(TRY(store.chains.add(fmt::format("gate-{}", i), chain, first_day)));
    }
    TRY(transaction.commit());
    return passages;
}

Result<void> add(Store& store, const Passages& passages, std::uint64_t number,
                 const BenchExposureOptions& options) {
    const Day& today = passages.day_of(number, options.passages);
    const ChainRow& chain = passages.chains[number % passages.chains.size()];
    ItemRow item;
    item.chain_id = chain.id;
    item.received_at = first_day + microseconds(day) * options.days * number / options.passages;
    item.seq = number / passages.chains.size() * 3;
    const std::pair<ItemKind, const Bytes*> items[] = {{ItemKind::read, &today.read},
                                                       {ItemKind::plate, &today.plate},
                                                       {ItemKind::overview, &today.overview}};
    for (const auto& [kind, blob] : items) {
        ++item.seq;
        item.kind = kind;
        TRY(store.items.add(item, *blob));
    }
    return {};
}

Result<void> fill(Store& store, const Passages& passages, const BenchExposureOptions& options) {
    for (std::uint64_t number = 0; number < options.passages;) {
        Transaction transaction = TRY(store.begin());
        for (std::uint64_t i = 0; i < batch_passages && number < options.passages; ++i, ++number)
            TRY(add(store, passages, number, options));
        TRY(transaction.commit());
    }
    return {};
}

struct Asked {
    std::string_view name;
    Breach breach;
};

/// Empty. What was filled into a server's stays there.
Result<Store> new_store(const BenchExposureOptions& options, const std::filesystem::path& file) {
    if (options.settings.empty()) return Store::open({file, {}, true});
    static const SystemClock clock;
    const CollectorSettings settings = TRY(CollectorSettings::load(options.settings));
    Store store = TRY(open_store(settings.store, clock, {}));
    if (TRY(store.items.count()) == 0) return store;
    return fail(ErrorCode::configuration, "--store {}: there are items in it; name a store that nobody uses",
                options.settings.string());
}

/// Seconds. The report is made whole: its table, its JSON and its page.
Result<double> ask(const std::filesystem::path& place, const Asked& asked, std::uint64_t passages) {
    const Clock::time_point start = Clock::now();
    Store store = TRY(look_at_store(place));
    const ExposureFacts facts;
    ExposureReport report(asked.breach);
    TRY(for_each_passage(store, [&](const StoredPassage& passage) {
        report.take(passage, judge_exposure(passage, asked.breach, facts));
    }));
    const std::size_t written =
        report.table().size() + report.json().size() + report.html(asked.breach.until).size();
    const double took = seconds_since(start);
    if (written == 0 || report.exposed() + report.safe() != passages)
        return fail(ErrorCode::internal, "bench: {} passages were looked at, not {}",
                    report.exposed() + report.safe(), passages);
    return took;
}

Result<Json> measure(const BenchExposureOptions& options, const std::filesystem::path& file) {
    Json out{{"passages", options.passages}, {"devices", options.devices}, {"days", options.days}};
    std::string key;
    {
        Store store = TRY(new_store(options, file));
        const Passages passages = TRY(prepare(store, options));
        key = passages.days[passages.days.size() / 2].read_key;
        const Clock::time_point start = Clock::now();
        TRY(fill(store, passages, options));
        out["fill_us_a_passage"] = 1e6 * seconds_since(start) / static_cast<double>(options.passages);
    }
    if (options.settings.empty()) out["store_bytes"] = std::filesystem::file_size(file);
    const std::filesystem::path& place = options.settings.empty() ? file : options.settings;
    const UtcTime end = first_day + day * (options.days + 1);
    const Asked questions[] = {{"key", {BreachKind::key, key, first_day, end}},
                               {"device", {BreachKind::device, "gate-0", first_day, end}},
                               {"account", {BreachKind::account, "alice", first_day, end}},
                               {"disk_copy", {BreachKind::host_copy, {}, first_day, end}}};
    for (const Asked& asked : questions)
        out[fmt::format("{}_s", asked.name)] = TRY(ask(place, asked, options.passages));
    return out;
}

}  // namespace

Result<void> run_exposure(const BenchExposureOptions& options) {
    const BenchFolder place = TRY(BenchFolder::create(options.folder));
    const Json out = TRY(measure(options, place.path() / "store.db"));
    if (options.json) {
        fmt::print("{}\n", out.dump(1));
        return {};
    }
    for (const auto& [name, value] : out.items())
        fmt::print("{:<20}{}\n", name, value.dump());
    return {};
}

}  // namespace portcullis::bench
