// Security design §12, test 14: copies that leaked name those for whom they were made, and nobody else.
#include "casefile/leak_trace.hpp"

#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "casefile/traced_cases.hpp"
#include "support/rounds.hpp"
#include "unit/casefile/case_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

using Json = nlohmann::json;
using Rows = std::vector<Json>;

constexpr std::size_t recipients = 50;
constexpr std::size_t leaks = 20;
constexpr std::size_t real_reads = 80;

std::string hyphened(std::string plate) {
    plate.insert(plate.size() / 2, "-");
    std::ranges::transform(plate, plate.begin(), [](unsigned char c) { return std::tolower(c); });
    return plate;
}

/// As people write tables down: comma-separated, JSON, prose, a list of plates, and UTF-16.
std::string leaked(const Rows& rows, std::size_t how) {
    std::string text;
    for (const Json& row : rows) {
        const std::string plate = row["text"];
        const std::string captured = row["captured"];
        if (how % 5 == 0) text += fmt::format("{},\"{}\",{}\r\n", captured, plate, row["lane"].dump());
        if (how % 5 == 1) text += row.dump() + "\n";
        if (how % 5 == 2)
            text +=
                fmt::format("Seen on {} at the bridge: {}. Then it was gone.\n", captured, hyphened(plate));
        if (how % 5 == 3) text += plate + "\n";
        if (how % 5 == 4) text += plate + ";" + captured + "\n";
    }
    if (how % 5 != 4) return text;
    std::string wide;
    for (const char letter : text)
        wide += {letter, '\0'};
    return "\xff\xfe" + wide;
}

Rows tenth_of(Rows rows, std::mt19937& random) {
    std::ranges::shuffle(rows, random);
    rows.resize(std::max<std::size_t>(1, rows.size() / 10));
    return rows;
}

std::set<std::string> canaries_of(const TracedCase& traced) {
    std::set<std::string> plates;
    for (const Canary& canary : traced.canaries)
        plates.insert(canary.plate);
    return plates;
}

bool has_canary(const Rows& rows, const std::set<std::string>& canaries) {
    return std::ranges::any_of(rows, [&](const Json& row) { return canaries.contains(row["text"]); });
}

TracedCase traced(std::uint8_t number, const std::vector<std::string>& plates) {
    TracedCase one;
    one.id.bytes[0] = static_cast<std::byte>(number);
    one.recipient = "court-" + std::to_string(number);
    for (const std::string& plate : plates)
        one.canaries.push_back({plate, now});
    return one;
}

}  // namespace

TEST_CASE(
    "12.14 of 50 recipients x 20 leaks cut to a tenth, each with a canary names its recipient, and none "
    "another") {
    CaseBench bench;
    bench.limits = {1000, 1'000'000, 1'000'000};
    std::mt19937 random(20261126);
    for (std::size_t i = 0; i < real_reads; ++i)
        bench.drive(fmt::format("B{}{}{}", static_cast<char>('A' + random() % 26),
                                static_cast<char>('A' + random() % 26), 100 + random() % 900),
                    now - std::chrono::minutes(random() % 5000));
    std::vector<Rows> tables;
    for (std::size_t i = 0; i < recipients; ++i) {
        bench.court = bench.pki().recipient(fmt::format("recipient-{}", i));
        must(bench.make(bench.request("B*", real_reads)));
        tables.push_back(Json::parse(bench.part("reads.json"))["reads"]);
    }
    AuditLog log = must(AuditLog::read_only(bench.audit_path));
    const RecipientKey auditor = bench.key_to(bench.auditor);
    const LeakTrace trace(must(traced_cases(log, &auditor)));
    REQUIRE(trace.cases().size() == recipients);
    std::size_t with_canary = 0;
    std::size_t attributed = 0;
    std::size_t falsely = 0;
    for (std::size_t i = 0; i < recipients; ++i) {
        const std::set<std::string> canaries = canaries_of(trace.cases()[i]);
        REQUIRE(canaries.size() >= min_canaries);
        for (std::size_t leak = 0; leak < leaks; ++leak) {
            const Rows rows = tenth_of(tables[i], random);
            const std::vector<TraceHit> hits = trace.find(leaked(rows, leak));
            const bool named =
                !hits.empty() && trace.cases()[hits[0].traced].recipient == fmt::format("recipient-{}", i);
            with_canary += has_canary(rows, canaries) ? 1 : 0;
            attributed += named && has_canary(rows, canaries) ? 1 : 0;
            falsely += static_cast<std::size_t>(
                std::ranges::count_if(hits, [i](const TraceHit& hit) { return hit.traced != i; }));
            if (!has_canary(rows, canaries)) CHECK(hits.empty());
        }
    }
    const std::size_t copies = recipients * leaks;
    MESSAGE(copies << " leaks, " << with_canary << " with a canary, " << attributed << " attributed, "
                   << falsely << " falsely");
    CHECK(with_canary > copies / 10);
    CHECK(static_cast<double>(attributed) >= 0.99 * static_cast<double>(with_canary));
    CHECK(falsely == 0);
}

