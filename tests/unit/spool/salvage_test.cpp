// What is delivered of spools that were set aside.
#include "spool/salvage.hpp"

#include <fstream>
#include <map>
#include <set>

#include "base/file.hpp"
#include "database/database.hpp"
#include "support.hpp"
#include "support/disk_faults.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

namespace fs = std::filesystem;

struct House {
    TempDir dir;
    FakeClock clock;
    SpoolSettings settings = settings_in(dir);
    std::optional<Spool> spool;
    std::optional<Salvage> salvage;

    House() {
        settings.anchor = dir.path() / "private" / "anchor";
        settings.write_anchor = write_anchor_unsynced;
    }
    /// Records of two items each; gives the head behind them.
    ChainHead fill(int records, std::size_t plate_bytes = 3000) {
        start();
        ChainHead head = spool->head();
        for (int i = 0; i < records; ++i)
            REQUIRE(
                spool->append(next_record(head, {{ItemKind::read, 700}, {ItemKind::plate, plate_bytes}})));
        spool->save_anchor();
        return head;
    }
    void start() {
        salvage.reset();
        spool.reset();
        auto opened = Spool::open(settings, any_maker(), clock);
        if (!opened) FAIL(opened.error().message());
        spool = std::move(*opened);
        salvage.emplace(settings, any_maker(), clock);
    }
    void execute(const std::string& sql) {
        spool.reset();
        auto database = Database::open({.path = settings.path});
        REQUIRE(database);
        REQUIRE(database->execute(sql));
    }
    /// Damage that the next opening finds, and that touches no row.
    void damage() { execute("UPDATE life SET items = items + 1"); }
    std::vector<SpooledItem> rest() {
        REQUIRE(salvage->rest() != nullptr);
        return all_of(*salvage->rest());
    }
    /// The collector's receipt for all of the second spool.
    void receive() {
        Spool& spool_of_rest = *salvage->rest();
        const auto items = all_of(spool_of_rest);
        REQUIRE(spool_of_rest.release(spool_of_rest.head().chain, items.back().item.seq,
                                      items.back().item.link, sha256(as_bytes("receipt"))));
    }
    [[nodiscard]] bool there(const std::string& suffix) const {
        return fs::exists(settings.path.string() + suffix);
    }
};

}  // namespace

TEST_CASE("what can still be read of a corrupt spool is delivered, the rest is declared") {
    House house;
    const ChainHead end = house.fill(40);
    const auto rows = all_of(*house.spool);
    house.execute("UPDATE items SET blob = zeroblob(700) WHERE seq = 31");
    house.damage();
    house.start();
    REQUIRE(house.spool->set_aside());
    house.salvage->look();
    const auto rest = house.rest();
    REQUIRE(rest.size() == 30);
    CHECK(house.salvage->rest()->head().chain == end.chain);
    for (std::size_t i = 0; i < rest.size(); ++i) {
        CHECK(rest[i].item.blob == rows[i].item.blob);
        CHECK(rest[i].item.link == rows[i].item.link);
    }
    {
        SpoolSettings second = house.settings;
        second.path = rest_of(second.path);
        auto uplink = Spool::attach(second);
        REQUIRE(uplink);
        CHECK(all_of(*uplink).size() == 30);
    }
    house.receive();
    house.salvage->look();
    CHECK(house.salvage->rest() == nullptr);
    house.salvage->look();
    CHECK(house.salvage->idle());
    CHECK_FALSE(house.there(".rest"));
    CHECK_FALSE(house.there(".broken-1"));
    CHECK(house.there(".unread"));
    // The new chain's first item says that the old one went on to 80.
    REQUIRE(house.spool->untold());
    CHECK(house.spool->untold()->previous == end.chain);
    CHECK(house.spool->untold()->previous_last == 80);
    CHECK(house.spool->untold()->previous_link == end.link);
}

TEST_CASE("an older copy that was put back is delivered whole, and its file removed") {
    House house;
    house.fill(3);
    house.spool.reset();
    fs::copy_file(house.settings.path, house.dir.path() / "copy.db");
    house.fill(2);
    house.spool.reset();
    for (const char* part : {"-wal", "-shm"})
        fs::remove(house.settings.path.string() + part);
    fs::copy_file(house.dir.path() / "copy.db", house.settings.path, fs::copy_options::overwrite_existing);
    house.start();
    REQUIRE(house.there(".rolled-back-1"));
    house.salvage->look();
    CHECK(house.rest().size() == 6);
    house.receive();
    house.salvage->look();
    CHECK_FALSE(house.there(".rolled-back-1"));
    CHECK_FALSE(house.there(".unread"));
    CHECK(house.salvage->idle());
}

