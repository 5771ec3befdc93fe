// Where else a legal hold is told: in the signed record of its epoch's destroyed keys, and in the report
// after a breach. Both are asked for what they say, and held against what really opens.
#include <sstream>

#include "apps/portcullis/audit_exposure.hpp"
#include "apps/portcullis/destruction_check.hpp"
#include "apps/portcullis/epoch_command.hpp"
#include "apps/portcullis/record_signers.hpp"
#include "apps/portcullis/retention_run.hpp"
#include "support/command_run.hpp"
#include "unit/hold/hold_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

/// Each key of an epoch of a day is due at its end.
KnownRetention schedule() {
    KnownRetention known;
    known.schedule = {1, now, {}};
    for (const Purpose purpose : {Purpose::read, Purpose::plate, Purpose::overview})
        known.schedule.rules.push_back(
            {"test-fleet", purpose, std::chrono::days(1), std::chrono::minutes(0)});
    return known;
}

std::vector<Destruction> destroy_by_schedule(const HoldBench& bench, UtcTime when) {
    const OpenerSettings settings = bench.settings();
    KeyStore store = must(KeyStore::open(bench.keys));
    AuditLog log = must(AuditLog::attach(settings.audit_log));
    const auto recorder = bench.recorder_key();
    const TokenKeys none;
    const RetentionDesk desk{store, none, log, *recorder, [&settings](const std::vector<std::string>& keys) {
                                 return holds_for_record(settings, keys);
                             }};
    return must(destroy_due(desk, schedule(), "test-fleet", when));
}

/// What the records beside the key store say, as they were signed.
std::vector<Destruction> signed_records(const HoldBench& bench) {
    const RecordSigners signers = must(RecordSigners::create({bench.recorder.certificate}));
    std::vector<Destruction> records;
    for (const fs::path& file : records_of(bench.keys.store))
        records.push_back(must(signers.read(must(read_file(file, max_signed_bytes)))));
    std::ranges::sort(records, {}, &Destruction::epoch);
    return records;
}

struct Told {
    int code = 0;
    std::set<Seq> exposed;
    int with_pictures = 0;
    std::map<std::string, int> reasons;
};

/// As the report is asked on that day.
Told exposure(const HoldBench& bench, const std::string& key, int since_day, int today) {
    const auto day_text = [](int number) { return to_iso8601(now + number * day).substr(0, 10); };
    ExposureOptions given;
    given.settings = bench.office.settings;
    given.store = bench.office.bench.place();
    given.since = day_text(since_day);
    given.key = key;
    if (key.empty()) given.disk_copy = "host";
    given.json = true;
    const std::ostringstream said;
    std::streambuf* const out = std::cout.rdbuf(said.rdbuf());
    const auto code = report_exposure(given, now + today * day);
    std::cout.rdbuf(out);
    Told told{must(Result<int>(code)), {}, 0, {}};
    const auto json = nlohmann::json::parse(said.str());
    for (const auto& one : json["exposed_passages"])
        told.exposed.insert(one["seq"].get<Seq>());
    for (const auto& group : json["groups"]) {
        told.reasons[group["reason"]] += group["passages"].get<int>();
        told.with_pictures += group["with_pictures"].get<int>();
    }
    return told;
}

}  // namespace

TEST_CASE("the signed record of destroyed keys names the holds that keep something of theirs, and no other") {
    const Quiet quiet;
    HoldBench bench;
    HoldBench::move_in(bench.keys, read_epoch + std::chrono::days(1), bench.office.pki().recipient("later"));
    bench.ask_to_hold();
    must_do(bench.hold());
    const ChainId id = bench.records()[0].id;
    const auto done = destroy_by_schedule(bench, now + 10 * day);
    REQUIRE(done.size() == 2);
    const auto records = signed_records(bench);
    REQUIRE(records.size() == 2);
    CHECK(records[0].epoch == read_epoch);
    CHECK(records[0].keys.size() == 2);
    CHECK(records[0].holds == std::vector{id});
    CHECK(records[1].holds.empty());
    const auto check = must(DestructionCheck::create(bench.keys.store, {bench.recorder.certificate}));
    CHECK(check.destroyed()[0].find("kept by the holds " + to_string(id)) != std::string::npos);
    CHECK(check.destroyed()[1].find("holds") == std::string::npos);
    // Ids, and no word of what is kept.
    const std::string text = must(encode_destruction(records[0]));
    CHECK(text.find("2026-117") == std::string::npos);
    CHECK(text.find("gate-1") == std::string::npos);
}

TEST_CASE("keys that are destroyed by hand: the record names the holds of the folder that is given") {
    const Quiet quiet;
    HoldBench bench;
    bench.ask_to_hold();
    must_do(bench.hold());
    const auto done = run_command(
        add_epoch_command, "epoch",
        {"destroy", bench.keys.store, "--kek", bench.keys.kek, "--epoch", to_string(read_epoch), "--key",
         bench.recorder.key, "--certificate", bench.recorder.certificate, "--holds", bench.holds});
    CHECK(done.code == 0);
    REQUIRE(signed_records(bench).size() == 1);
    CHECK(signed_records(bench)[0].holds == std::vector{bench.records()[0].id});
}

TEST_CASE("a hold that cannot be read keeps no key alive: what is due is destroyed") {
    const Quiet quiet;
    HoldBench bench;
    bench.ask_to_hold();
    must_do(bench.hold());
    const ChainId id = bench.records()[0].id;
    const fs::path folder = hold_folder(bench.holds, id);
    std::vector<ChainId> named;
    SUBCASE("its list is lost: it may keep something, and is named") {
        fs::remove(folder / hold_list_name);
        named = {id};
    }
    SUBCASE("its record is another's") {
        must_do(write_file_atomically(folder / hold_record_name, as_bytes("no record")));
    }
    const auto done = destroy_by_schedule(bench, now + 10 * day);
    REQUIRE(done.size() == 1);
    CHECK(signed_records(bench)[0].holds == named);
    CHECK(must(KeyStore::open(bench.keys)).entries().empty());
}

TEST_CASE(
    "exposure: what is held is readable with the hold's key, until that is destroyed, and with no other") {
    const Quiet quiet;
    HoldBench bench;
    const std::string hold = key_id(must(load_certificate(bench.hold_key.certificate)).get());
    const std::set<Seq> held{bench.places[1].seq};
    CHECK(exposure(bench, hold, 0, 1).exposed.empty());
    bench.ask_to_hold();
    must_do(bench.hold());
    CHECK(exposure(bench, hold, 0, 1).exposed == held);
    CHECK(exposure(bench, {}, 0, 1).exposed.size() == bench.places.size());
    REQUIRE(destroy_by_schedule(bench, now + 2 * day).size() == 1);
    const Told after = exposure(bench, {}, 4, 5);  // a copy of the opener's disk
    CHECK(after.code == 1);
    CHECK(after.exposed == held);
    CHECK(after.with_pictures == 1);
    CHECK(after.reasons.at("key_destroyed_before") == 1);
    CHECK(exposure(bench, hold, 4, 5).exposed == held);

    must_do(bench.release({}, now + 6 * day));
    CHECK(bench.records().empty());
    for (const std::string& key : {std::string(), hold}) {
        CHECK(exposure(bench, key, 8, 9).exposed.empty());
        CHECK(exposure(bench, key, 8, 9).code == 0);
        // A copy that was made before has it still.
        CHECK(exposure(bench, key, 4, 9).exposed == held);
    }
}