TEST_CASE("a case file's id names it by itself, also without the auditor's key and inside other bytes") {
    CaseBench bench;
    bench.drive("BOS123");
    CaseRequest request = bench.request();
    request.pictures = true;
    must(bench.make(request));
    AuditLog log = must(AuditLog::read_only(bench.audit_path));
    const LeakTrace trace(must(traced_cases(log, nullptr)));
    REQUIRE(trace.cases().size() == 1);
    CHECK(trace.cases()[0].who == "alice");
    CHECK(trace.cases()[0].approved_by == "erin");
    CHECK(trace.cases()[0].canaries.empty());
    const auto hits = trace.find(bench.part("p0001-plate.jpg"));
    REQUIRE(hits.size() == 1);
    CHECK(hits[0].id);
}

TEST_CASE("only the auditor's key opens the canaries") {
    CaseBench bench;
    bench.drive("BOS123");
    must(bench.make(bench.request()));
    AuditLog log = must(AuditLog::read_only(bench.audit_path));
    const RecipientKey other = bench.key_to(bench.court);
    const auto refused = traced_cases(log, &other);
    REQUIRE(!refused);
    CHECK(refused.error().message().find("is --key the auditor's") != std::string::npos);
}

TEST_CASE("a canary within a longer word, or spread over two fields, names nobody") {
    const LeakTrace trace({traced(1, {"BOS123", "MAX77"})});
    CHECK(trace.find("BOS123").size() == 1);
    CHECK(trace.find("b-os 123,").size() == 1);
    CHECK(trace.find("B OS 123").size() == 1);
    CHECK(trace.find("(BOS.123)").size() == 1);
    CHECK(trace.find("XBOS123").empty());
    CHECK(trace.find("BOS1234").empty());
    CHECK(trace.find("BOS,123").empty());
    CHECK(trace.find("BOS\n123").empty());
    CHECK(trace.find("").empty());
}

TEST_CASE("a canary that two case files share names neither, until something else tells them apart") {
    const LeakTrace trace({traced(1, {"BOS123", "MAX77"}), traced(2, {"BOS123", "TOM55"})});
    CHECK(trace.find("BOS123").empty());
    const auto hits = trace.find("BOS123 and TOM55");
    REQUIRE(hits.size() == 1);
    CHECK(hits[0].traced == 1);
    CHECK(hits[0].canaries.size() == 2);
}

TEST_CASE("bytes at random are read without harm, and name nobody") {
    const LeakTrace trace({traced(1, {"BOS123", "MAX77"})});
    std::mt19937 random(7);
    for (int round = 0; round < rounds_or(50); ++round) {
        std::string bytes(random() % 3000, '\0');
        for (char& byte : bytes)
            byte = static_cast<char>(random());
        CHECK(trace.find(bytes).empty());
    }
}
