// The store's file: nothing readable in it, and it refuses what is not its own.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "base/file.hpp"
#include "collector/ingest/schema.hpp"
#include "database/schema.hpp"
#include "unit/collector/collector_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

bool holds(const std::filesystem::path& path, std::string_view needle) {
    const Bytes bytes = must(read_file(path, std::size_t{64} * 1024 * 1024));
    return as_text(bytes).find(needle) != std::string_view::npos;
}

std::vector<std::filesystem::path> files_of(const CollectorBench& bench) {
    std::vector<std::filesystem::path> all{bench.file};
    for (const char* suffix : {"-wal", "-shm"})
        if (std::filesystem::exists(bench.file.string() + suffix))
            all.emplace_back(bench.file.string() + suffix);
    return all;
}

}  // namespace

TEST_CASE("the store's files hold no plate text and no JPEG marker, also of what was condemned") {
    CollectorBench bench;
    TestDevice device(bench.road);
    std::vector<BrokerMessage> last;
    for (int i = 0; i < 5; ++i) {
        last = device.messages(device.seal());
        bench.deliver(last);
    }
    bench.deliver(with_property(last[0], "seq", "77"));
    bench.deliver(with_flipped_byte(device.messages(device.seal())[0]));
    bench.judge_all();
    bench.deliver(device.message(device.checkpoint()));
    const auto files = files_of(bench);
    CHECK(files.size() == 3);
    for (const auto& path : files) {
        CAPTURE(path.string());
        CHECK_FALSE(holds(path, "AB12CDE"));
        // Three bytes of a marker stand in a MiB of ciphertext by chance: the pictures themselves do not.
        CHECK_FALSE(holds(path, std::string(16, static_cast<char>(0xd8))));
        CHECK_FALSE(holds(path, std::string(16, static_cast<char>(0xd9))));
        CHECK_FALSE(holds(path, "lane-1"));
    }
    // The search itself can find: a control.
    std::ofstream(bench.road.pki.folder() / "leak") << "..AB12CDE..";
    CHECK(holds(bench.road.pki.folder() / "leak", "AB12CDE"));
}

TEST_CASE("the store keeps exactly the bytes that came") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const auto messages = device.messages(device.seal());
    bench.deliver(messages);
    for (Seq seq = 1; seq <= 3; ++seq) {
        const auto item =
            bench.read([&](Store& store) { return store.items.find(bench.chain(device).id, seq); });
        REQUIRE(item);
        CHECK(bench.read([&](Store& store) { return store.items.blob(item->id); }) ==
              messages[seq - 1].payload);
    }
}

TEST_CASE("a file that is no store of ours is refused and left alone") {
    const TempDir folder;
    const auto path = folder.path() / "other.db";
    std::ofstream(path) << "this is not a database at all, but a letter of some length to somebody";
    const auto size = std::filesystem::file_size(path);
    CHECK_FALSE(Store::open({path, {}, true}));
    CHECK(std::filesystem::file_size(path) == size);
    CHECK(Store::open({folder.path() / "none.db", {}, false}).error().code() == ErrorCode::not_found);
    CHECK_FALSE(Store::open({folder.path() / "no" / "such" / "folder.db", {}, true}));
}

TEST_CASE("a store of version 2 learns of life statements, and keeps what it has") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.ingest.reset();
    std::filesystem::remove(bench.file);
    const Schema schema = store_schema();
    const Schema second{schema.name, schema.application_id, 2, schema.older.at(1).create};
    {
        Database database = must(Database::open({.path = bench.file}));
        must_do(adopt_schema(database, second));
        must_do(database.execute(
            "INSERT INTO incident VALUES(3, 80, 81, 'gate-1', x'0123456789abcdef', 9, 9, 1, 'x')"));
    }
    bench.restart();
    CHECK(bench.incidents(5).at(0).what == "x");
    LifeStatement life;
    life.reason = LifeReason::made;
    life.boots = 1;
    CHECK(bench.deliver(device.message(device.life(life))).reception == Reception::stored);
    CHECK(bench.read([&](Store& store) { return store.lives.of(bench.chain(device).id); }).size() == 1);
}

