// Tombstones that stand in the spool when the reader's key changes.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <optional>
#include <random>
#include <set>
#include <sstream>

#include "base/unique_fd.hpp"
#include "database/database.hpp"
#include "spool/salvage.hpp"
#include "spool/shed.hpp"
#include "support.hpp"
#include "support/disk_faults.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

/// Keys are letters: a signature is the letter before the text.
struct Keys {
    char present = 'a';
    std::set<char> before;
    int signatures = 0;
    bool broken = false;

    void change(char next) {
        before.insert(present);
        present = next;
    }
    static Bytes by(char key, const Tombstone& tombstone) {
        const auto text = encode_tombstone(tombstone);
        REQUIRE(text);
        return to_bytes(key + *text);
    }
    static Result<Tombstone> parse(ByteView blob) { return parse_tombstone(as_text(blob).substr(1)); }
    [[nodiscard]] Result<Bytes> sign(const Tombstone& tombstone) {
        if (broken) return fail(ErrorCode::io, "the key is away");
        ++signatures;
        return by(present, tombstone);
    }
    TombstoneMaker maker() {
        TombstoneMaker maker([this](const Tombstone& tombstone) { return sign(tombstone); },
                             [this](ByteView blob) -> Result<Tombstone> {
                                 if (key_of(blob) == present) return parse(blob);
                                 return fail(ErrorCode::refused, "another key");
                             });
        maker.verify_forerunner = [this](ByteView blob) -> Result<Tombstone> {
            if (before.contains(key_of(blob))) return parse(blob);
            return fail(ErrorCode::refused, "never ours");
        };
        maker.forerunners = [this] { return std::uint64_t{before.size()}; };
        return maker;
    }
    static char key_of(ByteView blob) { return blob.empty() ? ' ' : static_cast<char>(blob[0]); }
};

/// What is logged while it lives.
class Log {
  public:
    explicit Log(const TempDir& dir) : file_(dir.path() / "log"), saved_(::dup(STDERR_FILENO)) {
        std::fflush(nullptr);
        REQUIRE(std::freopen(file_.c_str(), "w", stderr) != nullptr);
    }
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
    ~Log() {
        std::fflush(nullptr);
        ::dup2(saved_.get(), STDERR_FILENO);
    }
    [[nodiscard]] bool tells(std::string_view words) const {
        std::fflush(nullptr);
        std::ifstream in(file_);
        std::stringstream text;
        text << in.rdbuf();
        return text.str().find(words) != std::string::npos;
    }

  private:
    std::filesystem::path file_;
    UniqueFd saved_;
};

constexpr std::string_view not_ours = "a tombstone that this reader did not sign";

/// Room for ten reads; what is shed of them is one tombstone.
struct Roadside {
    TempDir dir;
    Keys keys;
    FakeClock clock;
    SpoolSettings settings = settings_in(dir);
    std::optional<Spool> spool;
    ChainHead head;

