#include "apps/portcullis/bench_index.hpp"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <random>

#include "apps/portcullis/bench_folder.hpp"
#include "apps/portcullis/bench_score.hpp"
#include "base/sha256.hpp"
#include "core/reading.hpp"
#include "index/plate_index.hpp"

namespace portcullis::bench {

namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

constexpr std::size_t batch_rows =
    20'000;  // of a transaction: pages of the tags' trees are written once for many
constexpr std::uint64_t devices = 8;
constexpr std::size_t regulars = 100;  // plates that pass again and again
constexpr std::uint64_t regular_every = 500;
constexpr std::size_t plate_letters = 7;
constexpr std::chrono::days day{1};
constexpr UtcTime first_day{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)};

double ms_since(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

std::string key_of(std::uint64_t epoch) {
    constexpr std::size_t key_id_letters = 40;
    return to_hex(sha256(as_bytes(fmt::format("epoch {}", epoch)))).substr(0, key_id_letters);
}

std::vector<std::string> keys_of(std::uint64_t epochs) {
    std::vector<std::string> keys;
    for (std::uint64_t epoch = 0; epoch < epochs; ++epoch)
        keys.push_back(key_of(epoch));
    return keys;
}

/// In the place of the recipients' keys: an ECDH more an epoch when the opener starts, none in a search.
Result<SecretKey> secret_of(const std::string& key_id, ByteView salt) {
    SecretKey secret;
    secret.bytes = sha256({as_bytes(key_id), salt});
    return secret;
}

class Traffic {
  public:
    explicit Traffic(const IndexOptions& options) : rows_an_epoch_(options.rows / options.epochs) {
        for (std::size_t i = 0; i < regulars; ++i)
            regulars_.push_back(any_plate());
    }
    /// The n-th passage of an epoch.
    IndexedPassage passage(std::uint64_t epoch, std::uint64_t n) {
        IndexedPassage passage;
        const std::uint64_t device = n % devices;
        passage.device = fmt::format("gate-{}", device);
        passage.chain.bytes.fill(static_cast<std::byte>(device));
        passage.seq = epoch * rows_an_epoch_ + n + 1;
        passage.captured = time_of(epoch, n);
        passage.text = n % regular_every == 0 ? regulars_[random_() % regulars] : any_plate();
        passage.lane = n % 3 == 0 ? "lane-1" : "lane-2";
        passage.direction = n % 2 == 0 ? Direction::approaching : Direction::receding;
        return passage;
    }
    [[nodiscard]] UtcTime time_of(std::uint64_t epoch, std::uint64_t n) const {
        return first_day + day * epoch + microseconds(day) * n / rows_an_epoch_;
    }
    [[nodiscard]] std::uint64_t rows_an_epoch() const { return rows_an_epoch_; }
    [[nodiscard]] const std::string& regular() { return regulars_[random_() % regulars]; }
    std::string any_plate() {
        std::string plate(plate_letters, 'A');
        for (char& sign : plate)
            sign = alphabet_at(random_() % plate_alphabet);
        return plate;
    }

  private:
    std::uint64_t rows_an_epoch_;
    std::vector<std::string> regulars_;
    std::mt19937_64 random_{20261126};  // NOLINT(cert-msc51-cpp,cert-msc32-c): the same rows in each run
};

Result<void> fill(PlateIndex& index, Traffic& traffic, const IndexOptions& options) {
    for (std::uint64_t epoch = 0; epoch < options.epochs; ++epoch) {
        const std::string key = key_of(epoch);
        for (std::uint64_t n = 0; n < traffic.rows_an_epoch();) {
            std::vector<IndexedPassage> batch;
            for (; batch.size() < batch_rows && n < traffic.rows_an_epoch(); ++n)
                batch.push_back(traffic.passage(epoch, n));
            TRY(index.add_all(batch, key, first_day));
        }
    }
    return index.settle(first_day);
}

/// As the opener does with each read: a transaction of its own, synced by a later one. us of each.
Result<double> add_singly(PlateIndex& index, Traffic& traffic, const IndexOptions& options) {
    constexpr std::uint64_t singles = 1000;
    const std::string key = key_of(options.epochs - 1);
    TRY(index.add(traffic.passage(options.epochs, 0), key, first_day));  // the one that is synced
    const Clock::time_point start = Clock::now();
    for (std::uint64_t n = 1; n <= singles; ++n)
        TRY(index.add(traffic.passage(options.epochs, n), key, first_day));
    const double us = 1000 * ms_since(start) / static_cast<double>(singles);
    TRY(index.settle(first_day));
    return us;
}

struct Times {
    std::vector<double> ms;
    std::uint64_t opened = 0;
    std::uint64_t found = 0;
};

/// As the opener answers, without audit log and socket.
Result<void> search(PlateIndex& index, PlateQuestion question, Times& times) {
    question = TRY(checked(std::move(question)));
    const Clock::time_point start = Clock::now();
    const auto candidates = TRY(index.candidates(question));
    const Findings findings = index.open_all(candidates, question);
    times.ms.push_back(ms_since(start));
    times.opened += candidates.size();
    times.found += findings.passages.size();
    return {};
}

struct Kind {
    std::string_view name;
    std::function<PlateQuestion()> question;
};

std::vector<Kind> kinds(Traffic& traffic, const IndexOptions& options) {
    const auto whole = [](std::string plate, bool look_alike) {
        PlateQuestion question;
        question.plate = std::move(plate);
        question.look_alike = look_alike;
        return question;
    };
    const auto part = [&traffic, &options] {
        PlateQuestion question;
        question.plate = "?A*";
        const std::uint64_t window =
            std::min<std::uint64_t>(traffic.rows_an_epoch(), max_candidates * 9 / 10);
        question.from = traffic.time_of(options.epochs / 2, 0);
        question.to = traffic.time_of(options.epochs / 2, window);
        return question;
    };
    return {{"exact", [=, &traffic] { return whole(traffic.regular(), false); }},
            {"look_alike", [=, &traffic] { return whole(traffic.regular(), true); }},
            {"never_read", [=, &traffic] { return whole(traffic.any_plate() + "Z", false); }},
            {"part", part}};
}

void print_line(std::string_view name, const Times& times) {
    const auto searches = static_cast<double>(times.ms.size());
    fmt::print("{:<12}{:>10.2f}{:>10.2f}{:>10.2f}{:>10.0f}{:>10.0f}\n", name, percentile(times.ms, 0.5),
               percentile(times.ms, 0.99), std::ranges::max(times.ms),
               static_cast<double>(times.opened) / searches, static_cast<double>(times.found) / searches);
}

Json json_of(const Times& times) {
    const auto searches = static_cast<double>(times.ms.size());
    return {{"p50_ms", percentile(times.ms, 0.5)},
            {"p99_ms", percentile(times.ms, 0.99)},
            {"max_ms", std::ranges::max(times.ms)},
            {"opened", static_cast<double>(times.opened) / searches},
            {"found", static_cast<double>(times.found) / searches}};
}

Result<Json> measure(const IndexOptions& options, const std::filesystem::path& file) {
    Traffic traffic(options);
    Json out = {{"rows", traffic.rows_an_epoch() * options.epochs}, {"epochs", options.epochs}};
    {
        PlateIndex index = TRY(PlateIndex::open(file, first_day));
        TRY(index.use_keys(keys_of(options.epochs), &secret_of));
        const Clock::time_point start = Clock::now();
        TRY(fill(index, traffic, options));
        out["add_us"] = 1000 * ms_since(start) / out["rows"].get<double>();
    }
    out["bytes_a_row"] = static_cast<double>(std::filesystem::file_size(file)) / out["rows"].get<double>();
    PlateIndex index = TRY(PlateIndex::open(file, first_day));
    TRY(index.use_keys(keys_of(options.epochs), &secret_of));
    if (!options.json)
        fmt::print(
            "{} rows, {} epochs, {:.0f} us and {:.0f} bytes a row\n{:<12}{:>10}{:>10}{:>10}{:>10}{:>10}\n",
            out["rows"].get<std::uint64_t>(), options.epochs, out["add_us"].get<double>(),
            out["bytes_a_row"].get<double>(), "", "p50 ms", "p99 ms", "max ms", "opened", "found");
    for (const Kind& kind : kinds(traffic, options)) {
        Times times;
        for (int i = 0; i < options.searches; ++i)
            TRY(search(index, kind.question(), times));
        if (!options.json) print_line(kind.name, times);
        out[std::string(kind.name)] = json_of(times);
    }
    out["add_singly_us"] = TRY(add_singly(index, traffic, options));
    std::vector<std::string> kept = keys_of(options.epochs);
    kept.erase(kept.begin());
    const Clock::time_point start = Clock::now();
    TRY(index.use_keys(std::move(kept), &secret_of));
    while (TRY(index.sweep())) {
    }
    out["forget_epoch_ms"] = ms_since(start);
    return out;
}

}  // namespace

Result<void> run_index(const IndexOptions& options) {
    const BenchFolder place = TRY(BenchFolder::create(options.folder));
    const Json out = TRY(measure(options, place.path() / "index.db"));
    if (options.json)
        fmt::print("{}\n", out.dump(1));
    else
        fmt::print("a read entered by itself: {:.0f} us; an epoch's rows forgotten: {:.0f} ms\n",
                   out["add_singly_us"].get<double>(), out["forget_epoch_ms"].get<double>());
    return {};
}

}  // namespace portcullis::bench
