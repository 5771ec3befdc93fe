// ingest_bench: what storing costs, without broker and opener: records that were sealed before, given to
// Ingest in batches, with the receipts after each. Prints one line of JSON. By hand; see tests/README.md.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "unit/collector/collector_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

using Steady = std::chrono::steady_clock;

double seconds_since(Steady::time_point start) {
    return std::chrono::duration<double>(Steady::now() - start).count();
}

double cpu_seconds() {
    rusage use{};
    ::getrusage(RUSAGE_SELF, &use);
    const auto of = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return of(use.ru_utime) + of(use.ru_stime);
}

struct Options {
    int records = 2000;
    std::size_t devices = 4;
    std::size_t batch = 64;
};

/// The devices' items by turns, as they come when all of them pass the same broker.
std::vector<BrokerMessage> sealed_traffic(const Road& road, const Options& options) {
    std::vector<std::unique_ptr<TestDevice>> devices;
    for (std::size_t i = 0; i < options.devices; ++i)
        devices.push_back(std::make_unique<TestDevice>(road, fmt::format("gate-{}", i + 1)));
    std::vector<BrokerMessage> all;
    for (int record = 0; record < options.records; ++record)
        for (BrokerMessage& message : devices[static_cast<std::size_t>(record) % options.devices]->messages(
                 devices[static_cast<std::size_t>(record) % options.devices]->seal()))
            all.push_back(std::move(message));
    return all;
}

void run(const Options& options) {
    CollectorBench bench;
    const std::vector<BrokerMessage> traffic = sealed_traffic(bench.road, options);
    std::vector<double> batch_ms;
    const double cpu = cpu_seconds();
    const auto start = Steady::now();
    for (std::size_t at = 0; at < traffic.size(); at += options.batch) {
        const auto from = traffic.begin() + static_cast<std::ptrdiff_t>(at);
        const auto count = std::min(options.batch, traffic.size() - at);
        const auto began = Steady::now();
        must(bench.ingest->accept({from, from + static_cast<std::ptrdiff_t>(count)}));
        must(bench.ingest->receipts());
        bench.clock.advance(std::chrono::seconds(2));  // receipts are due again
        batch_ms.push_back(seconds_since(began) * 1e3);
    }
    const double seconds = seconds_since(start);
    const double used = cpu_seconds() - cpu;
    std::ranges::sort(batch_ms);
    nlohmann::ordered_json figures;
    figures["items"] = traffic.size();
    figures["stored"] = bench.ingest->counters().stored;
    figures["receipts"] = bench.ingest->counters().receipts;
    figures["items_a_second"] = static_cast<double>(traffic.size()) / seconds;
    figures["cpu_us_an_item"] = used * 1e6 / static_cast<double>(traffic.size());
    figures["batch_ms_p50"] = batch_ms[batch_ms.size() / 2];
    figures["batch_ms_p99"] = batch_ms[batch_ms.size() * 99 / 100];
    std::cout << figures.dump() << "\n";
}

}  // namespace

int main(int argc, char** argv) {
    doctest::Context asserts;
    asserts.setAsDefaultForAssertsOutOfTestCases();
    Options options;
    CLI::App app("What storing costs at the collector's ingest");
    app.add_option("--records", options.records, "of three items each")->check(CLI::Range(1, 1'000'000));
    app.add_option("--devices", options.devices)->check(CLI::Range(1, 1000));
    app.add_option("--batch", options.batch, "items of one transaction")->check(CLI::Range(1, 256));
    CLI11_PARSE(app, argc, argv);
    run(options);
    return 0;
}
