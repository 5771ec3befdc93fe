// The spool's quota of days: the time that the device ran, by the boot clock; no calendar sheds anything.
#include <algorithm>

#include "database/database.hpp"
#include "promises.hpp"
#include "support/disk_faults.hpp"

using namespace portcullis;
using namespace portcullis::test;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

namespace {

/// A reader whose spool keeps three days.
struct Device {
    TempDir dir;
    FakeClock clock;
    Signer signer;
    SpoolSettings settings = settings_in(dir);
    std::optional<Spool> spool;
    ChainHead head;

    Device() { start(); }
    void start() {
        spool.reset();
        auto opened = Spool::open(settings, signer.maker(), clock);
        REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().message()));
        REQUIRE_FALSE(opened->set_aside());
        spool = std::move(*opened);
        head = spool->head();
    }
    void append(int records) {
        for (int i = 0; i < records; ++i)
            REQUIRE(spool->append(next_record(
                head, {{ItemKind::read, 700}, {ItemKind::plate, 900}, {ItemKind::overview, 1500}})));
    }
    /// As the commit thread calls it while no car comes.
    void idle(microseconds time, microseconds every) {
        for (microseconds passed{0}; passed < time; passed += every) {
            clock.advance(every);
            REQUIRE(spool->shed_aged());
        }
    }
    [[nodiscard]] std::uint64_t shed_reads() { return spool->stats().value().shed_reads; }
};

}  // namespace

TEST_CASE("what came longer ago than the days allow goes whole and oldest first, declared and counted") {
    Device device;
    device.append(2);
    device.clock.advance(hours(30));
    device.append(2);
    device.clock.advance(hours(42));
    device.append(1);
    CHECK(device.shed_reads() == 0);  // three days to the microsecond are not too long
    device.clock.advance(microseconds(1));
    device.append(1);
    const auto items = all_of(*device.spool);
    REQUIRE(items[0].item.kind == ItemKind::tombstone);
    CHECK(items[0].first == 1);
    CHECK(items[0].item.seq == 6);
    CHECK(items[1].item.kind == ItemKind::read);
    CHECK(items.size() == 13);
    const Tombstone& declared = device.signer.signed_ones.back();
    CHECK(declared.reads == 2);
    CHECK(declared.plates == 2);
    CHECK(declared.overviews == 2);
    const SpoolStats stats = device.spool->stats().value();
    CHECK(stats.shed_reads == 2);
    CHECK(stats.shed_overviews == 2);
    device.start();
}

TEST_CASE("a clock that jumps by decades sheds nothing, at work or over a restart, and spares nothing") {
    Device device;
    device.append(3);
    for (const days jump : {days(365 * 30), days(-365 * 80), days(400), days(365 * 50)}) {
        device.clock.step_utc(jump);
        device.append(1);
        device.idle(minutes(3), minutes(1));
        device.start();
        device.append(1);
        CHECK(device.shed_reads() == 0);
    }
    device.clock.step_utc(days(-30));
    device.idle(hours(72), hours(1));
    CHECK(device.shed_reads() >= 3);
}

TEST_CASE("an idle spool ages too, and keeps its count over restarts of the reader and of the device") {
    Device device;
    device.append(2);
    device.idle(hours(40), minutes(10));
    device.start();
    device.idle(hours(20), minutes(10));
    CHECK(device.shed_reads() == 0);
    // The power is off for a year: nothing ages. Of the last hour before it at most an hour is forgotten.
    device.clock.reboot(days(365));
    device.start();
    device.idle(hours(11), minutes(10));
    CHECK(device.shed_reads() == 0);
    device.idle(hours(2) + minutes(10), minutes(10));
    CHECK(device.shed_reads() == 2);
    CHECK(all_of(*device.spool).size() == 1);
    CHECK(device.spool->stats().value().oldest_age > hours(72));
}

TEST_CASE("an idle spool is not written to more often than once an hour") {
    Device device;
    device.append(1);
    auto guest = Spool::attach(device.settings, device.clock);
    REQUIRE(guest);
    std::int64_t version = guest->version().value();
    int commits = 0;
    for (int tick = 0; tick < 24 * 60 * 2; ++tick) {
        device.idle(std::chrono::seconds(30), std::chrono::seconds(30));
        const std::int64_t now = guest->version().value();
        if (std::exchange(version, now) != now) ++commits;
    }
    CHECK(commits <= 24);
    CHECK(commits >= 20);
}

TEST_CASE("after long idleness without a look not all goes at once: an append waits for a bounded number") {
    Device device;
    device.append(400);  // 1,200 rows
    device.clock.advance(days(10));
    device.append(1);
    const std::uint64_t first = device.shed_reads();
    CHECK(first > 50);
    CHECK(first < 100);
    device.idle(minutes(10), minutes(1));
    CHECK(device.shed_reads() == 400);
    CHECK(all_of(*device.spool).size() == 4);
    device.start();
}

TEST_CASE(
    "what only a receipt may release is not aged away without a declaration: links go on over the gap") {
    Device device;
    const ChainHead begin = device.head;
    for (int day = 0; day < 12; ++day) {
        device.append(2);
        device.clock.advance(hours(13));
    }
    ChainHead walked = begin;
    for (const SpooledItem& row : all_of(*device.spool)) {
        REQUIRE(row.first == walked.next_seq);
        if (row.item.kind != ItemKind::tombstone)
            REQUIRE(row.item.link == next_link(walked.link, row.item.seq, sha256(row.item.blob)));
        walked = {walked.chain, row.item.seq + 1, row.item.link};
    }
    CHECK(walked.next_seq == device.head.next_seq);
    CHECK(walked.link == device.head.link);
}

