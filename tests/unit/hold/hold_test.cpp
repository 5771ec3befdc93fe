// Legal holds: what is kept beyond the end of its epoch, for whom, and what is left of it when it is
// released.
#include "support/failing_calls.hpp"
#include "unit/hold/hold_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

/// How many of the files open with the keys that this store gives, under each wrapping key that is anywhere.
std::size_t opened_by(const fs::path& store, const fs::path& keks, const std::vector<Bytes>& blobs) {
    std::size_t most = 0;
    const TempDir tried;
    for (const auto& kek : fs::directory_iterator(keks))
        for (int generation = 1; generation < 6; ++generation) {
            const fs::path copy = tried.path() / fmt::format("kek.{}", generation);
            fs::copy_file(kek.path(), copy, fs::copy_options::overwrite_existing);
            const auto view = KeyStore::view({store, tried.path() / "kek"});
            const auto keys = view ? view->unwrap() : fail(view.error());
            if (!keys) continue;
            std::size_t opened = 0;
            for (const Bytes& blob : blobs)
                if (std::ranges::any_of(*keys, [&blob](const RecipientKey& key) {
                        return open_envelope(key, blob).has_value();
                    }))
                    ++opened;
            most = std::max(most, opened);
        }
    return most;
}

std::vector<Bytes> files_of(const fs::path& folder) {
    std::vector<Bytes> blobs;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
        if (entry.path().extension() == ".cms" && entry.path().filename() != hold_record_name)
            blobs.push_back(must(read_file(entry.path(), max_blob_bytes)));
    return blobs;
}

fs::path backup(const HoldBench& bench, const std::string& name) {
    const fs::path copy = bench.office.folder / name;
    fs::copy(bench.data, copy, fs::copy_options::recursive);
    return copy;
}

}  // namespace

TEST_CASE(
    "a held read opens after its epoch's keys are destroyed, for its case alone, and no other read does") {
    const Quiet quiet;
    HoldBench bench;
    bench.ask_to_hold();
    must_do(bench.hold());
    bench.destroy_epoch();
    must_do(bench.take_out(bench.places));
    CHECK(bench.rows_of(bench.places[1]) == 1);
    CHECK(bench.rows_of(bench.places[0]) == 0);
    CHECK(fs::exists(bench.office.folder / "117" / "p0001-plate.jpg"));
    CHECK(words(bench.take_out({bench.places[1]}, "2026-118")).find("none of the 1 reads") !=
          std::string::npos);
    CHECK(words(bench.take_out({bench.places[0]})).find("none of the 1 reads") != std::string::npos);
    // No search finds it: the index's key went with the epoch's.
    bench.office.options.plate = "AB*";
    bench.office.ask();
    bench.office.approve();
    fs::remove_all(bench.office.folder / "117.case");
    CHECK(words(bench.office.make()).find("no read is found") != std::string::npos);
}

TEST_CASE("entries stand before anything is opened, and the record says who, why, what and until when") {
    const Quiet quiet;
    HoldBench bench;
    bench.ask_to_hold();
    must_do(bench.hold());
    REQUIRE(bench.records().size() == 1);
    const HoldRecord record = bench.records()[0];
    CHECK(record.who == "alice");
    CHECK(record.approved == "erin");
    CHECK(record.case_number == "2026-117");
    CHECK(record.reads == 1);
    CHECK(record.key == key_id(must(load_certificate(bench.hold_key.certificate)).get()));
    REQUIRE(bench.entries(holds_reads).size() == 1);
    CHECK(bench.entries(holds_reads)[0].chain == record.id);
    CHECK(bench.entries(approves_case).size() == 1);
    REQUIRE(bench.entries(keeps_read).size() == 1);
    CHECK(bench.entries(keeps_read)[0].seq == bench.places[1].seq);
    REQUIRE(bench.entries(records_hold).size() == 1);
    const Bytes signed_record =
        must(read_file(hold_folder(bench.holds, record.id) / hold_record_name, 1 << 20));
    CHECK(bench.entries(records_hold)[0].case_number == to_hex(sha256(signed_record)));
    // Made again it is the same, and nothing is opened for it.
    must_do(bench.hold());
    CHECK(bench.entries(holds_reads).size() == 1);
    CHECK(bench.entries(records_hold).size() == 1);
    CHECK(bench.records().size() == 1);
}

TEST_CASE("a log that cannot be written: nothing is held") {
    const Quiet quiet;
    HoldBench bench;
    bench.ask_to_hold();
    {
        Database log = must(Database::open({.path = bench.office.folder / "audit.db"}));
        must_do(log.execute("DROP TABLE witness"));  // not the log of ours any more
    }
    CHECK(!bench.hold());
    CHECK(files_of(bench.holds).empty());
}

TEST_CASE(
    "attack: one person, a request for a case file, another hold's key, a key that is not there: refused") {
    const Quiet quiet;
    HoldBench bench;
    SUBCASE("approval and request of one person") {
        CaseOptions alice = bench.office.as("alice");
        bench.ask_to_hold();
        alice.file = bench.office.folder / "request";
        alice.output = bench.office.folder / "approval";
        CHECK(words(approve_case(alice, now)).find("another person") != std::string::npos);
    }
    SUBCASE("what was approved for a case file holds nothing, and the other way round") {
        bench.ask(false, {bench.places[1]});
        CHECK(words(bench.hold()).find("request for a case file") != std::string::npos);
        bench.ask_to_hold();
        CaseOptions options = bench.given();
        options.output = bench.office.folder / "117.case";
        CHECK(words(make_case(options, now)).find("request for a legal hold") != std::string::npos);
        CHECK(bench.entries(holds_reads, AccessVerdict::refused).size() == 1);
    }
    SUBCASE("a second hold with the first one's key") {
        bench.ask_to_hold();
        must_do(bench.hold());
        bench.ask(true, {bench.places[0]});
        CHECK(words(bench.hold()).find("another hold's") != std::string::npos);
    }
    SUBCASE("a key that nobody added to the holds' store") {
        bench.hold_key = bench.office.pki().recipient("hold-2");
        bench.ask_to_hold();
        CHECK(words(bench.hold()).find("has no key") != std::string::npos);
    }
    CHECK(bench.entries(keeps_read).size() <= 1);
}

