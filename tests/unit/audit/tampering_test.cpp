// What somebody with the file, SQL and the whole of our source can do to the log, and that it is found out.
// PORTCULLIS_ROUNDS sets the number of random changes; 1,000 of them are made to a log of 10,000 entries.
#include <algorithm>
#include <random>

#include "database/database.hpp"
#include "support/rounds.hpp"
#include "unit/audit/audit_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

/// Rebuilds every link, as whoever knows our source would. The witness's key he has not.
void relink(const std::filesystem::path& path) {
    Database file = must(Database::open({.path = path}));
    AuditLog log = must(AuditLog::read_only(path));
    Transaction transaction = must(Transaction::begin(file));
    auto update = must(file.prepare("UPDATE entry SET link = ? WHERE number = ?"));
    Digest link = first_audit_link(log.id());
    for (const AuditRow& row : must(log.rows(0, 1'000'000))) {
        link = next_audit_link(link, row.number, sha256(as_bytes(row.text)));
        must_do(update.run(ByteView(link), row.number));
    }
    must_do(transaction.commit());
}

/// Moves all entries behind `number` one down, their texts as well.
std::string close_gap(std::uint64_t number) {
    return fmt::format(
        "DELETE FROM entry WHERE number = {0}; UPDATE entry SET number = -number WHERE number > {0};"
        "UPDATE entry SET number = -number - 1, text = replace(text, '\"n\":' || -number || ',', "
        "'\"n\":' || (-number - 1) || ',') WHERE number < 0;",
        number);
}

struct Change {
    const char* name;
    std::string sql;
    bool relinked = false;
};

/// One change of each kind at random places of a log that is witnessed to its end.
Change change_of(int kind, std::uint64_t entries, std::mt19937& random) {
    const auto at = [&](std::uint64_t low = 1) { return low + random() % (entries - low + 1); };
    const std::uint64_t place = at();
    const std::string where = fmt::format(" WHERE number = {}", place);
    switch (kind) {
        case 0:
            return {"another name", "UPDATE entry SET text = replace(text, 'alice', 'mallory')" + where};
        case 1:
            return {"another case", "UPDATE entry SET text = replace(text, '2026-117', '2026-118')" + where,
                    true};
        case 2:
            return {"a letter", fmt::format("UPDATE entry SET text = substr(text, 1, {0}) || '~' || "
                                            "substr(text, {0} + 2) WHERE number = {1}",
                                            random() % 250, place)};
        case 3:
            return {"one deleted", "DELETE FROM entry" + where};
        case 4:
            return {"one deleted, the gap closed", close_gap(place), true};
        case 5:
            return {"a span deleted", fmt::format("DELETE FROM entry WHERE number BETWEEN {} AND {}", place,
                                                  place + random() % 50)};
        case 6:
            return {"the end cut off", fmt::format("DELETE FROM entry WHERE number >= {}", place)};
        case 7: {
            const std::uint64_t other = place == entries ? 1 : place + 1;
            return {"two exchanged",
                    fmt::format("UPDATE entry SET text = CASE number WHEN {0} THEN (SELECT text FROM "
                                "entry WHERE number = {1}) ELSE (SELECT text FROM entry WHERE "
                                "number = {0}) END WHERE number IN ({0}, {1})",
                                place, other),
                    random() % 2 == 0};
        }
        case 8:
            return {"a link", "UPDATE entry SET link = randomblob(32)" + where};
        case 9:
            return {"the time", "UPDATE entry SET text = replace(text, '\"t\":1', '\"t\":2')" + where, true};
        case 10:
            return {"a refusal made of it",
                    "UPDATE entry SET text = replace(text, 'granted', 'refused')" + where, true};
        default:
            return {"one put in",
                    fmt::format("DELETE FROM entry WHERE number > {0}; INSERT INTO entry SELECT {0} + 1, "
                                "text, link, asked FROM entry WHERE number = {0}",
                                place),
                    random() % 2 == 0};
    }
}

constexpr int kinds = 12;

}  // namespace

