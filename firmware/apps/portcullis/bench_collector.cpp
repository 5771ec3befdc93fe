#include "apps/portcullis/bench_collector.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>
#include <nlohmann/json.hpp>
#include <thread>

#include "apps/portcullis/bench_fleet.hpp"
#include "apps/portcullis/bench_score.hpp"
#include "collector/ingest/ingest.hpp"
#include "collector/ingest/opener_client.hpp"
#include "collector/ingest/schema.hpp"
#include "collector/opener/judge.hpp"
#include "collector/opener/plate_register.hpp"
#include "drivers/database/postgresql/postgres_connection.hpp"

namespace portcullis::bench {

namespace {

using Json = nlohmann::ordered_json;
using Steady = std::chrono::steady_clock;

constexpr std::size_t opens_measured = 2000;
constexpr std::size_t judged_at_once = 64;

double seconds_of(const timespec& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

/// Of this thread alone.
double processor_s() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return seconds_of(now);
}

double seconds_since(Steady::time_point start) {
    return std::chrono::duration<double>(Steady::now() - start).count();
}

/// Time of the thread that made it, from begin() to end(), added up.
class Meter {
  public:
    void begin() { began_ = processor_s(); }
    void end() { sum_s_ += processor_s() - began_; }
    [[nodiscard]] double sum_s() const { return sum_s_; }

  private:
    double began_ = 0;
    double sum_s_ = 0;
};

using Messages = std::vector<BrokerMessage>;

bool is_for_opener(const BrokerMessage& message) {
    return !message.topic.ends_with("/chk");
}

/// Where the store is; each worker has a connection of its own.
class Shelf {
  public:
    Shelf(const CollectorOptions& options, std::filesystem::path folder)
        : options_(&options), folder_(std::move(folder)) {}

    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
    Result<Store> open() const {
        if (options_->server.empty()) return Store::open({folder_ / "store.db", {}, true});
        PostgresSettings settings;
        settings.host = options_->server;
        settings.database = options_->database;
        settings.user = options_->user;
        auto connection = TRY(PostgresConnection::connect(std::move(settings), clock_));
        TRY(connection->adopt(store_tables()));
        return Store::over(std::move(connection), {});
    }

  private:
    const CollectorOptions* options_;
    std::filesystem::path folder_;
    SystemClock clock_;
};

/// One ingest with one opener, in one thread: what they say to each other over a socket is no cost here.
class Worker {
  public:
    static Result<std::unique_ptr<Worker>> create(const Fleet& fleet, const Shelf& shelf, std::size_t number,
                                                  bool alone) {
        Store store = TRY(shelf.open());
        TrustStore trust = TRY(fleet.trust());
        EnvelopeOpener opener = TRY(fleet.opener());
        std::unique_ptr<Worker> worker(
            new Worker(std::move(store), std::move(trust), fleet.receipt_key(), std::move(opener)));
        const std::string name = fmt::format("worker-{}", number);
        if (!alone) TRY(worker->ingest_.share_work(name));
        worker->plates_.emplace(
            TRY(PlateRegister::create(shelf.folder() / fmt::format("index-{}.db", number), worker->clock_)));
        worker->plates_->use_keys(worker->judge_.opener());
        worker->ingest_.opener_keys_are(worker->judge_.keys());
        worker->ingest_.opener_is(true);
        return worker;
    }

    /// Stores and receipts what it is handed, in batches; after_each is called behind each of them.
    template <class Then>
    Result<void> store(const Messages& messages, std::size_t batch, const Then& after_each) {
        for (std::size_t at = 0; at < messages.size(); at += batch) {
            const std::size_t count = std::min(batch, messages.size() - at);
            const auto from = messages.begin() + static_cast<std::ptrdiff_t>(at);
            const Messages some(from, from + static_cast<std::ptrdiff_t>(count));
            const auto began = Steady::now();
            storing_.begin();
            TRY(ingest_.accept(some));
            TRY(ingest_.receipts());
            storing_.end();
            batch_ms_.push_back(1e3 * seconds_since(began));
            TRY(after_each());
        }
        return {};
    }
    /// Gives how many verdicts that made.
    Result<std::uint64_t> judge_some() {
        const std::uint64_t before = verdicts();
        storing_.begin();
        const std::vector<OpenRequest> requests = TRY(ingest_.to_judge(judged_at_once));
        storing_.end();
        judging_.begin();
        std::vector<OpenReply> replies;
        for (const OpenRequest& request : requests) {
            Judgement judgement = judge_.judge(request);
            if (judgement.passage) plates_->note(std::move(*judgement.passage), judgement.recipient);
            replies.push_back(judgement.reply);
            if (replies.size() % open_together == 0) plates_->enter_noted();
        }
        plates_->enter_noted();
        plates_->tick();
        judging_.end();
        storing_.begin();
        if (!replies.empty()) TRY(ingest_.judged(replies));
        storing_.end();
        return verdicts() - before;
    }
    [[nodiscard]] double storing_s() const { return storing_.sum_s(); }
    [[nodiscard]] double judging_s() const { return judging_.sum_s(); }
    [[nodiscard]] const std::vector<double>& batch_ms() const { return batch_ms_; }
    [[nodiscard]] const IngestCounters& counters() const { return ingest_.counters(); }

