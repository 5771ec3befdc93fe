// Which keys a schedule destroys, when; what a run that was cut off leaves, and what the log says.
#include "apps/portcullis/retention_run.hpp"

#include <doctest/doctest.h>

#include "record/retention_codec.hpp"
#include "retention_bench.hpp"
#include "support/failing_calls.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

using std::chrono::days;
using std::chrono::hours;
using Epochs = std::vector<EpochStart>;

constexpr EpochStart first = today;

bool refused(const Result<KnownRetention>& taken, std::string_view part) {
    REQUIRE_FALSE(taken);
    INFO(taken.error().message());
    return taken.error().message().find(part) != std::string::npos;
}

}  // namespace

TEST_CASE(
    "a key is destroyed when its epoch and the time that it is kept are over, and not a minute before") {
    const RetentionBench bench;
    struct Row {
        Purpose purpose;
        minutes after;  // the epoch's beginning
    };
    for (const Row& row :
         {Row{Purpose::read, days(31)}, Row{Purpose::plate, days(3)}, Row{Purpose::overview, minutes(70)}}) {
        CAPTURE(to_string(row.purpose));
        bench.add(first, row.purpose);
        CHECK(must(bench.run(UtcTime(first + row.after) - minutes(1))).empty());
        CHECK(bench.epochs() == Epochs{first});
        const auto done = must(bench.run(UtcTime(first + row.after)));
        REQUIRE(done.size() == 1);
        CHECK(bench.epochs().empty());
        for (const fs::path& record : records_of(bench.files.store))
            fs::remove(record);
    }
}

TEST_CASE("epochs of minutes: each goes when it is over, the next ones stay") {
    const RetentionBench bench;
    bench.put({1, now - 5 * day, {{fleet, Purpose::read, minutes(10), minutes(5)}}});
    for (int number = 0; number < 4; ++number)
        bench.add(first + minutes(10 * number), Purpose::read);
    CHECK(must(bench.run(UtcTime(first + minutes(14)))).empty());
    CHECK(must(bench.run(UtcTime(first + minutes(15)))).size() == 1);
    CHECK(bench.epochs() == Epochs{first + minutes(10), first + minutes(20), first + minutes(30)});
    CHECK(must(bench.run(UtcTime(first + minutes(36)))).size() == 2);
    CHECK(bench.epochs() == Epochs{first + minutes(30)});
    CHECK(bench.entries()[1].device == to_string(first + minutes(10)));
}

TEST_CASE("of one epoch the pictures' key goes first and the reads' later, each with its record") {
    const RetentionBench bench;
    const KeyFiles reads = bench.add(first, Purpose::read);
    const KeyFiles plates = bench.add(first, Purpose::plate);
    REQUIRE(must(bench.run(UtcTime(first + days(3)))).size() == 1);
    CHECK(must(must(KeyStore::view(bench.files)).unwrap()).size() == 1);
    REQUIRE(must(bench.run(UtcTime(first + days(31)))).size() == 1);
    const auto records = records_of(bench.files.store);
    REQUIRE(records.size() == 2);
    std::vector<std::string> destroyed;
    for (const fs::path& record : records) {
        const Destruction one = bench.record(record);
        CHECK(one.epoch == first);
        REQUIRE(one.schedule);
        CHECK(one.schedule->version == 1);
        CHECK(one.schedule->digest == sha256(must(read_file(bench.schedule, max_retention_bytes))));
        destroyed.insert(destroyed.end(), one.keys.begin(), one.keys.end());
    }
    std::vector<std::string> both{key_id(must(load_certificate(reads.certificate)).get()),
                                  key_id(must(load_certificate(plates.certificate)).get())};
    std::ranges::sort(both);
    std::ranges::sort(destroyed);
    CHECK(destroyed == both);
    // Nothing may be sealed any more to a key that is called as one that is thought gone.
    const KeyFiles late = bench.sets.recipient(Purpose::read);
    CHECK_THROWS(bench.add(first, late));
}