TEST_CASE("what was received before the damage is not delivered again") {
    House house;
    house.fill(10);
    const auto rows = all_of(*house.spool);
    REQUIRE(house.spool->release(house.spool->head().chain, 8, rows[7].item.link, Digest{}));
    house.damage();
    house.start();
    house.salvage->look();
    const auto rest = house.rest();
    REQUIRE(rest.size() == 12);
    CHECK(rest.front().item.seq == 9);
    CHECK(house.salvage->rest()->stats()->received == 8);
}

TEST_CASE("a large one is delivered in pieces, over starts and kills, each row once, the oldest file first") {
    House house;
    const ChainHead first = house.fill(40, 1 << 20);
    house.damage();
    house.start();
    CHECK(house.there(".broken-1"));
    const ChainHead second = house.fill(2);
    house.damage();
    house.start();
    CHECK(house.there(".broken-2"));
    std::vector<std::pair<ChainId, Seq>> delivered;
    int pieces = 0;
    for (; pieces < 20; ++pieces) {
        house.salvage->look();
        if (house.salvage->rest() == nullptr) house.salvage->look();
        if (house.salvage->rest() == nullptr) break;
        CHECK(house.salvage->rest()->stats()->bytes < (std::uint64_t{18} << 20));
        if (pieces % 2 == 1) {  // a new process finds it as it was
            house.start();
            house.salvage->look();
        }
        for (const SpooledItem& row : house.rest())
            delivered.emplace_back(house.salvage->rest()->head().chain, row.item.seq);
        house.receive();
    }
    CHECK(pieces == 4);  // 40 MiB in three, and the second file
    REQUIRE(delivered.size() == 84);
    for (std::size_t i = 0; i < delivered.size(); ++i) {
        CHECK(delivered[i].first == (i < 80 ? first.chain : second.chain));
        CHECK(delivered[i].second == (i < 80 ? i + 1 : i - 79));
    }
    CHECK_FALSE(house.there(".broken-1"));
    CHECK_FALSE(house.there(".broken-2"));
}

TEST_CASE("tombstones are delivered with our signature, and one without ends it") {
    House house;
    house.settings.quota_items = 10;
    house.fill(12);
    house.settings.quota_items = 500'000;
    REQUIRE(all_of(*house.spool).front().item.kind == ItemKind::tombstone);
    bool forged = false;
    SUBCASE("ours") {}
    SUBCASE("attack: a tombstone over more than was shed") {
        forged = true;
        house.execute("UPDATE items SET first = 1, seq = seq WHERE kind = 'tombstone'");
        house.execute(
            "UPDATE items SET blob = CAST(replace(CAST(blob AS TEXT), '\"first\":1', '\"first\":2') AS BLOB) "
            "WHERE kind = 'tombstone'");
    }
    house.damage();
    house.start();
    REQUIRE(house.spool->set_aside());
    house.salvage->look();
    if (forged) {
        CHECK((house.salvage->rest() == nullptr || house.rest().empty()));
        return;
    }
    const auto rest = house.rest();
    CHECK(rest.front().item.kind == ItemKind::tombstone);
    CHECK(rest.front().first == 1);
    CHECK(rest.back().item.seq == 24);
}

TEST_CASE("a row that cannot be one of ours ends it, the first one too") {
    House house;
    house.fill(3);
    const auto rows = all_of(*house.spool);
    Seq received = 0;
    std::string change;
    SUBCASE("behind others") {
        SUBCASE("of no known kind") {
            change = "kind = 'song'";
        }
        SUBCASE("with half a link") {
            change = "link = x'00'";
        }
        SUBCASE("with nothing in it") {
            change = "blob = x''";
        }
        SUBCASE("over more than itself") {
            change = "first = 2";
        }
        SUBCASE("a tombstone that nobody signed") {
            change = "kind = 'tombstone'";
        }
    }
    SUBCASE("the first that was not received") {
        received = 2;
        SUBCASE("over more than itself") {
            change = "first = 2";
        }
        SUBCASE("a tombstone that nobody signed") {
            change = "kind = 'tombstone'";
        }
        SUBCASE("with another link") {
            change = "link = zeroblob(32)";
        }
    }
    if (received > 0)
        REQUIRE(house.spool->release(house.spool->head().chain, received, rows[received - 1].item.link, {}));
    house.execute("UPDATE items SET " + change + " WHERE seq = 3");
    house.damage();
    house.start();
    REQUIRE(house.spool->set_aside());
    house.salvage->look();
    if (received == 0) {
        CHECK(house.rest().size() == 2);
        house.receive();
    }
    for (int look = 0; look < 2; ++look)
        house.salvage->look();
    CHECK(house.salvage->idle());
    CHECK_FALSE(house.there(".broken-1"));
    CHECK(house.there(".unread"));
}

TEST_CASE("the last row of a spool that was set aside, all others were received, is delivered") {
    House house;
    house.fill(3);
    const auto rows = all_of(*house.spool);
    REQUIRE(house.spool->release(house.spool->head().chain, 5, rows[4].item.link, {}));
    house.damage();
    house.start();
    house.salvage->look();
    REQUIRE(house.rest().size() == 1);
    CHECK(house.rest()[0].item.blob == rows[5].item.blob);
}