  private:
    Worker(Store store, TrustStore trust, const SigningKey& receipt_key, EnvelopeOpener opener)
        : ingest_(std::move(store), std::move(trust), receipt_key, clock_), judge_(std::move(opener)) {}
    [[nodiscard]] std::uint64_t verdicts() const {
        return ingest_.counters().judged_good + ingest_.counters().judged_doubtful;
    }

    SystemClock clock_;
    Ingest ingest_;
    Judge judge_;
    std::optional<PlateRegister> plates_;
    Meter storing_;
    Meter judging_;
    std::vector<double> batch_ms_;
};

/// A message to each by turns, as a broker shares a subscription.
std::vector<Messages> dealt(Messages messages, std::size_t workers) {
    std::vector<Messages> hands(workers);
    for (std::size_t i = 0; i < messages.size(); ++i)
        hands[i % workers].push_back(std::move(messages[i]));
    return hands;
}

struct Sums {
    std::uint64_t records = 0;
    std::uint64_t items = 0;
    double took_s = 0;
    double storing_s = 0;  // of processor time
    double judging_s = 0;
    std::uint64_t receipts = 0;
    std::vector<double> batch_ms;

    Result<void> add(const Worker& worker) {
        const IngestCounters& counted = worker.counters();
        if (counted.stored != counted.messages || counted.judged_doubtful != 0)
            return fail(ErrorCode::internal, "bench: {} of {} messages were stored, {} verdicts are doubtful",
                        counted.stored, counted.messages, counted.judged_doubtful);
        storing_s += worker.storing_s();
        judging_s += worker.judging_s();
        receipts += counted.receipts;
        batch_ms.insert(batch_ms.end(), worker.batch_ms().begin(), worker.batch_ms().end());
        return {};
    }
    [[nodiscard]] double records_a_second() const { return static_cast<double>(records) / took_s; }
    [[nodiscard]] double us_a_record(double sum_s) const {
        return 1e6 * sum_s / static_cast<double>(records);
    }
    [[nodiscard]] double us_an_item(double sum_s) const { return 1e6 * sum_s / static_cast<double>(items); }
};

Sums sums_for(const Messages& messages, std::uint64_t records) {
    Sums sums;
    sums.records = records;
    sums.items = messages.size();
    return sums;
}

/// Storing and receipting alone, by one; the verdicts come after, and are not timed.
Result<Sums> store_alone(const Fleet& fleet, const Shelf& shelf, const Messages& messages,
                         const CollectorOptions& options) {
    const auto worker = TRY(Worker::create(fleet, shelf, 1, true));
    Sums sums = sums_for(messages, options.records);
    const auto began = Steady::now();
    TRY(worker->store(messages, options.batch, [] { return Result<void>(); }));
    sums.took_s = seconds_since(began);
    sums.storing_s = worker->storing_s();
    while (TRY(worker->judge_some()) > 0) {
    }
    const double timed = sums.storing_s;
    TRY(sums.add(*worker));
    sums.storing_s = timed;
    return sums;
}

/// Each worker in a thread of its own, until all has a verdict.
Result<Sums> work(const Fleet& fleet, const Shelf& shelf, Messages messages,
                  const CollectorOptions& options) {
    const auto count = static_cast<std::size_t>(options.workers);
    Sums sums = sums_for(messages, options.records);
    const auto wanted = static_cast<std::uint64_t>(std::ranges::count_if(messages, is_for_opener));
    const std::vector<Messages> hands = dealt(std::move(messages), count);
    std::vector<std::unique_ptr<Worker>> workers;
    for (std::size_t i = 0; i < count; ++i)
        workers.push_back(TRY(Worker::create(fleet, shelf, i + 1, count == 1)));
    std::atomic<std::uint64_t> judged = 0;
    std::atomic<bool> failed = false;
    std::vector<Result<void>> ends(count);
    const auto run = [&](std::size_t i) -> Result<void> {
        const auto judge = [&]() -> Result<void> {
            judged += TRY(workers[i]->judge_some());
            return {};
        };
        TRY(workers[i]->store(hands[i], options.batch, judge));
        while (judged < wanted && !failed)
            TRY(judge());
        return {};
    };
    const auto began = Steady::now();
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < count; ++i)
            threads.emplace_back([&, i] {
                ends[i] = run(i);
                if (!ends[i]) failed = true;
            });
    }
    sums.took_s = seconds_since(began);
    for (Result<void>& end : ends)
        TRY(std::move(end));
    for (const auto& worker : workers)
        TRY(sums.add(*worker));
    return sums;
}