TEST_CASE("a key for several purposes goes with the first of them, one for none that is named with any") {
    const RetentionBench bench;
    const std::string both = std::string(oid_receive_reads) + "," + oid_receive_plates;
    bench.add(first, bench.sets.recipient(Purpose::read, {.extended = both}));
    bench.add(first + days(1), bench.sets.pki.recipient("any"));
    const KnownRetention known{sample_schedule(), {}, {}};
    const auto keys = keys_by(must(KeyStore::view(bench.files)), known.schedule, fleet);
    REQUIRE(keys.size() == 2);
    CHECK(keys[0].purposes == std::vector{Purpose::read, Purpose::plate});
    CHECK(keys[0].due == UtcTime(first + days(3)));
    CHECK(keys[1].due == UtcTime(first + days(1) + minutes(70)));
}

TEST_CASE("a key without a rule is kept: another jurisdiction's rule is none") {
    const RetentionBench bench;
    RetentionSchedule schedule = sample_schedule();
    for (RetentionRule& rule : schedule.rules)
        rule.fleet = "south";
    bench.put(schedule);
    bench.add(first, Purpose::read);
    CHECK(must(bench.run(UtcTime(first + days(1000)))).empty());
    CHECK(bench.epochs() == Epochs{first});
}

TEST_CASE(
    "each destruction is one entry of the audit log, and opens nothing, a schedule is one when it is new") {
    const RetentionBench bench;
    bench.add(first, Purpose::read);
    bench.add(first + days(1), Purpose::read);
    for (int round = 0; round < 3; ++round)
        static_cast<void>(must(bench.run(UtcTime(first + days(31)))));
    const auto entries = bench.entries();
    REQUIRE(entries.size() == 1);
    const auto records = records_of(bench.files.store);
    REQUIRE(records.size() == 1);
    CHECK(entries[0].case_number == to_hex(sha256(must(read_file(records[0], max_signed_bytes)))));
    CHECK(entries[0].device == to_string(first));
    CHECK(entries[0].count == 1);
    CHECK(entries[0].seq == 1);
    CHECK_FALSE(entries[0].opens());
    REQUIRE(bench.entries(adopts_retention).size() == 1);
    CHECK(bench.entries(adopts_retention)[0].seq == 1);
    CHECK_FALSE(bench.entries(adopts_retention)[0].opens());
}

TEST_CASE("attack: an older schedule is put back, one of the same version, one of a device's key") {
    const RetentionBench bench;
    bench.put(sample_schedule(3));
    AuditLog log = must(AuditLog::attach(bench.audit));
    REQUIRE(take_schedule(bench.schedule, bench.gate(), log, now));
    bench.put(sample_schedule(2));
    CHECK(refused(take_schedule(bench.schedule, bench.gate(), log, now), "version 2 is lower than 3"));
    RetentionSchedule shorter = sample_schedule(3);
    shorter.rules[0].keep = minutes(0);
    bench.put(shorter);
    CHECK(refused(take_schedule(bench.schedule, bench.gate(), log, now), "another one has the version 3"));
    const KeyFiles device = bench.sets.pki.device("gate-1");
    const SetDesk::AnyKey key(device);
    REQUIRE(write_file_atomically(bench.schedule, must(sign_retention(key, sample_schedule(4)))));
    CHECK(refused(take_schedule(bench.schedule, bench.gate(), log, now), "unknown key"));
    REQUIRE(write_file_atomically(bench.schedule, bench.sets.sign(bench.sets.set(9))));
    CHECK(refused(take_schedule(bench.schedule, bench.gate(), log, now), "retention"));
    bench.put(sample_schedule(4));
    CHECK(take_schedule(bench.schedule, bench.gate(), log, now));
}

TEST_CASE("attack: flipped bits and a cut in a schedule, all refused") {
    const RetentionBench bench;
    const Bytes good = must(read_file(bench.schedule, max_retention_bytes));
    const RetentionGate gate = bench.gate();
    REQUIRE(gate.open(good, std::nullopt));
    for (std::size_t i = 0; i < good.size(); ++i) {
        Bytes bad = good;
        bad[i] ^= static_cast<std::byte>(1U << (i % 8));
        CAPTURE(i);
        CHECK_FALSE(gate.open(bad, std::nullopt));
    }
    for (std::size_t length = 0; length < good.size(); length += 31)
        CHECK_FALSE(gate.open(ByteView(good).first(length), std::nullopt));
}

TEST_CASE("a clock before the schedule was signed destroys nothing") {
    const RetentionBench bench;
    bench.add(EpochStart(), Purpose::read);
    const auto done = bench.run(now - 6 * day);
    REQUIRE_FALSE(done);
    CHECK(done.error().message().find("set the clock") != std::string::npos);
    CHECK(bench.epochs().size() == 1);
}

