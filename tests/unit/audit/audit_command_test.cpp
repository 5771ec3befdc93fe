// `portcullis audit` as the people on both hosts run it.
#include "apps/portcullis/audit_command.hpp"

#include <sys/stat.h>

#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/file.hpp"
#include "support/command_run.hpp"
#include "unit/audit/audit_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

namespace fs = std::filesystem;

struct Desk {
    AuditBench bench;
    std::string log = bench.path.string();
    std::string request = (bench.pki.folder() / "request").string();
    std::string answer = (bench.pki.folder() / "answer").string();
    std::string kept = (bench.pki.folder() / "kept").string();
    std::string certificate = bench.witness_files.certificate.string();

    explicit Desk(std::uint64_t entries = 3) {
        AuditLog open = bench.open();
        bench.fill(open, entries);
    }
    [[nodiscard]] Outcome run(std::vector<std::string> arguments) const {
        return run_command(add_audit_command, "audit", arguments);
    }
    [[nodiscard]] Outcome sign() const {
        write(request, run({"head", log}).out);
        Outcome signed_one = run({"witness", request, "--key", bench.witness_files.key.string(),
                                  "--certificate", certificate, "--kept", kept});
        write(answer, signed_one.out);
        return signed_one;
    }
    [[nodiscard]] Outcome admit() const { return run({"admit", log, answer, "--witness", certificate}); }
    [[nodiscard]] Outcome look(const std::string& how, std::vector<std::string> more = {}) const {
        std::vector<std::string> all{how, log, "--witness", certificate};
        all.insert(all.end(), more.begin(), more.end());
        return run(all);
    }
    static void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }
};

bool says(const Outcome& outcome, std::string_view part) {
    INFO(outcome.out);
    const bool found = outcome.out.find(part) != std::string::npos;
    CHECK(found);
    return found;
}

/// The entries lie in the past of this host's clock: the witness has all the time that there is.
const std::vector<std::string> patient = {"--patience", "8784"};

}  // namespace

TEST_CASE("head, witness and admit hand a head to another host and its signature back") {
    const Desk desk;
    const Outcome signed_one = desk.sign();
    CHECK(signed_one.code == 0);
    CHECK(says(signed_one, "-----BEGIN CMS-----"));
    CHECK(says(desk.admit(), "taken in: 1"));
    CHECK(says(desk.admit(), "taken in: 0"));
    const Outcome good = desk.look("verify", {"--kept", desk.kept});
    CHECK(good.code == 0);
    CHECK(says(good, "witnessed up to entry 3"));
    CHECK(says(good, "Everything is in order."));
    // Nothing new, from then on something.
    CHECK(desk.sign().out.empty());
    CHECK(says(desk.admit(), "taken in: 0"));
    AuditLog log = desk.bench.open();
    desk.bench.fill(log, 2);
    CHECK(desk.sign().code == 0);
    CHECK(says(desk.admit(), "taken in: 1"));
    CHECK(must(statements_from_pem(must(read_text_file(desk.kept, 1 << 20)))).size() == 2);
}