namespace {

// As version 1 made it; three reads of 100 bytes are in it.
constexpr const char* version_1 = R"(
CREATE TABLE life(
  id INTEGER PRIMARY KEY CHECK(id = 1), device TEXT NOT NULL, chain BLOB NOT NULL, next_seq INTEGER NOT NULL,
  link BLOB NOT NULL, items INTEGER NOT NULL, bytes INTEGER NOT NULL, received INTEGER NOT NULL, receipt BLOB,
  shed_reads INTEGER NOT NULL, shed_plates INTEGER NOT NULL, shed_overviews INTEGER NOT NULL,
  shed_checkpoints INTEGER NOT NULL) STRICT;
CREATE TABLE items(
  seq INTEGER PRIMARY KEY, first INTEGER NOT NULL, kind TEXT NOT NULL, at_us INTEGER NOT NULL,
  link BLOB NOT NULL, bytes INTEGER NOT NULL, reads INTEGER NOT NULL DEFAULT 0,
  plates INTEGER NOT NULL DEFAULT 0, overviews INTEGER NOT NULL DEFAULT 0,
  checkpoints INTEGER NOT NULL DEFAULT 0, blob BLOB NOT NULL) STRICT;
CREATE INDEX item_overview ON items(seq) WHERE kind = 'overview';
CREATE INDEX item_whole ON items(seq) WHERE kind <> 'tombstone';
CREATE INDEX item_unsigned ON items(seq) WHERE kind = 'tombstone' AND bytes = 0;
PRAGMA application_id=1885565808;
PRAGMA user_version=1;
INSERT INTO life VALUES(1, 'gate-1', x'0102030405060708', 4, zeroblob(32), 3, 300, 0, NULL, 0, 0, 5, 0);
INSERT INTO items(seq, first, kind, at_us, link, bytes, blob) VALUES
  (1, 1, 'read', 1750000000000000, zeroblob(32), 100, zeroblob(100)),
  (2, 2, 'read', 0, zeroblob(32), 100, zeroblob(100)),
  (3, 3, 'read', 2550000000000000, zeroblob(32), 100, zeroblob(100));
)";

void make_version_1(const SpoolSettings& settings) {
    auto file = Database::open({.path = settings.path});
    REQUIRE(file);
    REQUIRE(file->execute(version_1));
}

}  // namespace

TEST_CASE("a spool of the version before is taken over with all that is in it, and ages from then on") {
    Device device;
    device.spool.reset();
    for (const char* part : {"", "-wal", "-shm"})
        std::filesystem::remove(device.settings.path.string() + part);
    make_version_1(device.settings);
    device.start();
    CHECK(to_string(device.head.chain) == "0102030405060708");
    CHECK(device.head.next_seq == 4);
    CHECK(device.spool->stats().value().shed_overviews == 5);
    CHECK(all_of(*device.spool).size() == 3);
    device.append(1);
    device.idle(hours(71), hours(1));
    CHECK(device.shed_reads() == 0);
    device.idle(hours(3), hours(1));
    CHECK(device.shed_reads() == 4);
}

TEST_CASE("whichever call fails while a spool of the version before is taken over, the next start does it") {
    CHECK(fail_each_way_out(7, [](FaultVfs& disk) {
              const TempDir dir;
              const SpoolSettings settings = settings_in(dir);
              {
                  const FaultVfs::Asleep asleep(disk);
                  make_version_1(settings);
              }
              Spool spool = try_on(disk, 2, [&] { return Spool::open(settings, any_maker()); });
              const FaultVfs::Asleep asleep(disk);
              CHECK_FALSE(spool.set_aside());
              CHECK(to_string(spool.head().chain) == "0102030405060708");
              CHECK(spool.head().next_seq == 4);
              CHECK(spool.stats().value().shed_overviews == 5);
              CHECK(all_of(spool).size() == 3);
          }) > 0);
}

TEST_CASE("whichever call fails while what is over age goes, it goes once, whole, declared and counted") {
    const std::vector<Part> record = {
        {ItemKind::read, 700}, {ItemKind::plate, 900}, {ItemKind::overview, 1500}};
    CHECK(fail_each_way_out(15, [&](FaultVfs& disk) {
              std::optional<Device> device;
              Promises promises;
              const auto append = [&] {
                  return promises.append(*device->spool, promises.next_record(*device->spool, record));
              };
              const auto check = [&](std::uint64_t reads) {
                  const FaultVfs::Asleep asleep(disk);
                  promises.check(*device->spool);
                  CHECK(device->shed_reads() == reads);
                  CHECK(promises.shed() == 3 * reads);
              };
              {
                  const FaultVfs::Asleep asleep(disk);
                  device.emplace();
                  for (int i = 0; i < 2; ++i)
                      REQUIRE(append());
              }
              check(0);
              device->clock.advance(hours(73));
              while (!went_well(disk, device->spool->shed_aged())) {
                  check(0);
                  device->clock.advance(minutes(1));  // it looks once a minute
              }
              check(2);
              {
                  const FaultVfs::Asleep asleep(disk);
                  REQUIRE(append());
                  device->clock.advance(hours(73));
              }
              if (!append()) {
                  REQUIRE(disk.struck());
                  disk.mend();
                  check(2);
                  REQUIRE(append());
              }
              check(3);
              const FaultVfs::Asleep asleep(disk);
              device->start();
              promises.check(*device->spool);
          }) > 0);
}
