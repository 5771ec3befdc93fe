// What is written, what is refused, and that nothing readable of a question stands in the file.
#include <algorithm>
#include <fstream>

#include "base/file.hpp"
#include "unit/audit/audit_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

TEST_CASE("each access is an entry, numbered, bound to the one before, and read back as it was") {
    AuditBench bench;
    AuditLog log = bench.open();
    CHECK(must(log.head()).entries == 0);
    bench.fill(log, 2500);
    const std::vector<AuditRow> rows = must(log.rows(0, 5000));
    REQUIRE(rows.size() == 2500);
    Digest link = first_audit_link(log.id());
    for (const AuditRow& row : rows) {
        const AuditEntry entry = must(parse_audit_entry(row.text));
        link = next_audit_link(link, row.number, sha256(as_bytes(row.text)));
        REQUIRE(std::ranges::equal(row.link, link));
        REQUIRE(entry.number == row.number);
        REQUIRE(entry.access.seq == row.number);
        REQUIRE(entry.time == now + std::chrono::seconds(row.number > 2000   ? 2500
                                                         : row.number > 1000 ? 2000
                                                                             : 1000));
    }
    CHECK(must(log.head()).link == link);
    const AuditReport report = bench.check();
    CHECK(report.in_order());
    CHECK(report.granted == 2500);
}

TEST_CASE("no purpose or no case number: a granted access has no entry, a refused one has") {
    AuditBench bench;
    AuditLog log = bench.open();
    for (std::string Access::*field : {&Access::purpose, &Access::case_number, &Access::who, &Access::what}) {
        Access access = sample_access();
        access.*field = "";
        const std::vector<Access> batch{sample_access(), access};
        CHECK(log.append(batch, now).error().code() == ErrorCode::invalid_argument);
    }
    CHECK(must(log.head()).entries == 0);  // nor has the good one of the same batch
    Access refused = sample_access();
    refused.purpose = refused.case_number = "";
    refused.verdict = AccessVerdict::refused;
    must_do(log.append(std::vector{refused}, now));
    CHECK(bench.check().refused == 1);
}

TEST_CASE("attack: quotes, line ends, control characters and long texts in an access are refused") {
    AuditBench bench;
    AuditLog log = bench.open();
    for (const std::string& text :
         {std::string("x\",\"who\":\"bob"), std::string("two\nlines"), std::string("\x1b[2J"),
          std::string("back\\slash"), std::string(max_audit_word_bytes + 1, 'x'), std::string("\xff\xfe")}) {
        Access access = sample_access();
        access.case_number = text;
        CHECK(log.append(std::vector{access}, now).error().code() == ErrorCode::invalid_argument);
    }
    CHECK(must(log.head()).entries == 0);
    Access access = sample_access();
    access.case_number = "'); DROP TABLE entry; --";
    must_do(log.append(std::vector{access}, now));
    CHECK(must(parse_audit_entry(must(log.rows(0, 1))[0].text)).access.case_number == access.case_number);
}

TEST_CASE("attack: a stolen audit log tells no plate that was asked for, an auditor reads it") {
    AuditBench bench;
    AuditLog log = bench.open();
    Access access = sample_access();
    access.what = "search";
    access.asked = to_bytes("AB12CDE");
    CHECK(log.append(std::vector{access}, now).error().code() == ErrorCode::refused);  // in the clear
    access.asked = bench.sealed("AB12CDE                 ");
    must_do(log.append(std::vector{access}, now));
    const AuditRow row = must(log.rows(0, 1))[0];
    const RecipientKey key = must(load_recipient({bench.auditor.key, bench.auditor.certificate}));
    CHECK(as_text(must(open_envelope(key, row.asked))).starts_with("AB12CDE "));
    const KeyFiles other = bench.pki.recipient("other");
    const RecipientKey foreign = must(load_recipient({other.key, other.certificate}));
    CHECK(open_envelope(foreign, row.asked).error().code() == ErrorCode::refused);
    for (const auto& entry : std::filesystem::directory_iterator(bench.pki.folder())) {
        if (!entry.path().filename().string().starts_with("audit.db")) continue;
        const std::string bytes = must(read_text_file(entry.path(), 1 << 24));
        CHECK(bytes.find("AB12CDE") == std::string::npos);
    }
}

TEST_CASE("an entry in any other spelling is none") {
    AuditEntry entry;
    entry.number = 7;
    entry.time = now;
    entry.access = sample_access();
    entry.asked = sha256(as_bytes("sealed"));
    const std::string text = must(encode_audit_entry(entry));
    CHECK(must(encode_audit_entry(must(parse_audit_entry(text)))) == text);
    for (std::size_t i = 0; i < text.size(); ++i) {
        CHECK_FALSE(parse_audit_entry(text.substr(0, i)));
        std::string spaced = text;
        if (spaced[i] == ',' || spaced[i] == ':') CHECK_FALSE(parse_audit_entry(spaced.insert(i, " ")));
    }
    CHECK_FALSE(parse_audit_entry(text + " "));
    // What a gateway asked is of another version; each has one text.
    CHECK(text.starts_with(R"({"v":1,)"));
    entry.access.via = "portcullis-api";
    const std::string via = must(encode_audit_entry(entry));
    CHECK(via.starts_with(R"({"v":2,)"));
    CHECK(must(parse_audit_entry(via)).access.via == "portcullis-api");
    std::string mixed = via;
    CHECK_FALSE(parse_audit_entry(mixed.replace(mixed.find("\"v\":2"), 5, "\"v\":1")));
    mixed = via;
    CHECK_FALSE(parse_audit_entry(mixed.replace(mixed.find("portcullis-api"), 14, "")));
    std::string other = text;
    other.replace(other.find("granted"), 7, "perhaps");
    CHECK_FALSE(parse_audit_entry(other));
}

TEST_CASE("a log keeps its name, and another program's file or a missing one is refused with the cure") {
    AuditBench bench;
    ChainId id;
    {
        AuditLog log = bench.open();
        id = log.id();
        bench.fill(log, 1);
    }
    CHECK(bench.open().id() == id);
    CHECK(AuditLog::attach(bench.pki.folder() / "none.db").error().code() == ErrorCode::not_found);
    CHECK_FALSE(AuditLog::read_only(bench.pki.folder() / "none.db"));
    std::ofstream(bench.pki.folder() / "letter.db") << "not a database, but a letter of some length";
    CHECK_FALSE(AuditLog::open(bench.pki.folder() / "letter.db"));
}