TEST_CASE("exchange: request and answer go through a folder, each is there as long as it is wanted") {
    const Desk desk;
    const fs::path folder = desk.bench.pki.folder() / "exchange";
    fs::create_directory(folder);
    const auto exchange = [&] {
        return desk.run({"exchange", desk.log, "--folder", folder, "--witness", desk.certificate});
    };
    const auto sign = [&] {
        Desk::write(folder / "answer",
                    desk.run({"witness", folder / "request", "--key", desk.bench.witness_files.key,
                              "--certificate", desk.certificate, "--kept", desk.kept})
                        .out);
    };
    CHECK(says(exchange(), "taken in: 0, entries that wait for the witness: 3"));
    sign();
    CHECK(says(exchange(), "taken in: 1, entries that wait for the witness: 0"));
    CHECK_FALSE(fs::exists(folder / "answer"));
    CHECK_FALSE(fs::exists(folder / "request"));
    CHECK(says(desk.look("verify", {"--kept", desk.kept}), "Everything is in order."));
    AuditLog log = desk.bench.open();
    desk.bench.fill(log, 2);
    CHECK(says(exchange(), "wait for the witness: 2"));
    SUBCASE("an answer that got lost comes with the next one") {
        sign();
        fs::remove(folder / "answer");
        CHECK(says(exchange(), "wait for the witness: 2"));
        sign();
        CHECK(says(exchange(), "taken in: 1, entries that wait for the witness: 0"));
    }
    SUBCASE("what is no answer is put aside, and the next one is taken") {
        Desk::write(folder / "answer", "a letter");
        CHECK(exchange().code == 3);
        CHECK(fs::exists(folder / "answer.refused"));
        sign();
        CHECK(exchange().code == 0);
    }
    SUBCASE("attack: another's signature, and links to files of ours, are not taken") {
        const KeyFiles other = desk.bench.pki.issue("other", "other", {.ca = "service-ca"});
        fs::copy_file(desk.kept, desk.kept + ".other");
        Desk::write(folder / "answer", desk.run({"witness", folder / "request", "--key", other.key,
                                                 "--certificate", other.certificate, "--witness",
                                                 desk.certificate, "--kept", desk.kept + ".other"})
                                           .out);
        CHECK(exchange().code == 1);
        fs::create_symlink(desk.log, folder / "answer");
        CHECK(says(exchange(), "taken in: 0"));
        CHECK(fs::exists(desk.log));
        fs::remove(folder / "answer");
        REQUIRE(::mkfifo((folder / "answer").c_str(), 0600) == 0);
        CHECK(exchange().code == 0);  // does not wait for somebody who writes
    }
    SUBCASE("a log that was changed since gets no new request") {
        tamper(desk.bench.path, "DELETE FROM entry WHERE number <= 3");
        CHECK(says(exchange(), "which the witness signed, is gone"));
    }
}

TEST_CASE(
    "verify says how long ago the witness signed, and warns of entries that wait for longer than usual") {
    const Desk desk;
    CHECK(says(desk.look("verify", patient), "witnessed up to entry 0, never"));
    CHECK(desk.sign().code == 0);
    CHECK(desk.admit().code == 0);
    const Outcome fresh = desk.look("verify");
    CHECK(says(fresh, "(0 minutes ago)"));
    CHECK(fresh.out.find("stale") == std::string::npos);
    AuditLog log = desk.bench.open();
    desk.bench.fill(log, 2);  // in the past of this host's clock
    const Outcome stale = desk.look("verify", patient);
    CHECK(stale.code == 0);
    CHECK(says(stale, "2 entries wait for the witness"));
    CHECK(says(stale, "stale 4 to 5: "));
    const auto json = nlohmann::json::parse(desk.look("verify", {"--patience", "8784", "--json"}).out);
    CHECK(json["waiting"] == 2);
    CHECK(json["waits_s"] > 7200);
    CHECK(json["witness_age_s"] < 7200);
    CHECK(json["in_order"] == true);
    CHECK(desk.look("verify", {"--patience", "8784", "--stale", "8784"}).out.find("stale") ==
          std::string::npos);
}

TEST_CASE("a request and an answer come over standard input as well") {
    const Desk desk;
    const auto with_input = [](const std::string& text, const auto& run) {
        const std::istringstream input(text);
        std::streambuf* const before = std::cin.rdbuf(input.rdbuf());
        Outcome outcome = run();
        std::cin.rdbuf(before);
        std::cin.clear();
        return outcome;
    };
    const Outcome answer = with_input(desk.run({"head", desk.log}).out, [&] {
        return desk.run({"witness", "--key", desk.bench.witness_files.key.string(), "--certificate",
                         desk.certificate, "--kept", desk.kept});
    });
    CHECK(answer.code == 0);
    CHECK(says(with_input(answer.out,
                          [&] {
                              return desk.run({"admit", desk.log, "-", "--witness", desk.certificate});
                          }),
               "taken in: 1"));
}