TEST_CASE("stores of versions 3 and 4 learn of sealed health records, and keep what they have") {
    for (const std::size_t version : {3U, 4U}) {
        CAPTURE(version);
        CollectorBench bench;
        TestDevice device(bench.road);
        bench.ingest.reset();
        std::filesystem::remove(bench.file);
        const Schema schema = store_schema();
        const Schema older{schema.name, schema.application_id, static_cast<std::int32_t>(version),
                           schema.older.at(version - 1).create};
        {
            Database database = must(Database::open({.path = bench.file}));
            must_do(adopt_schema(database, older));
            must_do(database.execute(
                "INSERT INTO incident VALUES(3, 80, 81, 'gate-1', x'0123456789abcdef', 9, 9, 1, 'x')"));
        }
        bench.restart();
        CHECK(bench.incidents(5).at(0).what == "x");
        CHECK(bench.deliver(device.message(device.health({}))).reception == Reception::stored);
        bench.judge_all();
        CHECK(bench.verdict(device, 1)->good());
    }
}

TEST_CASE(
    "a store of version 5 learns to whom its items are sealed: the new ones name it, the old ones' blobs "
    "do") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.ingest.reset();
    std::filesystem::remove(bench.file);
    const Schema schema = store_schema();
    const Schema fifth{schema.name, schema.application_id, 5, schema.older.at(4).create};
    {
        Database database = must(Database::open({.path = bench.file}));
        must_do(adopt_schema(database, fifth));
        must_do(
            database.execute("INSERT INTO chain VALUES(7, 'gate-9', x'0123456789abcdef', 0, 0, NULL, 0, x'" +
                             to_hex(device.links[0]) + "', 1, 0, x'" + to_hex(device.links[0]) +
                             "', 0, 0, 0, 0, 0, 0, 0, 0, 60, 70, 70, 0)"));
        must_do(
            database.execute("INSERT INTO item(id, chain_id, seq, kind, digest, received_at) "
                             "VALUES(3, 7, 1, 'read', x'00', 5)"));
    }
    bench.restart();
    CHECK_FALSE(bench.read([&](Store& store) { return store.items.sealed(7, 1, 9); }).at(0).audience);
    auto messages = device.messages(device.seal());
    std::ranges::move(device.messages(device.seal()), std::back_inserter(messages));
    bench.deliver(messages);
    std::set<std::string> named;
    const auto audiences = bench.read([&](Store& store) { return store.items.audiences(); });
    const auto items =
        bench.read([&](Store& store) { return store.items.sealed(bench.chain(device).id, 1, 9); });
    REQUIRE(items.size() == messages.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
        CHECK(audiences.at(items[i].audience.value_or(0)) == audience_of(messages[i].payload));
        named.insert(audience_of(messages[i].payload));
    }
    CHECK(audiences.size() == named.size());  // each stands there once
}

TEST_CASE(
    "junk that names ever new keys fills no table: what comes beyond its bound is stored all the same") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.ingest.reset();
    {
        Database database = must(Database::open({.path = bench.file}));
        must_do(database.execute(
            fmt::format("INSERT INTO audience(id, keys) VALUES({}, 'of the last junk')", max_audiences)));
    }
    bench.restart();
    const auto messages = device.messages(device.seal());
    bench.deliver(messages);
    const auto items =
        bench.read([&](Store& store) { return store.items.sealed(bench.chain(device).id, 1, 9); });
    REQUIRE(items.size() == messages.size());
    CHECK(std::ranges::none_of(items, [](const SealedRow& item) { return item.audience.has_value(); }));
    CHECK(bench.read([&](Store& store) { return store.items.audiences(); }).size() == 1);
}

