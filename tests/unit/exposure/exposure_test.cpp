// `portcullis audit exposure`: each kind of breach against what it really opens.
#include "unit/exposure/exposure_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

const std::size_t all_passages = std::size_t{2} * exposure_days * static_cast<std::size_t>(passages_a_day);

std::string day_text(int number) {
    return to_iso8601(now + number * day).substr(0, 10);
}

std::string key_id_of(const KeyFiles& files) {
    return key_id(must(load_certificate(files.certificate)).get());
}

std::set<PassageName> where(const ExposureBench& bench,
                            const std::function<bool(const ExposureBench::Passage&)>& fits) {
    std::set<PassageName> names;
    for (const auto& passage : bench.passages)
        if (fits(passage)) names.insert(passage.name);
    return names;
}

std::string words(const ExposureBench::Told& told) {
    REQUIRE(!told.code);
    CHECK(told.code.error().code() == ErrorCode::configuration);
    return told.code.error().message();
}

bool says(const std::string& text, std::string_view part) {
    INFO(text);
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("exposure by a key: what that key really opens, be it reads or pictures, and nothing else") {
    const ExposureBench bench;
    for (const KeyFiles& files : {bench.reads[1], bench.evidence[2]}) {
        ExposureOptions given = bench.options(day_text(0));
        given.key = key_id_of(files);
        const auto told = bench.report(given);
        CHECK(must(Result<int>(told.code)) == 1);
        const auto truth = bench.opened_by({files});
        CHECK(truth.size() == all_passages / exposure_days);
        CHECK(told.exposed == truth);
        CHECK(told.reasons.at("sealed_to_others") == all_passages - truth.size());
        given.key = files.certificate.string();
        CHECK(bench.report(given).exposed == truth);
    }
}

TEST_CASE(
    "exposure by a key that was destroyed: none when that was before the breach, all its passages when "
    "after") {
    const ExposureBench bench;
    bench.destroy(0, bench.time_of(1));
    ExposureOptions given = bench.options(day_text(2));
    given.key = key_id_of(bench.reads[0]);
    const auto after = bench.report(given);
    CHECK(must(Result<int>(after.code)) == 0);
    CHECK(after.exposed.empty());
    CHECK(after.reasons.at("key_destroyed_before") == all_passages / exposure_days);
    given.since = day_text(0);
    CHECK(bench.report(given).exposed == bench.opened_by({bench.reads[0]}));
}

TEST_CASE(
    "exposure by keys of one day that were destroyed one by one: each counts as gone from its own record "
    "on") {
    const ExposureBench bench;
    bench.destroy(0, bench.evidence[0], bench.time_of(1));
    bench.destroy(0, bench.reads[0], bench.time_of(2));
    CHECK(records_of(bench.keys.store).size() == 2);
    const auto by_key = [&](const KeyFiles& files, int since) {
        ExposureOptions given = bench.options(day_text(since));
        given.key = key_id_of(files);
        return bench.report(given).exposed;
    };
    CHECK(by_key(bench.evidence[0], 1) == bench.opened_by({bench.evidence[0]}));
    CHECK(by_key(bench.evidence[0], 2).empty());
    CHECK(by_key(bench.reads[0], 2) == bench.opened_by({bench.reads[0]}));
    CHECK(by_key(bench.reads[0], 3).empty());
    // In a copy of the disk between the two records the first day's plates can be read, and no picture of it.
    ExposureOptions given = bench.options(day_text(2));
    given.until = to_iso8601(bench.time_of(2)).substr(0, 16);
    given.disk_copy = "host";
    const auto told = bench.report(given);
    std::size_t with_pictures = 0;
    for (const auto& group : told.json["groups"])
        if (group["reason"] == "key_in_copy") with_pictures += group["with_pictures"].get<std::size_t>();
    CHECK(told.exposed.size() - with_pictures == all_passages / exposure_days);
    CHECK(told.reasons.count("key_destroyed_before") == 0);
    given.since = day_text(3);
    given.until.clear();
    CHECK(bench.report(given).reasons.at("key_destroyed_before") == all_passages / exposure_days);
}

TEST_CASE("attack: a forged record of destroyed keys takes no passage out of a report") {
    const ExposureBench bench;
    const auto check_doubted = [&bench](std::string_view why) {
        ExposureOptions given = bench.options(day_text(2));
        given.key = key_id_of(bench.reads[0]);
        const auto told = bench.report(given);
        CHECK(told.exposed == bench.opened_by({bench.reads[0]}));
        CHECK(says(told.json["notes"].dump(), why));
        given.key.clear();
        given.disk_copy = "host";
        CHECK(bench.report(given).reasons.count("key_destroyed_before") == 0);
    };
    SUBCASE("signed by a stranger of the same CA") {
        bench.forge_record(0, bench.time_of(0), bench.pki().issue("other", "other", {.ca = "service-ca"}));
        check_doubted("keys.store.forged.destroyed");
    }
    SUBCASE("a true one, with one bit changed") {
        bench.destroy(0, bench.time_of(1));
        const std::filesystem::path file = records_of(bench.keys.store).at(0);
        Bytes record = must(read_file(file, max_signed_bytes));
        record[record.size() / 2] ^= std::byte{1};
        must_do(write_file_atomically(file, record));
        check_doubted(file.filename().string());
    }
    SUBCASE("of a recorder whom nobody names any more, until he is named") {
        const KeyFiles before = bench.pki().issue("before", "collector", {.ca = "service-ca"});
        bench.destroy(0, bench.time_of(1));
        bench.forge_record(0, bench.time_of(1), before);
        std::filesystem::remove(bench.keys.store.string() + "." + day_text(0) + ".destroyed");
        check_doubted("keys.store.forged.destroyed");
        ExposureOptions given = bench.options(day_text(2));
        given.key = key_id_of(bench.reads[0]);
        given.recorders = {before.certificate};
        CHECK(bench.report(given).exposed.empty());
    }
}

TEST_CASE("attack: a record of the recorder's own for keys that the store still holds is not believed") {
    const ExposureBench bench;
    bench.forge_record(0, bench.time_of(0), bench.recorder);
    ExposureOptions given = bench.options(day_text(2));
    given.key = key_id_of(bench.reads[0]);
    CHECK(bench.report(given).exposed == bench.opened_by({bench.reads[0]}));
}

TEST_CASE("exposure by a key that opens nothing: none, and the report says what such a key may be") {
    const ExposureBench bench;
    ExposureOptions given = bench.options(day_text(0));
    given.key = key_id_of(bench.gate_2_files);
    const auto told = bench.report(given);
    CHECK(must(Result<int>(told.code)) == 0);
    CHECK(says(told.json["notes"].dump(), "A signing key"));
}

TEST_CASE(
    "exposure by a stolen device: what it may have seen from then on, not what it had sealed, not "
    "another's") {
    const ExposureBench bench;
    ExposureOptions given = bench.options(day_text(1));
    given.device = "gate-2";
    const auto told = bench.report(given);
    const UtcTime since{std::chrono::floor<std::chrono::days>(bench.time_of(1))};
    CHECK(told.exposed == where(bench, [&](const auto& passage) {
              return std::get<0>(passage.name) == "gate-2" && passage.received >= since;
          }));
    CHECK(told.reasons.at("sealed_before_theft") == static_cast<std::size_t>(passages_a_day));
    CHECK(told.reasons.at("other_device") == all_passages / 2);
    // Ground truth: no key that the device has opens what it had sealed.
    const RecipientKey own{bench.gate_2_key ? must(load_private_key(bench.gate_2_files.key)) : KeyPtr(),
                           must(load_certificate(bench.gate_2_files.certificate))};
    for (const auto& passage : bench.passages)
        CHECK(!open_envelope(own, passage.blobs[0]));
}

TEST_CASE(
    "exposure by an account: what the audit log says it was shown or took out in that time, and no more") {
    const ExposureBench bench;
    const auto& passages = bench.passages;
    bench.look("alice", passages[0], bench.time_of(0) + std::chrono::hours(1));  // before
    bench.look("alice", passages[2], bench.time_of(1) + std::chrono::hours(1));
    bench.look("alice", passages[4], bench.time_of(1) + std::chrono::hours(2), "found");
    bench.look("alice", passages[6], bench.time_of(1) + std::chrono::hours(3), exports_read);
    bench.look("alice", passages[8], bench.time_of(1) + std::chrono::hours(4), "view",
               AccessVerdict::refused);
    bench.look("bob", passages[10], bench.time_of(1) + std::chrono::hours(5));  // somebody else
    // Keys destroyed by it: it was shown nothing.
    bench.look("alice", passages[14], bench.time_of(1) + std::chrono::hours(6), destroys_keys);
    bench.look("alice", passages[12], bench.time_of(2) + std::chrono::hours(1));  // after
    ExposureOptions given = bench.options(day_text(1));
    given.until = day_text(2);
    given.account = "alice";
    auto told = bench.report(given);
    CHECK(told.exposed == std::set<PassageName>{passages[2].name, passages[4].name, passages[6].name});
    CHECK(told.reasons.at("account_took_out") == 1);
    CHECK(told.reasons.at("not_opened") == all_passages - 3);
    CHECK(told.reasons.count("not_allowed") == 0);  // gate-1 and gate-2 are the bridge, which is alice's
    given.account = "bob";
    told = bench.report(given);
    CHECK(told.exposed == std::set<PassageName>{passages[10].name});
    CHECK(told.reasons.at("not_allowed") == all_passages - 1);
    // By a gateway that was taken over: what went through it, in whosever name.
    bench.look("alice", passages[16], bench.time_of(1) + std::chrono::hours(7), "found",
               AccessVerdict::granted, "portcullis-api");
    bench.look("bob", passages[18], bench.time_of(1) + std::chrono::hours(8), "found", AccessVerdict::granted,
               "portcullis-api");
    given.account = "portcullis-api";
    CHECK(bench.report(given).exposed == std::set<PassageName>{passages[16].name, passages[18].name});
    given.account = "nobody";
    told = bench.report(given);
    CHECK(told.exposed.empty());
    CHECK(says(told.json["notes"].dump(), "no site"));
}

TEST_CASE("exposure by an account: what it saw and the store has no more is counted") {
    const ExposureBench bench;
    ExposureBench::Passage gone = bench.passages[0];
    std::get<2>(gone.name) = 4711;
    bench.look("alice", gone, bench.time_of(1));
    ExposureOptions given = bench.options(day_text(0));
    given.account = "alice";
    const auto told = bench.report(given);
    CHECK(told.json["exposed"] == 1);
    CHECK(told.json["exposed_and_gone_from_the_store"] == 1);
    CHECK(must(Result<int>(told.code)) == 1);
}

TEST_CASE("exposure: items of a store that does not name to whom they are sealed are judged by their blobs") {
    const ExposureBench bench;
    ExposureOptions given = bench.options(day_text(0));
    given.key = key_id_of(bench.evidence[1]);
    const auto named = bench.report(given);
    {
        Database store = must(Database::open({.path = bench.bench.file}));
        must_do(store.execute("UPDATE item SET audience = NULL WHERE seq % 2 = 0"));
    }
    const auto half = bench.report(given);
    CHECK(named.exposed == bench.opened_by({bench.evidence[1]}));
    CHECK(half.exposed == named.exposed);
    CHECK(half.json["groups"] == named.json["groups"]);
}

TEST_CASE("exposure: how long a report of this store takes, told and not judged") {
    const ExposureBench bench;
    ExposureOptions given = bench.options(day_text(0));
    given.key = key_id_of(bench.reads[0]);
    const auto begun = std::chrono::steady_clock::now();
    const auto told = bench.report(given);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    MESSAGE(all_passages << " passages with two pictures each in " << took.count() << " s");
    CHECK(told.exposed.size() == all_passages / exposure_days);
}

TEST_CASE("exposure by a copy of the collector's disk: no passage, for there is no key on it") {
    const ExposureBench bench;
    bench.destroy(0, bench.time_of(1));
    ExposureOptions given = bench.options(day_text(2));
    given.disk_copy = "collector";
    const auto told = bench.report(given);
    CHECK(must(Result<int>(told.code)) == 0);
    CHECK(told.exposed.empty());
    CHECK(told.reasons.at("key_destroyed_before") == all_passages / exposure_days);
    CHECK(told.reasons.at("no_key_in_copy") == all_passages - all_passages / exposure_days);
}

TEST_CASE("exposure by a copy of the opener's disk: what the key files that stood there then really open") {
    const ExposureBench bench;
    bench.destroy(0, bench.time_of(1));
    ExposureOptions given = bench.options(day_text(2));
    given.disk_copy = "host";
    auto told = bench.report(given);
    CHECK(told.exposed ==
          bench.opened_by({bench.reads[1], bench.evidence[1], bench.reads[2], bench.evidence[2]}));
    CHECK(told.reasons.at("key_destroyed_before") == all_passages / exposure_days);
    // Taken before the first day's keys were destroyed, and before the third day's passages came.
    given.since = day_text(0);
    given.until = to_iso8601(bench.time_of(2) - std::chrono::hours(1)).substr(0, 16);
    told = bench.report(given);
    const auto truth =
        bench.opened_by({bench.reads[0], bench.evidence[0], bench.reads[1], bench.evidence[1]});
    CHECK(told.exposed == truth);
    CHECK(told.reasons.at("not_in_copy") == all_passages - truth.size());
}

TEST_CASE(
    "exposure: the page for a spokesman has no script and nothing from elsewhere, and escapes what it is "
    "told") {
    const ExposureBench bench;
    ExposureOptions given = bench.options(day_text(0));
    given.account = "<script>alert(1)</script>";
    given.html = bench.folder() / "page.html";
    static_cast<void>(must(Result<int>(bench.report(given).code)));
    const std::string page = must(read_text_file(given.html, 1 << 20));
    CHECK(says(page, "&lt;script&gt;"));
    for (const char* never : {"<script", "http:", "https:", "src=", "href=", "@import", "javascript:"})
        CHECK(page.find(never) == std::string::npos);
    CHECK(says(page, "No passage could have been seen"));
}

TEST_CASE("exposure: wrong usage and missing files are named with their cure") {
    const ExposureBench bench;
    const ExposureOptions none = bench.options(day_text(0));
    CHECK(says(words(bench.report(none)), "say what happened"));
    ExposureOptions given = none;
    given.device = "gate-1";
    given.account = "alice";
    CHECK(says(words(bench.report(given)), "one of --key"));
    given = none;
    given.key = "not a key";
    CHECK(says(words(bench.report(given)), "--key"));
    given = none;
    given.disk_copy = "usb";
    CHECK(says(words(bench.report(given)), "collector"));
    given = none;
    given.device = "gate-1";
    given.since = "yesterday-ish";
    CHECK(says(words(bench.report(given)), "--since"));
    given.since = day_text(2);
    given.until = day_text(1);
    CHECK(says(words(bench.report(given)), "exchange them"));
    given = none;
    given.device = "gate-1";
    given.store = bench.folder() / "none.db";
    CHECK(!bench.report(given).code);
    given = none;
    given.account = "alice";
    std::filesystem::remove(bench.folder() / "access.policy");
    CHECK(says(words(bench.report(given)), "access.policy"));
}
