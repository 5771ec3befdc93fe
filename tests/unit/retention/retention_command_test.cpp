// `portcullis retention` and `portcullis policy retention` as persons and the timer run them.
#include "apps/portcullis/retention_command.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "apps/portcullis/policy_command.hpp"
#include "apps/portcullis/retention_source.hpp"
#include "record/retention_codec.hpp"
#include "retention_bench.hpp"
#include "support/command_run.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

using std::chrono::days;

/// Everything with dates of this run: the commands judge by the machine's clock.
struct Office {
    RetentionBench bench;
    std::chrono::sys_days day = std::chrono::floor<days>(SystemClock().utc());
    KeyFiles policy = bench.sets.pki.issue("now-policy", "policy",
                                           {.ca = "root",
                                            .extended = "emailProtection," + std::string(oid_policy),
                                            .from = UtcTime(day) - days(2),
                                            .until = UtcTime(day) + days(100)});
    fs::path settings = bench.data.path() / "opener.toml";

    Office() { write_settings(bench.schedule.string()); }
    void write_settings(const std::string& schedule) const {
        const std::string pki = bench.sets.pki.folder().string();
        std::ofstream(settings) << fmt::format(
            "[recipients]\nkeys = []\ncertificates = []\n[key_store]\nfile = \"{}\"\nkek = \"{}\"\n"
            "[devices]\nca_chain = \"{}\"\nsigners = \"{}/signers\"\n[access]\nfleet = \"{}\"\n"
            "policy = \"p\"\npolicy_chain = \"{}/root.crt\"\npolicy_signers = \"{}\"\n[audit]\nlog = \"{}\"\n"
            "[retention]\nschedule = \"{}\"\nkey = \"{}\"\ncertificate = \"{}\"\n",
            bench.files.store.string(), bench.files.kek.string(), bench.sets.pki.chain("device-ca").string(),
            pki, fleet, pki, policy.certificate.string(), bench.audit.string(), schedule,
            bench.witness_files.key.string(), bench.witness_files.certificate.string());
    }
    [[nodiscard]] Outcome sign(const std::string& source, std::vector<std::string> more) const {
        const fs::path file = bench.data.path() / "retention.toml";
        std::ofstream(file) << source;
        std::vector<std::string> words{"retention",
                                       "sign",
                                       bench.schedule,
                                       "--source",
                                       file,
                                       "--key",
                                       policy.key,
                                       "--certificate",
                                       policy.certificate,
                                       "--policy-chain",
                                       bench.sets.pki.folder() / "root.crt"};
        words.insert(words.end(), more.begin(), more.end());
        return run_command(add_policy_command, "policy", words);
    }
    [[nodiscard]] Outcome run(std::vector<std::string> words) const {
        words.insert(words.end(), {"--config", settings});
        return run_command(add_retention_command, "retention", words);
    }
};

constexpr const char* source = R"([[rule]]
fleet = "test-fleet"
purpose = "plate"
epoch = "6 hours"
keep = "1 day"
[[rule]]
fleet = "test-fleet"
purpose = "read"
epoch = "1 day"
keep = "30 days"
)";

}  // namespace

TEST_CASE("a schedule is signed, shown, and its due keys are destroyed, show tells when the others are due") {
    const Office office;
    const Outcome made = office.sign(source, {"--version", "4"});
    INFO(made.out);
    REQUIRE(made.code == 0);
    CHECK(made.out.find("rules: 2") != std::string::npos);
    const Outcome shown =
        run_command(add_policy_command, "policy",
                    {"retention", "show", office.bench.schedule, "--certificate", office.policy.certificate,
                     "--policy-chain", office.bench.sets.pki.folder() / "root.crt"});
    REQUIRE(shown.code == 0);
    const auto json = nlohmann::json::parse(shown.out);
    CHECK(json["version"] == 4);
    CHECK(json["rules"][0]["purpose"] == "read");
    CHECK(json["rules"][1]["epoch"] == "6 hours");
    office.bench.add(office.day - days(31), Purpose::read);
    office.bench.add(office.day - days(3), Purpose::read);
    office.bench.add(office.day, Purpose::read);
    const Outcome before = office.run({"show"});
    INFO(before.out);
    CHECK(before.code == 0);
    CHECK(before.out.find("  due\n") != std::string::npos);
    CHECK(before.out.find("due " + to_iso8601(UtcTime(office.day + days(28)))) != std::string::npos);
    CHECK(before.out.find("plate: no key of now") != std::string::npos);
    CHECK(office.bench.epochs().size() == 3);
    const Outcome done = office.run({"run", "--trust-clock"});
    INFO(done.out);
    REQUIRE(done.code == 0);
    CHECK(done.out.find("destroyed: " + to_string(office.day - days(31)) + " keys: 1\n") !=
          std::string::npos);
    CHECK(done.out.find("keys left: 2\n") != std::string::npos);
    CHECK(office.run({"run", "--trust-clock"}).out == "keys left: 2\n");
    CHECK(office.bench.entries().size() == 1);
}

TEST_CASE("what is wrong in a schedule's source is said, and nothing is signed") {
    const Office office;
    struct Row {
        std::string_view from;
        std::string_view to;
        const char* says;
    };
    for (const Row& row : {Row{"\"6 hours\"", "\"7 hours\"", "divides a day"},
                           Row{"\"6 hours\"", "\"36 hours\"", "whole days"},
                           Row{"\"6 hours\"", "\"0 minutes\"", "1 minute to 366 days"},
                           Row{"\"6 hours\"", "\"6\"", "a number and its unit"},
                           Row{"\"30 days\"", "\"41 years\"", "40 years"}, Row{"\"30 days\"", "30", "keep"},
                           Row{"\"plate\"", "\"read\"", "stands twice"},
                           Row{"\"plate\"", "\"plates\"", "purpose"}, Row{"keep", "kept", "kept"}}) {
        std::string text = source;
        text.replace(text.find(row.from), row.from.size(), row.to);
        fs::remove(office.bench.schedule);
        const Outcome outcome = office.sign(text, {"--version", "1"});
        INFO(row.to, outcome.out);
        CHECK(outcome.code != 0);
        CHECK(outcome.out.find(row.says) != std::string::npos);
        CHECK_FALSE(fs::exists(office.bench.schedule));
    }
}

TEST_CASE("the example of a schedule's source can be signed") {
    RetentionSchedule schedule =
        must(load_retention_source(fs::path(PORTCULLIS_SOURCE_DIR) / "board/host/config/retention.toml"));
    schedule.version = 1;
    CHECK(encode_retention(schedule).has_value());
}

TEST_CASE("without a schedule, an audit log or a store nothing is destroyed, and the error says what to do") {
    const Office office;
    REQUIRE(office.sign(source, {"--version", "1"}).code == 0);
    office.bench.add(office.day - days(31), Purpose::read);
    const auto refused = [&](const char* says) {
        const Outcome outcome = office.run({"run", "--trust-clock"});
        INFO(outcome.out);
        CHECK(outcome.code != 0);
        CHECK(outcome.out.find(says) != std::string::npos);
        CHECK(office.bench.epochs().size() == 1);
    };
    office.write_settings("");
    refused("portcullis epoch destroy");
    office.write_settings((office.bench.data.path() / "none").string());
    refused("portcullis policy retention sign");
    office.write_settings(office.bench.schedule.string());
    fs::remove(office.bench.audit);
    refused("portcullis-opener makes it");
}