TEST_CASE("purposes for which the store holds no key of now are told") {
    const RetentionBench bench;
    bench.add(first, Purpose::read);
    const RetentionSchedule schedule = sample_schedule();
    const auto without = [&](UtcTime at) {
        return purposes_without_key(keys_by(must(KeyStore::view(bench.files)), schedule, fleet), schedule,
                                    fleet, at);
    };
    CHECK(without(UtcTime(first)) == std::vector{Purpose::plate, Purpose::overview});
    CHECK(without(UtcTime(first + days(1))) == std::vector{Purpose::read, Purpose::plate, Purpose::overview});
}

TEST_CASE("a run that is cut off after any step is ended by the next: keys gone, one record, one entry") {
    const RetentionBench bench;
    const UtcTime due(first + days(31));
    bench.add(first, Purpose::read);
    bench.add(first + days(1), Purpose::read);
    const auto stored = [&] { return must(read_file(bench.files.store, std::size_t{1} << 20)); };
    const std::string record = bench.files.store.string() + "." + to_string(first) + "." +
                               must(KeyStore::view(bench.files)).entries()[0].key_id + ".destroyed";
    const Bytes before = stored();
    const Bytes kek = must(read_file(bench.files.kek.string() + ".1", 64));
    REQUIRE(must(bench.run(due)).size() == 1);
    const Bytes text = must(read_file(record, max_signed_bytes));
    REQUIRE(bench.entries().size() == 1);
    const auto begin = [&] {
        const Destruction one = bench.record(record);
        std::ofstream(record + ".begun") << must(encode_destruction(one));
    };
    SUBCASE("it was begun, and nothing is destroyed yet") {
        begin();
        fs::remove(record);
        REQUIRE(write_file_atomically(bench.files.store, before, 0600));
        REQUIRE(write_file_atomically(bench.files.kek.string() + ".1", kek, 0600));
        // The first run's entry speaks of a record that is no more; the second one's of its own.
        REQUIRE(must(bench.run(due)).size() == 1);
        CHECK(bench.entries().size() == 2);
    }
    SUBCASE("the keys are gone, there is no record") {
        begin();
        fs::remove(record);
        REQUIRE(must(bench.run(due)).size() == 1);
        CHECK(bench.entries().size() == 2);
    }
    SUBCASE("the record is there and entered, the mark is still there") {
        begin();
        REQUIRE(must(bench.run(due)).size() == 1);
        CHECK(bench.entries().size() == 1);
        CHECK(must(read_file(record, max_signed_bytes)) == text);
    }
    CHECK(bench.epochs() == Epochs{first + days(1)});
    CHECK(bench.record(record).keys.size() == 1);
    CHECK_FALSE(fs::exists(record + ".begun"));
    CHECK(must(bench.run(due)).empty());
}

TEST_CASE("any call fails in a run: what it did not do the next one does, and nothing is entered twice") {
    const RetentionBench bench;
    const UtcTime due(first + days(31));
    const KeyFiles files[] = {bench.sets.recipient(Purpose::read), bench.sets.recipient(Purpose::read)};
    const RecipientKey keys[] = {must(load_recipient({files[0].key, files[0].certificate})),
                                 must(load_recipient({files[1].key, files[1].certificate}))};
    std::size_t entries = 0;
    const auto begin_anew = [&] {
        for (const fs::path& folder : {bench.data.path(), bench.keks.path()})
            for (const auto& file : fs::directory_iterator(folder))
                if (file.path().filename().string().find("ke") == 0) fs::remove(file.path());
        KeyStore store = must(KeyStore::create(bench.files));
        REQUIRE(store.add(first, keys[0].key.get(), keys[0].certificate.get()));
        REQUIRE(store.add(first + days(1), keys[1].key.get(), keys[1].certificate.get()));
        entries = bench.entries().size();
    };
    begin_anew();
    CHECK(fail_each_library_call([&] { return bench.run(due).has_value(); },
                                 [&] {
                                     REQUIRE(bench.run(due));
                                     REQUIRE(bench.epochs() == Epochs{first + days(1)});
                                     REQUIRE(bench.entries().size() == entries + 1);
                                     begin_anew();
                                 },
                                 7) > 0);
}