TEST_CASE(
    "attack: the list, a part or the record of a hold is exchanged: found, and nothing is taken from it") {
    const Quiet quiet;
    HoldBench bench;
    bench.ask_to_hold();
    must_do(bench.hold());
    bench.destroy_epoch();
    const fs::path folder = hold_folder(bench.holds, bench.records()[0].id);
    const auto flip = [](const fs::path& file) {
        Bytes bytes = must(read_file(file, max_blob_bytes));
        bytes[bytes.size() / 2] ^= std::byte{1};
        must_do(write_file_atomically(file, bytes));
    };
    SUBCASE("the list") {
        flip(folder / hold_list_name);
        CHECK(words(bench.take_out({bench.places[1]})).find("not the list that was signed") !=
              std::string::npos);
    }
    SUBCASE("a part") {
        flip(hold_part(folder, 0, 0));
        CHECK(words(bench.take_out({bench.places[1]})).find("not what was put there") != std::string::npos);
    }
    SUBCASE("the record") {
        flip(folder / hold_record_name);
        CHECK(words(bench.take_out({bench.places[1]})).find(hold_record_name) != std::string::npos);
    }
}

TEST_CASE(
    "12.12: of a hold that was released, or is over, nothing opens: the data directory and old backups") {
    const Quiet quiet;
    HoldBench bench;
    const fs::path before = backup(bench, "backup-before");
    bench.ask_to_hold();
    must_do(bench.hold());
    const fs::path held = backup(bench, "backup-held");
    const std::vector<Bytes> parts = files_of(bench.holds);
    std::vector<Bytes> sealed;  // as the devices sealed them
    for (const ItemRow& item : must(bench.office.bench.ingest->store().items.from(1, 1, 100)))
        sealed.push_back(must(bench.office.bench.ingest->store().items.blob(item.id)));
    REQUIRE(parts.size() == 2);
    CHECK(opened_by(bench.keys.store, bench.keks, sealed) == sealed.size());
    bench.destroy_epoch();
    for (const fs::path& place : {before, held, bench.data}) {
        CHECK(opened_by(place / "keys.store", bench.keks, sealed) == 0);
        CHECK(opened_by(place / "holds.store", bench.keks, sealed) ==
              0);  // a hold's key opens what is held alone
    }
    CHECK(opened_by(bench.hold_keys.store, bench.keks, parts) == parts.size());
    const std::string id = to_string(bench.records()[0].id);
    SUBCASE("released by hand") {
        must_do(bench.release(id));
    }
    SUBCASE("over") {
        must_do(bench.release({}, now + 4 * day));
        CHECK(bench.records().size() == 1);
        must_do(bench.release({}, now + 6 * day));
    }
    CHECK(bench.records().empty());
    for (const fs::path& place : {before, held, bench.data})
        CHECK(opened_by(place / "holds.store", bench.keks, parts) == 0);
    CHECK(files_of(bench.holds).empty());
    CHECK(words(bench.take_out({bench.places[1]})).find("none of the 1 reads") != std::string::npos);
    CHECK(bench.entries(releases_hold).size() == 1);
    CHECK(bench.entries(destroys_keys).size() == 1);
    CHECK(records_of(bench.hold_keys.store).size() == 1);
}

TEST_CASE(
    "each call of a hold's making fails once: the next try ends it, with one record and one entry of it") {
    const Quiet quiet;
    HoldBench bench;
    bench.ask_to_hold();
    const auto whole = [&bench] { return bench.records().size() == 1 && files_of(bench.holds).size() == 2; };
    bool fresh = true;
    const std::uint64_t failed = fail_each_library_call(
        [&] {
            if (fresh) fs::remove_all(bench.holds);
            fresh = false;
            return bench.hold().has_value();
        },
        [&] {
            must_do(bench.hold());
            CHECK(whole());
            fresh = true;
        },
        41);
    CHECK(failed > 10);
}

TEST_CASE("each call of a hold's release fails once: the next try ends it, and nothing opens") {
    const Quiet quiet;
    HoldBench bench;
    bench.ask_to_hold();
    must_do(bench.hold());
    const std::vector<Bytes> parts = files_of(bench.holds);
    const std::string id = to_string(bench.records()[0].id);
    const fs::path kept = bench.office.folder / "kept";
    fs::create_directory(kept);
    const auto copy = [](const fs::path& from, const fs::path& to) {
        fs::remove_all(to);
        fs::copy(from, to, fs::copy_options::recursive);
    };
    copy(bench.data, kept / "opener");
    copy(bench.keks, kept / "kek");
    bool fresh = false;
    const std::uint64_t failed = fail_each_library_call(
        [&] {
            if (fresh) {
                copy(kept / "opener", bench.data);
                copy(kept / "kek", bench.keks);
            }
            fresh = true;
            return bench.release(id).has_value();
        },
        [&] {
            if (!bench.records().empty()) must_do(bench.release(id));
            CHECK(files_of(bench.holds).empty());
            CHECK(opened_by(kept / "opener" / "holds.store", bench.keks, parts) == 0);
        },
        11);
    CHECK(failed > 10);
    CHECK(bench.entries(releases_hold).size() == 1);
}
