// `portcullis audit verify --destroyed`: the records of destroyed keys against the log that the witness
// signed.
#include "apps/portcullis/destruction_check.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "apps/portcullis/audit_command.hpp"
#include "drivers/keys/key_bench.hpp"
#include "retention_bench.hpp"
#include "support/command_run.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

using std::chrono::days;

/// A log with the destructions of two epochs, as the timer leaves it.
struct Archive {
    RetentionBench bench;
    KeyFiles witness = bench.sets.pki.issue("log-witness", "witness-1", {.ca = "service-ca"});

    Archive() {
        bench.add(today, Purpose::plate);
        bench.add(today + days(1), Purpose::plate);
        if (must(bench.run(UtcTime(today + days(4)))).size() != 2) throw std::runtime_error("not destroyed");
    }
    [[nodiscard]] Outcome audit(const std::string& step, std::vector<std::string> more = {}) const {
        std::vector<std::string> words{
            step,   bench.audit,   "--witness",       witness.certificate, "--patience",
            "8784", "--destroyed", bench.files.store, "--recorder",        bench.witness_files.certificate};
        words.insert(words.end(), more.begin(), more.end());
        return run_command(add_audit_command, "audit", words);
    }
    [[nodiscard]] fs::path record(std::size_t number) const {
        return records_of(bench.files.store).at(number);
    }
};

bool says(const Outcome& outcome, std::string_view part) {
    INFO(outcome.out);
    CHECK(outcome.code == 1);
    return outcome.out.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("records and entries that fit are in order, and both verify and report print them") {
    const Archive archive;
    for (const char* step : {"verify", "report"}) {
        const Outcome good = archive.audit(step);
        INFO(good.out);
        CHECK(good.code == 0);
        CHECK(good.out.find("epoch " + to_string(today) + ": 1 keys destroyed ") != std::string::npos);
        CHECK(good.out.find("by the schedule version 1") != std::string::npos);
    }
    CHECK(archive.audit("report").out.find("epoch " + to_string(today + days(1))) != std::string::npos);
    const auto json = nlohmann::json::parse(archive.audit("verify", {"--json"}).out);
    CHECK(json["in_order"] == true);
    CHECK(json["opened"] == 0);
    CHECK(json["destructions"]["destroyed"].size() == 2);
    CHECK(json["destructions"]["doubts"].empty());
}

TEST_CASE("attack: a record is removed, exchanged for a stranger's, or for another epoch's, one is put in") {
    const Archive archive;
    const Bytes first = must(read_file(archive.record(0), max_signed_bytes));
    const Destruction said = archive.bench.record(archive.record(0));
    const auto signed_by = [](const KeyFiles& files, const Destruction& destruction) {
        return must(sign_statement(SetDesk::AnyKey(files), must(encode_destruction(destruction))));
    };
    SUBCASE("removed") {
        fs::remove(archive.record(0));
        CHECK(says(archive.audit("verify"),
                   "missing record of entry 2: keys of the epoch " + to_string(today)));
    }
    SUBCASE("changed, and signed by a stranger") {
        const KeyFiles stranger = archive.bench.sets.pki.issue("other", "other", {.ca = "service-ca"});
        REQUIRE(write_file_atomically(archive.record(0), signed_by(stranger, said)));
        const Outcome bad = archive.audit("verify");
        CHECK(says(bad, "forged record"));
        CHECK(says(bad, "missing record of entry 2"));
    }
    SUBCASE("one bit") {
        Bytes bad = first;
        bad[bad.size() / 2] ^= std::byte{1};
        REQUIRE(write_file_atomically(archive.record(0), bad));
        CHECK(says(archive.audit("verify"), "forged record"));
    }
    SUBCASE("the recorder claims another destruction than the log has") {
        Destruction more = said;
        more.keys.push_back(std::string(key_id_letters, 'f'));
        REQUIRE(write_file_atomically(archive.bench.files.store.string() + ".x.destroyed",
                                      signed_by(archive.bench.witness_files, more)));
        CHECK(says(archive.audit("verify"), "keys.store.x.destroyed stands in no entry of the log"));
        const auto json = nlohmann::json::parse(archive.audit("verify", {"--json"}).out);
        CHECK(json["in_order"] == false);
    }
    SUBCASE("the log's entry says another epoch than the record") {
        AuditLog log = must(AuditLog::attach(archive.bench.audit));
        Access access = archive.bench.entries()[0];
        access.device = to_string(today + days(9));
        REQUIRE(log.append(std::span(&access, 1), now));
        CHECK(says(archive.audit("verify"), "says another thing than its record"));
    }
}

TEST_CASE("an epoch that was destroyed by hand needs no entry, and is printed") {
    const Archive archive;
    archive.bench.add(today + days(2), Purpose::read);
    KeyStore store = must(KeyStore::open(archive.bench.files));
    REQUIRE(store.destroy(today + days(2), *archive.bench.witness, now));
    const Outcome good = archive.audit("verify");
    INFO(good.out);
    CHECK(good.code == 0);
    CHECK(good.out.find("by hand") != std::string::npos);
}

TEST_CASE("a witness whose key lives in a token signs how far the log has come, and nobody without it does") {
    if (skip<TokenBench>()) return;
    TokenBench tokens;
    const RetentionBench bench;
    const fs::path folder = bench.sets.pki.folder();
    const fs::path certificate = tokens.certify("witness-1");
    AuditLog log = must(AuditLog::attach(bench.audit));
    Access access;
    access.who = "alice";
    access.role = "operator";
    access.purpose = "stolen-vehicle";
    access.case_number = "1";
    access.what = "view";
    REQUIRE(log.append(std::span(&access, 1), now));
    const auto audit = [](std::vector<std::string> words) {
        return run_command(add_audit_command, "audit", words);
    };
    std::ofstream(folder / "request") << audit({"head", bench.audit}).out;
    const std::vector<std::string> sign{"witness",       folder / "request", "--key",  tokens.source(),
                                        "--certificate", certificate,        "--kept", folder / "kept"};
    const Outcome answer = audit(sign);
    INFO(answer.out);
    REQUIRE(answer.code == 0);
    std::ofstream(folder / "answer") << answer.out;
    CHECK(audit({"admit", bench.audit, folder / "answer", "--witness", certificate}).code == 0);
    const Outcome good = audit({"verify", bench.audit, "--witness", certificate});
    INFO(good.out);
    CHECK(good.out.find("witnessed up to entry 1,") != std::string::npos);
    CHECK(good.code == 0);
    tokens.take_away();
    CHECK(audit(sign).code == 2);
}