TEST_CASE("audit's exit code: 0 in order, 1 doubt, 2 wrong usage, 3 the log cannot be read") {
    const Desk desk;
    CHECK(desk.sign().code == 0);
    CHECK(desk.admit().code == 0);
    CHECK(desk.look("verify").code == 0);
    CHECK(desk.run({"verify", desk.log}).code == 2);
    CHECK(desk.run({}).code == 2);
    CHECK(desk.look("report", {"--since", "yesterday"}).code == 2);
    CHECK(desk.look("verify", {"--kept", desk.kept + ".none"}).code == 2);
    CHECK(desk.run({"verify", desk.log, "--witness", desk.log}).code == 2);
    const Outcome missing = desk.run({"verify", desk.log + ".none", "--witness", desk.certificate});
    CHECK(missing.code == 3);
    CHECK(says(missing, "audit.db.none"));
    Desk::write(desk.answer, "a letter");
    CHECK(desk.run({"witness", desk.answer, "--key", desk.bench.witness_files.key.string(), "--certificate",
                    desk.certificate, "--kept", desk.kept})
              .code == 3);
    tamper(desk.bench.path, "DELETE FROM entry WHERE number = 3");
    CHECK(says(desk.look("verify"), "! cut 3"));
    CHECK(desk.look("verify").code == 1);
    CHECK(desk.look("report").code == 1);
    const Outcome unwilling = desk.run({"head", desk.log});
    CHECK(unwilling.code == 1);
    CHECK(says(unwilling, "entry 3, which the witness signed, is gone"));
    CHECK(help_of(add_audit_command, "audit").find("3 the log") != std::string::npos);
}

TEST_CASE("report shows who saw what for which case, filtered, as a table and as JSON") {
    const Desk desk;
    AuditLog log = desk.bench.open();
    Access bob = sample_access(9);
    bob.who = "bob";
    bob.case_number = "2026-200";
    bob.count = 4;
    Access refused = sample_access(10);
    refused.who = "mallory";
    refused.purpose = refused.case_number = "";
    refused.verdict = AccessVerdict::refused;
    must_do(log.append(std::vector{bob, refused}, now + std::chrono::days(1)));
    const Outcome all = desk.look("report", patient);
    CHECK(says(all, "alice opened for stolen-vehicle: 3"));
    CHECK(says(all, "bob opened for stolen-vehicle: 4"));
    CHECK(says(all, "gate-1/00112233445566ff/9"));
    const auto entries = [&](std::vector<std::string> filter) {
        filter.emplace_back("--json");
        filter.insert(filter.end(), patient.begin(), patient.end());
        return nlohmann::json::parse(desk.look("report", filter).out)["log_entries"];
    };
    CHECK(entries({}).size() == 5);
    CHECK(entries({"--who", "bob"}).size() == 1);
    CHECK(entries({"--case", "2026-117"}).size() == 3);
    CHECK(entries({"--until", "2026-11-23"}).size() == 3);
    CHECK(entries({"--since", "2026-11-24", "--who", "mallory"})[0]["verdict"] == "refused");
    CHECK(entries({"--device", "gate-2"}).empty());
    CHECK(entries({"--purpose", "none"}).empty());
    const auto json = nlohmann::json::parse(desk.look("verify", {"--json", "--patience", "8784"}).out);
    CHECK(json["opened"] == 7);
    CHECK(json["refused"] == 1);
    CHECK_FALSE(json.contains("log_entries"));
}

TEST_CASE("report shows what was asked for to the auditor's key alone") {
    const Desk desk(0);
    AuditLog log = desk.bench.open();
    Access access = sample_access();
    access.what = "search";
    access.asked = desk.bench.sealed("AB12CDE         ");
    must_do(log.append(std::vector{access}, now));
    const Outcome sealed = desk.look("report", patient);
    CHECK(says(sealed, "asked: (sealed)"));
    CHECK(sealed.out.find("AB12CDE") == std::string::npos);
    const auto with_key = [&](const KeyFiles& files) {
        return desk.look("report",
                         {"--key", files.key, "--certificate", files.certificate, "--patience", "8784"});
    };
    CHECK(says(with_key(desk.bench.auditor), "asked: AB12CDE\n"));
    CHECK(says(with_key(desk.bench.pki.recipient("other")), "sealed to another auditor"));
}
