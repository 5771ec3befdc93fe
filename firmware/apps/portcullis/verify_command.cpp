#include "apps/portcullis/verify_command.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/common/store_source.hpp"
#include "collector/ingest/verify.hpp"

namespace portcullis {

namespace {

using Json = nlohmann::ordered_json;

constexpr int cannot_read = 3;

struct VerifyOptions {
    std::filesystem::path store = "/var/lib/portcullis/collector/store.db";
    std::size_t chains = 100'000;
    bool json = false;
};

Json to_json(const Finding& finding) {
    Json json{
        {"finding", to_string(finding.kind)}, {"doubt", is_doubt(finding.kind)}, {"device", finding.device}};
    if (finding.chain != ChainId()) json["chain"] = to_string(finding.chain);
    if (finding.branch != 0) json["branch"] = finding.branch;
    if (finding.first != 0) {
        json["first"] = finding.first;
        json["last"] = finding.last;
    }
    json["count"] = finding.count;
    if (!finding.detail.empty()) json["detail"] = finding.detail;
    json["means"] = meaning(finding.kind);
    json["do"] = cure(finding.kind);
    return json;
}

void print_json(const VerifyReport& report) {
    Json json{{"in_order", report.in_order()}, {"chains", Json::array()}, {"findings", Json::array()}};
    for (const ChainSummary& summary : report.chains)
        json["chains"].push_back({{"device", summary.chain.device},
                                  {"chain", to_string(summary.chain.chain)},
                                  {"branch", summary.chain.branch},
                                  {"items", summary.items},
                                  {"good", summary.good},
                                  {"upto", summary.chain.upto},
                                  {"confirmed", summary.chain.confirmed},
                                  {"last", summary.chain.last}});
    for (const Finding& finding : report.findings)
        json["findings"].push_back(to_json(finding));
    std::cout << json.dump(2) << "\n";
}

Result<bool> verify(const VerifyOptions& options) {
    Store store = TRY(look_at_store(options.store));
    const VerifyReport report = TRY(verify_store(store, options.chains));
    if (options.json)
        print_json(report);
    else
        std::cout << text_of(report);
    return report.in_order();
}

}  // namespace

std::function<int()> add_verify_command(CLI::App& app) {
    const auto options = std::make_shared<VerifyOptions>();
    CLI::App* command = app.add_subcommand(
        "verify",
        "Walk each chain of a collector's store without any key: digests, links, checkpoints, tombstones, "
        "gaps, "
        "forks, verdicts; say what each finding means and what to do (no plate data: the store holds none)");
    command->footer(
        "The store is only read: neither the file nor its folder need be writable, and a running collector "
        "is "
        "not disturbed. A copy goes with its -wal and -shm, if there are any.\n"
        "Exit: 0 everything is in order, 1 there is doubt, 2 wrong usage, 3 the store cannot be read");
    command->add_option("STORE,--store", options->store, store_option_text)->capture_default_str();
    command->add_option("--chains", options->chains, "refuse a store with more chains")
        ->capture_default_str();
    command->add_flag("--json", options->json, "one JSON object");
    return [options] {
        const Result<bool> in_order = verify(*options);
        if (in_order) return *in_order ? 0 : 1;
        std::cerr << "portcullis verify: " << in_order.error().message() << "\n";
        return cannot_read;
    };
}

}  // namespace portcullis