TEST_CASE("a statement is sealed to nobody") {
    CollectorBench bench;
    TestDevice device(bench.road);
    bench.deliver(device.messages(device.seal()));
    bench.deliver(device.message(device.checkpoint()));
    const auto items =
        bench.read([&](Store& store) { return store.items.sealed(bench.chain(device).id, 1, 9); });
    REQUIRE(items.back().kind == ItemKind::checkpoint);
    CHECK_FALSE(items.back().audience);
    CHECK(std::ranges::all_of(items.begin(), items.end() - 1,
                              [](const SealedRow& item) { return item.audience.has_value(); }));
}

TEST_CASE("a store of the version before is brought up to date in place, and nothing is lost") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const auto first = device.messages(device.seal());
    bench.ingest.reset();
    std::filesystem::remove(bench.file);
    const Schema schema = store_schema();
    const Schema older{schema.name, schema.application_id, 1, schema.older.at(0).create};
    {
        Database database = must(Database::open({.path = bench.file}));
        must_do(adopt_schema(database, older));
        must_do(database.execute("INSERT INTO chain VALUES(7, 'gate-1', x'0123456789abcdef', 2, x'" +
                                 to_hex(device.links[2]) + "', 3, 0, x'" + to_hex(device.links[0]) +
                                 "', 0, 0, 0, 4, 5, 60, 70)"));
        for (Seq seq = 1; seq <= 3; ++seq) {
            auto item = must(database.prepare(
                "INSERT INTO item(id, chain_id, seq, kind, digest, link, received_at, authenticity, "
                "key_trust, verdict_at) VALUES(?, 7, ?, ?, ?, ?, ?, ?, ?, ?)"));
            const auto kind = seq == 1 ? "read" : seq == 2 ? "plate" : "overview";
            must_do(item.run(seq * 10, seq, kind, sha256(first[seq - 1].payload), device.links[seq],
                             now.time_since_epoch().count(), seq == 1 ? "authentic" : "unopened",
                             seq == 1 ? "trusted" : "unchecked", now.time_since_epoch().count()));
            auto blob = must(database.prepare("INSERT INTO blob VALUES(?, ?)"));
            must_do(blob.run(seq * 10, first[seq - 1].payload));
        }
        auto aside = must(database.prepare(
            "INSERT INTO quarantine VALUES(1, 'gate-1', x'0123456789abcdef', 9, 'read', ?, 'condemned', "
            "'forged', 'stranger', 5, 6, 4, x'01020304')"));
        must_do(aside.run(sha256(as_bytes("x"))));
        must_do(database.execute("INSERT INTO gap VALUES(1, 7, 4, 4, 50, NULL, 0)"));
        must_do(
            database.execute("INSERT INTO incident VALUES(3, 80, 'gate-1', x'0123456789abcdef', 9, 'x')"));
    }
    bench.restart();
    const ChainRow chain = bench.chain(device);
    CHECK(chain.id == 7);
    CHECK(chain.upto == 2);
    CHECK(chain.promised == 2);
    CHECK(chain.duplicates == 4);
    CHECK(chain.conflicts == 5);
    CHECK(bench.verdict(device, 1)->good());
    CHECK(bench.read([&](Store& store) { return store.items.blob(30); }) == first[2].payload);
    CHECK(bench.gaps(device, true).size() == 1);
    REQUIRE(bench.quarantine().size() == 1);
    CHECK(bench.quarantine()[0].kept);
    CHECK(bench.incidents(5).at(0).what == "x");
    bench.judge_all();  // it goes on working: what was not opened is looked at again
    CHECK(bench.verdict(device, 3)->good());
    bench.deliver(device.messages(device.seal()));
    bench.deliver(device.message(device.checkpoint()));
    bench.judge_all();
    CHECK(bench.chain(device).upto == 7);
    // A store that is no longer as that version made it is not touched.
    bench.ingest.reset();
    std::filesystem::remove(bench.file);
    {
        Database database = must(Database::open({.path = bench.file}));
        must_do(adopt_schema(database, older));
        must_do(database.execute("CREATE TABLE other(x)"));
    }
    CHECK(Store::open(bench.settings).error().code() == ErrorCode::corrupt);
}