/// us of processor time for each of some reads: what no collector can do without. The fastest tenth is what
/// the machine is able to.
Result<std::vector<double>> open_reads(const Fleet& fleet, const Messages& messages) {
    const EnvelopeOpener opener = TRY(fleet.opener());
    const UtcTime now = SystemClock().utc();
    std::vector<double> us;
    for (const BrokerMessage& message : messages) {
        if (!message.topic.ends_with("/read") || us.size() >= opens_measured) continue;
        const double began = processor_s();
        const OpenedRead opened = opener.open_read(message.payload, now);
        us.push_back(1e6 * (processor_s() - began));
        if (!opened.payload)
            return fail(ErrorCode::internal, "bench: a sealed read does not open: {}", opened.reason);
    }
    return us;
}

Json json_of(const Sums& alone, const Sums& whole, const std::vector<double>& opens,
             const CollectorOptions& options) {
    const double bound_us = median(opens);
    const double worker_us = whole.us_a_record(whole.storing_s + whole.judging_s);
    return {{"store", options.server.empty() ? "sqlite" : "postgresql"},
            {"records", options.records},
            {"items", whole.items},
            {"devices", options.devices},
            {"batch", options.batch},
            {"open_us", {{"p10", percentile(opens, 0.1)}, {"median", bound_us}}},
            {"bound_records_a_second", 1e6 / bound_us},
            {"ingest_alone",
             {{"records_a_second", alone.records_a_second()},
              {"processor_us_a_record", alone.us_a_record(alone.storing_s)},
              {"processor_us_an_item", alone.us_an_item(alone.storing_s)},
              {"records_a_second_a_core", 1e6 / alone.us_a_record(alone.storing_s)},
              {"batch_ms_p50", percentile(alone.batch_ms, 0.5)},
              {"batch_ms_p99", percentile(alone.batch_ms, 0.99)}}},
            {"workers",
             {{"count", options.workers},
              {"records_a_second", whole.records_a_second()},
              {"processor_us_a_record", worker_us},
              {"of_it_ingest_us", whole.us_a_record(whole.storing_s)},
              {"of_it_opener_us", whole.us_a_record(whole.judging_s)},
              {"records_a_second_a_core", 1e6 / worker_us},
              {"share_of_bound", bound_us / worker_us},
              {"receipts", whole.receipts},
              {"batch_ms_p50", percentile(whole.batch_ms, 0.5)},
              {"batch_ms_p99", percentile(whole.batch_ms, 0.99)}}}};
}

void print_table(const Json& figures) {
    const Json& alone = figures["ingest_alone"];
    const Json& workers = figures["workers"];
    fmt::print("{} records ({} items) of {} devices, {}\n", figures["records"].get<std::uint64_t>(),
               figures["items"].get<std::uint64_t>(), figures["devices"].get<std::size_t>(),
               figures["store"].get<std::string>());
    fmt::print("opening a read        {:>8.0f} us of a core: at most {:.0f} records a second\n",
               figures["open_us"]["median"].get<double>(), figures["bound_records_a_second"].get<double>());
    fmt::print(
        "ingest alone          {:>8.0f} us of a core a record, {:.0f} a second; {:.0f} came a second\n",
        alone["processor_us_a_record"].get<double>(), alone["records_a_second_a_core"].get<double>(),
        alone["records_a_second"].get<double>());
    fmt::print(
        "{} ingest and opener   {:>8.0f} us of a core a record ({:.0f} and {:.0f}), {:.0f} a second, {:.0f} "
        "% of "
        "the bound; {:.0f} came a second\n",
        workers["count"].get<int>(), workers["processor_us_a_record"].get<double>(),
        workers["of_it_ingest_us"].get<double>(), workers["of_it_opener_us"].get<double>(),
        workers["records_a_second_a_core"].get<double>(), 100 * workers["share_of_bound"].get<double>(),
        workers["records_a_second"].get<double>());
}

}  // namespace

Result<void> run_collector(const CollectorOptions& options) {
    if (options.workers > 1 && options.server.empty())
        return fail(
            ErrorCode::configuration,
            "--workers: several share a store in PostgreSQL alone; name its socket's folder by --server");
    const Fleet fleet = TRY(Fleet::create(options.devices));
    const BenchFolder place = TRY(BenchFolder::create(options.folder));
    const Shelf shelf(options, place.path());
    const Messages first = TRY(fleet.seal(options.records, options.pictures));
    Messages second = TRY(fleet.seal(options.records, options.pictures));
    const std::vector<double> opens = TRY(open_reads(fleet, first));
    const Sums alone = TRY(store_alone(fleet, shelf, first, options));
    const Sums whole = TRY(work(fleet, shelf, std::move(second), options));
    const Json figures = json_of(alone, whole, opens, options);
    if (options.json)
        fmt::print("{}\n", figures.dump(1));
    else
        print_table(figures);
    return {};
}

}  // namespace portcullis::bench