TEST_CASE("another device's spool among those that were set aside is left where it is") {
    House house;
    {
        SpoolSettings other = house.settings;
        other.path += ".broken-1";
        other.device = "gate-2";
        other.anchor.clear();
        Spool spool = open_spool(other);
        ChainHead head = spool.head();
        REQUIRE(spool.append(next_read(head)));
    }
    house.fill(1);
    for (int look = 0; look < 3; ++look) {
        house.salvage->look();
        CHECK(house.salvage->rest() == nullptr);
        CHECK(house.salvage->idle());
        house.clock.advance(std::chrono::minutes(2));
    }
    CHECK(house.there(".broken-1"));
}

TEST_CASE("a file of which nothing can be read is kept as it is") {
    House house;
    house.fill(3);
    house.spool.reset();
    fs::remove(house.settings.path.string() + "-wal");
    REQUIRE(write_file_atomically(house.settings.path, Bytes(20'000, std::byte{0x5a})));
    house.start();
    REQUIRE(house.there(".broken-1"));
    house.salvage->look();
    CHECK(house.salvage->rest() == nullptr);
    CHECK(house.salvage->idle());
    CHECK(house.there(".broken-1"));
    CHECK_FALSE(house.there(".rest"));
}

TEST_CASE("without anything set aside nothing is made, and the folder is looked at once a minute") {
    House house;
    house.fill(1);
    house.salvage->look();
    CHECK(house.salvage->idle());
    house.damage();
    auto opened = Spool::open(house.settings, any_maker(), house.clock);
    REQUIRE(opened);
    house.salvage->look();
    CHECK(house.salvage->rest() == nullptr);
    house.clock.advance(std::chrono::minutes(1));
    house.salvage->look();
    CHECK(house.rest().size() == 2);
}

namespace {

/// What `prepare` spooled is set aside; calls fail while it is looked through, and all of it is delivered.
template <class Prepare>
auto looking_through(Prepare prepare) {
    return [prepare](FaultVfs& disk) {
        std::optional<House> house;
        std::map<Seq, SpooledItem> rows;
        {
            const FaultVfs::Asleep asleep(disk);
            house.emplace();
            prepare(*house);
            for (SpooledItem& row : all_of(*house->spool))
                rows[row.item.seq] = std::move(row);
            house->damage();
            house->start();
            REQUIRE(house->spool->set_aside());
        }
        std::set<Seq> delivered;
        for (int look = 0; look < 20 && (delivered.size() < rows.size() || !house->salvage->idle()); ++look) {
            if (look == 5) disk.mend();
            house->salvage->look();
            house->clock.advance(std::chrono::minutes(2));
            const FaultVfs::Asleep asleep(disk);
            if (house->salvage->rest() == nullptr) continue;
            const auto items = house->rest();
            for (const SpooledItem& row : items) {
                REQUIRE(row.first == rows.at(row.item.seq).first);
                REQUIRE(row.item.blob == rows.at(row.item.seq).item.blob);
                delivered.insert(row.item.seq);
            }
            if (!items.empty()) house->receive();
        }
        CHECK(delivered.size() == rows.size());
        CHECK(house->salvage->idle());
        CHECK_FALSE(house->there(".broken-1"));
        CHECK_FALSE(house->there(".unread"));
    };
}

}  // namespace

TEST_CASE(
    "whichever call fails while a spool that was set aside is looked through, all that was in it is "
    "delivered") {
    const std::uint64_t stride = rounds_or(1) >= 10 ? 1 : 5;
    CHECK(fail_each_call(0, stride, looking_through([](House& house) { house.fill(6); })) >
          disk_faults.size() / 2);
}

TEST_CASE(
    "whichever call fails while a spool that was set aside is looked through, what of it was not received is "
    "delivered") {
    CHECK(fail_each_way_out(30, looking_through([](House& house) {
                                house.fill(3);
                                const SealedItem received = all_of(*house.spool)[1].item;
                                REQUIRE(house.spool->release(house.spool->head().chain, received.seq,
                                                             received.link, Digest{}));
                            })) > 0);
}

TEST_CASE(
    "whichever call fails while a spool that was set aside is looked through, what of it was shed is "
    "declared") {
    CHECK(fail_each_way_out(30, looking_through([](House& house) {
                                house.settings.quota_items = 6;
                                house.fill(1);
                                const SealedItem received = all_of(*house.spool)[1].item;
                                REQUIRE(house.spool->release(house.spool->head().chain, received.seq,
                                                             received.link, Digest{}));
                                house.fill(5);
                                REQUIRE(all_of(*house.spool).front().item.kind == ItemKind::tombstone);
                            })) > 0);
}