TEST_CASE("12.13: random edits, deletions and cuts of the audit log are all found") {
    const int rounds = rounds_or(36);
    const auto entries = static_cast<std::uint64_t>(std::clamp(rounds * 10, 360, 10'000));
    AuditBench bench;
    {
        AuditLog log = bench.open();
        bench.fill(log, entries / 2);
        bench.have_witnessed(log);
        bench.fill(log, entries - entries / 2);
        bench.have_witnessed(log);
    }
    REQUIRE(bench.check(bench.kept).in_order());
    const std::filesystem::path whole = bench.path;
    bench.path = bench.pki.folder() / "changed.db";
    std::mt19937 random(20261126);
    int found = 0;
    for (int round = 0; round < rounds; ++round) {
        const Change change = change_of(round % kinds, entries, random);
        CAPTURE(change.name);
        CAPTURE(change.sql);
        std::filesystem::copy_file(whole, bench.path, std::filesystem::copy_options::overwrite_existing);
        tamper(bench.path, change.sql);
        if (change.relinked) relink(bench.path);
        const bool in_order = bench.check().in_order();
        CHECK_FALSE(in_order);
        found += in_order ? 0 : 1;
    }
    MESSAGE(entries << " entries, " << rounds << " changes, " << found << " found");
    CHECK(found == rounds);
}

TEST_CASE("attack: an entry of the audit log changed: it is named, and those behind it are not accused") {
    AuditBench bench;
    {
        AuditLog log = bench.open();
        bench.fill(log, 50);
        bench.have_witnessed(log);
    }
    tamper(bench.path, "UPDATE entry SET text = replace(text, 'alice', 'bobby') WHERE number = 20");
    const AuditReport report = bench.check();
    REQUIRE(report.findings.size() == 1);
    CHECK(report.findings[0].fault == AuditFault::changed);
    CHECK(report.findings[0].first == 20);
}

TEST_CASE("attack: the audit log rebuilt with all its links is not what the witness signed") {
    AuditBench bench;
    {
        AuditLog log = bench.open();
        bench.fill(log, 30);
        bench.have_witnessed(log);
        bench.fill(log, 30);
        bench.have_witnessed(log);
    }
    tamper(bench.path, "UPDATE entry SET text = replace(text, 'alice', 'bobby') WHERE number = 40");
    relink(bench.path);
    const AuditReport report = bench.check();
    REQUIRE(report.findings.size() == 1);
    CHECK(report.findings[0].fault == AuditFault::rewritten);
    CHECK(report.findings[0].first == 31);
    CHECK(report.findings[0].last == 60);
    CHECK(report.witnessed == 30);
}

TEST_CASE("attack: the end of the audit log cut off, behind and before what the witness signed") {
    AuditBench bench;
    {
        AuditLog log = bench.open();
        bench.fill(log, 20);
        bench.have_witnessed(log);
        bench.fill(log, 5);
    }
    tamper(bench.path, "DELETE FROM entry WHERE number > 20");
    // Not covered: what nobody has witnessed yet.
    CHECK(bench.check(bench.kept).in_order());
    tamper(bench.path, "DELETE FROM entry WHERE number > 19");
    const AuditReport report = bench.check();
    REQUIRE(report.findings.size() == 1);
    CHECK(report.findings[0].fault == AuditFault::cut);
    CHECK(report.findings[0].first == 20);
    // With its statements it looks younger: what the witness kept tells.
    tamper(bench.path, "DELETE FROM witness");
    CHECK(bench.check().in_order());
    CHECK(has(bench.check(bench.kept), AuditFault::cut));
}

TEST_CASE("attack: the audit log replaced by a new one or by an older copy of itself") {
    AuditBench bench;
    {
        AuditLog log = bench.open();
        bench.fill(log, 20);
        bench.have_witnessed(log);
    }
    // An older copy: of after the first head.
    const std::filesystem::path whole = bench.path;
    bench.path = bench.pki.folder() / "older.db";
    std::filesystem::copy_file(whole, bench.path);
    {
        AuditLog log = must(AuditLog::open(whole));
        bench.fill(log, 5);
        bench.have_witnessed(log);
    }
    CHECK(has(bench.check(bench.kept), AuditFault::cut));
    // A new one.
    bench.path = whole;
    for (const char* suffix : {"", "-wal", "-shm"})
        std::filesystem::remove(bench.path.string() + suffix);
    {
        AuditLog log = bench.open();
        bench.fill(log, 20);
    }
    CHECK(has(bench.check(bench.kept), AuditFault::replaced));
    // Nor does the witness sign it.
    AuditLog log = bench.open();
    const auto refused =
        witness(must(log.request()), must(bench.keys().open_all(bench.kept)), *bench.witness_key, now);
    CHECK(refused.error().code() == ErrorCode::refused);
    CHECK(refused.error().message().find("replaced") != std::string::npos);
}

TEST_CASE("attack: statements of the audit log's witness deleted, exchanged, forged with another key") {
    AuditBench bench;
    {
        AuditLog log = bench.open();
        for (int i = 0; i < 3; ++i) {
            bench.fill(log, 10);
            bench.have_witnessed(log);
        }
    }
    const std::filesystem::path whole = bench.path;
    const auto changed = [&](const std::string& sql) {
        bench.path = bench.pki.folder() / "changed.db";
        std::filesystem::copy_file(whole, bench.path, std::filesystem::copy_options::overwrite_existing);
        tamper(bench.path, sql);
        return bench.check();
    };
    CHECK(has(changed("DELETE FROM witness WHERE number = 2"), AuditFault::missing_statement));
    CHECK(has(changed("UPDATE witness SET number = 4 WHERE number = 1"), AuditFault::missing_statement));
    CHECK(has(changed("UPDATE witness SET statement = randomblob(600) WHERE number = 2"),
              AuditFault::forged_statement));
    const KeyFiles other = bench.pki.issue("other", "witness-1", {.ca = "service-ca"});
    WitnessStatement forged = must(bench.keys().open(bench.kept[2])).said;
    const Witnessed second = must(bench.keys().open(bench.kept[1]));
    const Bytes blob = must(sign_witness(forged, &second, *bench.key(other)));
    CHECK(has(changed("UPDATE witness SET statement = x'" + to_hex(blob) + "' WHERE number = 3"),
              AuditFault::forged_statement));
    // The newest taken away: only what the witness kept tells, and it is no doubt.
    CHECK(changed("DELETE FROM witness WHERE number = 3").in_order());
    CHECK(has(bench.check(bench.kept), AuditFault::not_taken_in));
    CHECK(bench.check(bench.kept).in_order());
}

TEST_CASE("attack: what was asked for exchanged or deleted, the rest of the entry left") {
    AuditBench bench;
    {
        AuditLog log = bench.open();
        Access access = sample_access();
        access.asked = bench.sealed("AB12CDE");
        must_do(log.append(std::vector{access, sample_access(2)}, now));
    }
    tamper(bench.path, "UPDATE entry SET asked = x'00' WHERE number = 1");
    CHECK(has(bench.check(), AuditFault::question_changed));
    tamper(bench.path, "UPDATE entry SET asked = NULL WHERE number = 1");
    CHECK(has(bench.check(), AuditFault::question_changed));
    tamper(bench.path, "UPDATE entry SET asked = x'00' WHERE number = 2");
    CHECK(bench.check().findings.size() == 2);
}

TEST_CASE("attack: a trigger, a row below the first one, a name that is gone in the audit log") {
    AuditBench bench;
    {
        AuditLog log = bench.open();
        bench.fill(log, 3);
    }
    tamper(bench.path, "INSERT INTO entry SELECT -5, text, link, asked FROM entry WHERE number = 1");
    CHECK(has(bench.check(), AuditFault::misnumbered));
    tamper(bench.path, "DELETE FROM log");
    CHECK(AuditLog::read_only(bench.path).error().code() == ErrorCode::corrupt);
    CHECK_FALSE(AuditLog::open(bench.path));  // no new name for old entries
    tamper(bench.path, "CREATE TRIGGER quiet BEFORE INSERT ON entry BEGIN SELECT RAISE(IGNORE); END");
    CHECK(AuditLog::open(bench.path).error().code() == ErrorCode::corrupt);
}

TEST_CASE("entries that wait for the witness for too long are told, a clock that was set back is no doubt") {
    AuditBench bench;
    {
        AuditLog log = bench.open();
        must_do(log.append(std::vector{sample_access(1)}, now));
        must_do(log.append(std::vector{sample_access(2)}, now - std::chrono::hours(1)));
    }
    CHECK(has(bench.check(), AuditFault::clock_back));
    CHECK(bench.check().in_order());
    CHECK(has(bench.check({}, now + std::chrono::hours(25)), AuditFault::late));
    AuditLog log = bench.open();
    bench.have_witnessed(log);
    CHECK(bench.check({}, now + std::chrono::hours(25)).in_order());
}