    Roadside() {
        // The first step of an opening, which does not go through SQLite.
        REQUIRE(std::ofstream(settings.path).is_open());
        settings.quota_items = 10;
        start();
    }
    void start() {
        spool.reset();
        auto opened = Spool::open(settings, keys.maker(), clock);
        if (!opened) FAIL(opened.error().message());
        spool = std::move(*opened);
        head = spool->head();
    }
    void append(int reads) {
        for (int i = 0; i < reads; ++i)
            REQUIRE(spool->append(next_read(head)));
    }
    /// An overview shed beside each read that stays: tombstones that do not touch.
    void shed_overviews(int count) {
        settings.quota_items = 500'000;
        settings.quota_bytes = 200'000;
        start();
        for (int i = 0; i < count; ++i)
            REQUIRE(spool->append(next_record(head, {{ItemKind::read, 300}, {ItemKind::overview, 150'000}})));
        REQUIRE(spool->append(next_record(head, {{ItemKind::read, 150'000}})));
        REQUIRE(tombstones().size() == static_cast<std::size_t>(count));
    }
    std::vector<SpooledItem> tombstones() {
        std::vector<SpooledItem> found;
        for (SpooledItem& row : all_of(*spool))
            if (row.item.kind == ItemKind::tombstone) found.push_back(std::move(row));
        return found;
    }
    std::size_t signed_by(char key) {
        return static_cast<std::size_t>(std::ranges::count_if(
            tombstones(), [key](const SpooledItem& row) { return Keys::key_of(row.item.blob) == key; }));
    }
    void execute(const std::string& sql) {
        auto database = Database::open({.path = settings.path});
        REQUIRE(database);
        REQUIRE(database->execute(sql));
    }
};

Tombstone said(const SpooledItem& row) {
    const auto tombstone = Keys::parse(row.item.blob);
    REQUIRE(tombstone);
    return *tombstone;
}

}  // namespace

TEST_CASE("a tombstone is signed anew when the key changes: the same span, counts and quota, a new time") {
    Roadside road;
    const Log log(road.dir);
    road.append(14);
    REQUIRE(road.signed_by('a') == 1);
    const Tombstone before = said(road.tombstones()[0]);
    const SpoolStats stats = road.spool->stats().value();
    road.keys.change('b');
    road.clock.advance(std::chrono::hours(1));
    REQUIRE(road.spool->sign_anew());
    REQUIRE(road.signed_by('b') == 1);
    REQUIRE(road.tombstones().size() == 1);
    CHECK(road.tombstones()[0].first == before.first);
    CHECK(road.tombstones()[0].item.seq == before.last);
    CHECK(road.tombstones()[0].item.link == before.link);
    Tombstone after = said(road.tombstones()[0]);
    CHECK(after.time > before.time);
    after.time = before.time;
    CHECK(Keys::by('b', after) == Keys::by('b', before));
    const SpoolStats now = road.spool->stats().value();
    CHECK(now.items == stats.items);
    CHECK(now.bytes == stats.bytes);
    CHECK(now.shed_reads == stats.shed_reads);
    CHECK(now.oldest_age == stats.oldest_age + std::chrono::hours(1));
    // Once: and what is shed later joins it.
    const int signatures = road.keys.signatures;
    REQUIRE(road.spool->sign_anew());
    CHECK(road.keys.signatures == signatures);
    road.append(3);
    REQUIRE(road.tombstones().size() == 1);
    CHECK(said(road.tombstones()[0]).reads == before.reads + 3);
    road.start();  // its file is whole
    CHECK_FALSE(road.spool->set_aside());
    CHECK_FALSE(log.tells(not_ours));
}

TEST_CASE("a reader that ended between the change of its key and signing anew does it at its next start") {
    Roadside road;
    const Log log(road.dir);
    road.append(14);
    road.spool.reset();
    road.keys.change('b');
    road.start();
    REQUIRE(road.signed_by('a') == 1);
    SUBCASE("before the next record") {
        road.settings.quota_items = 100;
        road.start();
        road.append(1);
    }
    SUBCASE("while nothing passes") {
        REQUIRE(road.spool->shed_aged());
    }
    SUBCASE("while it drains") {
        REQUIRE(road.spool->sign_anew());
    }
    SUBCASE("two keys later") {
        road.spool.reset();
        road.keys.change('c');
        road.start();
        REQUIRE(road.spool->sign_anew());
        CHECK(road.signed_by('c') == 1);
        road.keys.change('b');
        REQUIRE(road.spool->sign_anew());
    }
    CHECK(road.tombstones().size() == 1);
    CHECK(road.signed_by('b') == 1);
    CHECK_FALSE(log.tells(not_ours));
}

TEST_CASE("attack: a tombstone of a key that was never ours is not signed anew, and is told") {
    Roadside road;
    const Log log(road.dir);
    road.shed_overviews(3);
    const SpooledItem target = road.tombstones()[1];
    bool forged = true;
    SUBCASE("another key, the right words") {
        road.execute(
            "UPDATE items SET blob = CAST('x' || substr(CAST(blob AS TEXT), 2) AS BLOB) WHERE seq = " +
            std::to_string(target.item.seq));
    }
    SUBCASE("the key before, stretched over more") {
        road.execute("DELETE FROM items WHERE seq = " + std::to_string(target.first - 1));
        road.execute("UPDATE items SET first = first - 1 WHERE seq = " + std::to_string(target.item.seq));
        road.execute("UPDATE life SET items = items - 1, bytes = bytes - 300");
    }
    SUBCASE("the key before, other counts") {
        road.execute("UPDATE items SET overviews = 7 WHERE seq = " + std::to_string(target.item.seq));
    }
    SUBCASE("control: as it was signed") {
        forged = false;
    }
    road.keys.change('b');
    const int signatures = road.keys.signatures;
    REQUIRE(road.spool->sign_anew());
    CHECK(road.keys.signatures == signatures + (forged ? 2 : 3));
    CHECK(road.signed_by('b') == (forged ? 2 : 3));
    CHECK(log.tells(not_ours) == forged);
}

TEST_CASE("many tombstones are signed anew a few at a time, before records and while nothing passes") {
    Roadside road;
    road.shed_overviews(20);
    road.keys.change('b');
    REQUIRE(road.spool->sign_anew());
    CHECK(road.signed_by('b') == max_signed_anew);
    REQUIRE(road.spool->shed_aged());
    CHECK(road.signed_by('b') == 2 * max_signed_anew);
    REQUIRE(road.spool->append(next_read(road.head)));
    CHECK(road.signed_by('b') == 20);
    CHECK(road.signed_by('a') == 0);
}

TEST_CASE("a key that cannot sign just now holds no record up, older tombstones are signed anew later") {
    Roadside road;
    const Log log(road.dir);
    road.append(14);
    const SpoolStats stats = road.spool->stats().value();
    road.keys.change('b');
    road.keys.broken = true;
    road.settings.quota_items = 100;
    road.start();
    REQUIRE(road.spool->append(next_read(road.head)));
    CHECK(log.tells("older tombstones cannot be signed with the new key"));
    CHECK(road.signed_by('a') == 1);
    CHECK(road.spool->stats().value().items == stats.items + 1);
    road.keys.broken = false;
    REQUIRE(road.spool->append(next_read(road.head)));
    CHECK(road.signed_by('b') == 1);
}

TEST_CASE("a tombstone of the key before in a spool that was set aside is delivered, signed anew") {
    Roadside road;
    road.settings.anchor = road.dir.path() / "private" / "anchor";
    road.start();
    road.append(14);
    road.spool.reset();
    road.execute("UPDATE life SET items = items + 1");  // damage that touches no row
    road.keys.change('b');
    road.start();
    REQUIRE(road.spool->set_aside());
    Salvage salvage(road.settings, road.keys.maker(), road.clock);
    salvage.look();
    salvage.look();
    REQUIRE(salvage.rest() != nullptr);
    const auto rows = all_of(*salvage.rest());
    REQUIRE(rows.size() == 10);
    CHECK(rows[0].item.kind == ItemKind::tombstone);
    CHECK(Keys::key_of(rows[0].item.blob) == 'b');
    CHECK(rows.back().item.seq == 14);
}

TEST_CASE(
    "a power cut in any call of signing anew leaves each tombstone with the old signature or the new one") {
    std::mt19937 random(20260104);
    using Unsynced = FaultVfs::Unsynced;
    for (const Unsynced unsynced : {Unsynced::lost, Unsynced::torn, Unsynced::kept}) {
        bool ended = false;
        for (std::uint64_t call = 1; !ended; ++call) {
            CAPTURE(call);
            CAPTURE(static_cast<int>(unsynced));
            REQUIRE(call < 200);
            FaultVfs disk;
            Roadside road;
            road.shed_overviews(3);
            const SpoolStats stats = road.spool->stats().value();
            road.keys.change('b');
            disk.cut_power_at(call);
            static_cast<void>(road.spool->sign_anew());
            ended = !disk.dead();
            road.spool.reset();
            disk.cut_power();
            disk.restore_power(unsynced, random);
            road.start();
            CHECK_FALSE(road.spool->set_aside());
            REQUIRE(road.signed_by('a') + road.signed_by('b') == 3);
            CHECK((road.signed_by('a') == 0 || road.signed_by('a') == 3));
            REQUIRE(road.spool->sign_anew());
            CHECK(road.signed_by('b') == 3);
            CHECK(road.spool->stats().value().bytes == stats.bytes);
            CHECK(road.spool->stats().value().items == stats.items);
            road.spool.reset();
        }
    }
}

TEST_CASE(
    "whichever call fails while tombstones are signed anew, each has one of both signatures, at the end the "
    "new one") {
    CHECK(fail_each_way_out(7, [](FaultVfs& disk) {
              std::optional<Roadside> road;
              SpoolStats stats;
              const auto check = [&] {
                  const FaultVfs::Asleep asleep(disk);
                  REQUIRE(road->signed_by('a') + road->signed_by('b') == 2);
                  const SpoolStats now = road->spool->stats().value();
                  CHECK(now.items == stats.items);
                  CHECK(now.bytes == stats.bytes);
                  CHECK(now.shed_overviews == stats.shed_overviews);
              };
              {
                  const FaultVfs::Asleep asleep(disk);
                  road.emplace();
                  road->shed_overviews(2);
                  stats = road->spool->stats().value();
                  road->keys.change('b');
              }
              // What fails is told in the log, holds nothing up and is tried again.
              REQUIRE(road->spool->sign_anew());
              check();
              disk.mend();
              REQUIRE(road->spool->sign_anew());
              check();
              const FaultVfs::Asleep asleep(disk);
              CHECK(road->signed_by('b') == 2);
              road->start();
              CHECK_FALSE(road->spool->set_aside());
          }) > 0);
}

TEST_CASE("whichever call fails while something is shed beside a tombstone of the key before, it joins it") {
    CHECK(fail_each_way_out(11, [](FaultVfs& disk) {
              std::optional<Roadside> road;
              {
                  const FaultVfs::Asleep asleep(disk);
                  road.emplace();
                  road->append(12);
                  REQUIRE(road->signed_by('a') == 1);
                  road->keys.change('b');
              }
              ChainHead next = road->head;
              const SealedRecord record = next_read(next);
              if (!went_well(disk, road->spool->append(record))) REQUIRE(road->spool->append(record));
              const FaultVfs::Asleep asleep(disk);
              REQUIRE(road->tombstones().size() == 1);
              CHECK(road->signed_by('b') == 1);
              const Tombstone tombstone = said(road->tombstones()[0]);
              CHECK(tombstone.first == 1);
              CHECK(tombstone.last == 4);
              CHECK(tombstone.reads == 4);
              road->start();
              CHECK_FALSE(road->spool->set_aside());
              CHECK(road->head.next_seq == 14);
          }) > 0);
}
