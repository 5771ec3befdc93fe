// The anchor: what becomes of a spool's file that is not the one that the reader left, and of the anchor
// itself.
#include "spool/anchor.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "base/file.hpp"
#include "database/database.hpp"
#include "support.hpp"
#include "support/disk_faults.hpp"
#include "support/failing_calls.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

namespace fs = std::filesystem;

SpoolSettings anchored_in(const TempDir& dir) {
    SpoolSettings settings = settings_in(dir);
    settings.anchor = dir.path() / "private" / "anchor";
    return settings;
}

void append(Spool& spool, const std::vector<Part>& parts) {
    ChainHead head = spool.head();
    REQUIRE(spool.append(next_record(head, parts)));
}

const std::vector<Part> record = {{ItemKind::read, 700}, {ItemKind::plate, 3000}};
const std::vector<Part> checkpoint = {{ItemKind::checkpoint, 400}};
const std::vector<Part> life = {{ItemKind::life, 600}};

SpoolSettings quickly_anchored_in(const TempDir& dir) {
    SpoolSettings settings = anchored_in(dir);
    settings.write_anchor = write_anchor_unsynced;
    return settings;
}

/// A start of the reader: it says what it has to say, some records, a checkpoint. Gives the head at its end.
ChainHead run(const SpoolSettings& settings, int records) {
    Spool spool = open_spool(settings);
    if (spool.untold()) append(spool, life);
    for (int i = 0; i < records; ++i)
        append(spool, record);
    append(spool, checkpoint);
    return spool.head();
}

/// The spool's file with its -wal, as a thief or a backup takes them.
class Copy {
  public:
    Copy(const TempDir& dir, const fs::path& file) : file_(file), copy_(dir.path() / "copy.db") {
        for (const char* part : {"", "-wal"})
            if (fs::exists(file_.string() + part))
                fs::copy_file(file_.string() + part, copy_.string() + part,
                              fs::copy_options::overwrite_existing);
    }
    void put_back() const {
        for (const char* part : {"", "-wal", "-shm"}) {
            fs::remove(file_.string() + part);
            if (fs::exists(copy_.string() + part))
                fs::copy_file(copy_.string() + part, file_.string() + part);
        }
    }

  private:
    fs::path file_;
    fs::path copy_;
};

void check_follows(const Spool& spool, LifeReason reason, const ChainHead& before) {
    const auto untold = spool.untold();
    REQUIRE(untold);
    CHECK(untold->reason == reason);
    CHECK(untold->previous == before.chain);
    CHECK(untold->previous_last == before.next_seq - 1);
    CHECK(untold->previous_link == before.link);
    CHECK(spool.head().chain != before.chain);
    CHECK(spool.head().next_seq == 1);
}

}  // namespace

TEST_CASE("an anchor's text comes back as it was written, and no changed byte of it passes") {
    Anchor anchor;
    anchor.device = "gate-1";
    anchor.boots = 7;
    anchor.head = {chain_from_string("00112233445566ff").value(), 65, sha256(as_bytes("link"))};
    anchor.reason = LifeReason::rolled_back;
    anchor.previous = chain_from_string("ff112233445566ff").value();
    anchor.previous_last = 12;
    anchor.about_to = LifeReason::set_aside;
    anchor.records_lost = 3;
    anchor.frames_dropped = 99;
    const std::string text = encode_anchor(anchor);
    REQUIRE(text.size() <= max_anchor_bytes);
    const Anchor read = parse_anchor(text).value();
    CHECK(encode_anchor(read) == text);
    CHECK(read.head.next_seq == 65);
    CHECK(read.about_to == LifeReason::set_aside);
    CHECK_FALSE(parse_anchor(text + "x"));
    for (std::size_t i = 0; i < text.size(); ++i) {
        REQUIRE_FALSE(parse_anchor(text.substr(0, i)));
        std::string changed = text;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        REQUIRE_FALSE(parse_anchor(changed));
    }
}

TEST_CASE("the first chain is new, each start says so once and counts") {
    const TempDir dir;
    const SpoolSettings settings = anchored_in(dir);
    {
        Spool spool = open_spool(settings);
        REQUIRE(spool.untold());
        CHECK(spool.untold()->reason == LifeReason::made);
        CHECK(spool.untold()->boots == 1);
        append(spool, life);
        CHECK_FALSE(spool.untold());
        append(spool, record);
    }
    for (std::uint64_t boots = 2; boots < 5; ++boots) {
        Spool spool = open_spool(settings);
        CHECK_FALSE(spool.set_aside());
        REQUIRE(spool.untold());
        CHECK(spool.untold()->reason == LifeReason::start);
        CHECK(spool.untold()->boots == boots);
        CHECK(spool.untold()->previous == ChainId());
        append(spool, record);  // and it is killed before it could say so
    }
    struct stat info {};
    REQUIRE(::stat(settings.anchor.c_str(), &info) == 0);
    CHECK((info.st_mode & 07777) == 0600);
    REQUIRE(::stat(settings.anchor.parent_path().c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0700);
}

TEST_CASE("attack: an old spool restored: a new chain begins and says why") {
    const TempDir dir;
    const SpoolSettings settings = anchored_in(dir);
    run(settings, 3);
    const Copy old(dir, settings.path);
    const ChainHead end = run(settings, 5);
    old.put_back();
    {
        Spool spool = open_spool(settings);
        REQUIRE(spool.set_aside());
        CHECK(spool.set_aside()->filename() == "spool.db.rolled-back-1");
        check_follows(spool, LifeReason::rolled_back, end);
        CHECK(all_of(spool).empty());
    }
    // It is told by the next start too, until it was said; then all is as ever.
    CHECK(open_spool(settings).untold()->reason == LifeReason::rolled_back);
    run(settings, 2);
    Spool spool = open_spool(settings);
    CHECK(spool.untold()->reason == LifeReason::start);
    CHECK_FALSE(spool.set_aside());
    // What was in the old copy is kept.
    auto copy = Database::open({.path = dir.path() / "spool.db.rolled-back-1"});
    REQUIRE(copy);
    CHECK(copy->integer("SELECT count(*) FROM items").value() == 8);
}

TEST_CASE("attack: an old spool restored after a reader that was killed") {
    const TempDir dir;
    const SpoolSettings settings = anchored_in(dir);
    run(settings, 1);
    const Copy old(dir, settings.path);
    {
        Spool spool = open_spool(settings);
        append(spool, life);  // the anchor goes along
        append(spool, record);
    }
    old.put_back();
    CHECK(open_spool(settings).untold()->reason == LifeReason::rolled_back);
}

TEST_CASE("attack: an old spool restored and filled up to the same seq by somebody else") {
    const TempDir dir;
    const SpoolSettings settings = anchored_in(dir);
    run(settings, 1);
    const Copy old(dir, settings.path);
    const ChainHead end = run(settings, 2);
    for (const int more : {0, 3}) {
        old.put_back();
        SpoolSettings without = settings;
        without.anchor.clear();
        {
            Spool spool = open_spool(without);
            append(spool, {{ItemKind::life, 601}});
            for (int i = 0; i < 2 + more; ++i)
                append(spool, {{ItemKind::read, 701}, {ItemKind::plate, 3000}});
            append(spool, checkpoint);
            REQUIRE(spool.head().next_seq >= end.next_seq);
        }
        Spool spool = open_spool(settings);
        REQUIRE(spool.set_aside());
        CHECK(spool.untold()->reason == LifeReason::rolled_back);
        CHECK(spool.untold()->previous == end.chain);
        CHECK(spool.untold()->previous_link == end.link);
    }
}

TEST_CASE("attack: a spool of another chain of this device in the place of ours") {
    const TempDir dir;
    const TempDir elsewhere;
    const SpoolSettings settings = anchored_in(dir);
    const ChainHead end = run(settings, 2);
    run(anchored_in(elsewhere), 9);
    for (const char* part : {"", "-wal", "-shm"})
        fs::remove(settings.path.string() + part);
    fs::copy_file(elsewhere.path() / "spool.db", settings.path);
    const Spool spool = open_spool(settings);
    REQUIRE(spool.set_aside());
    check_follows(spool, LifeReason::rolled_back, end);
}

TEST_CASE(
    "attack: the spool file swapped for another device's: it is refused, and ours goes on when it is back") {
    const TempDir dir;
    const TempDir elsewhere;
    const SpoolSettings settings = anchored_in(dir);
    const ChainHead end = run(settings, 2);
    const Copy ours(dir, settings.path);
    const Bytes anchor = read_file(settings.anchor, 4096).value();
    SpoolSettings other = anchored_in(elsewhere);
    other.device = "gate-2";
    run(other, 2);
    for (const char* part : {"", "-wal", "-shm"})
        fs::remove(settings.path.string() + part);
    fs::copy_file(other.path, settings.path);
    const auto refused = Spool::open(settings, any_maker());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == ErrorCode::configuration);
    CHECK(read_file(settings.anchor, 4096).value() == anchor);
    ours.put_back();
    const Spool spool = open_spool(settings);
    CHECK_FALSE(spool.set_aside());
    CHECK(spool.head().link == end.link);
}

TEST_CASE("attack: the spool is swapped for an older copy while the reader works") {
    const TempDir dir;
    const SpoolSettings settings = anchored_in(dir);
    run(settings, 2);
    const Copy old(dir, settings.path);
    Spool spool = open_spool(settings);
    append(spool, life);
    append(spool, record);
    const ChainHead end = spool.head();
    old.put_back();
    REQUIRE(spool.reopen());
    check_follows(spool, LifeReason::rolled_back, end);
    append(spool, life);
    append(spool, record);
    CHECK_FALSE(spool.untold());
    REQUIRE(spool.reopen());  // the same again is nothing new
    CHECK_FALSE(spool.untold());
}

TEST_CASE("the spool's file is gone: the new chain says which one it follows") {
    const TempDir dir;
    const SpoolSettings settings = anchored_in(dir);
    const ChainHead end = run(settings, 2);
    for (const char* part : {"", "-wal", "-shm"})
        fs::remove(settings.path.string() + part);
    const Spool spool = open_spool(settings);
    CHECK_FALSE(spool.set_aside());
    check_follows(spool, LifeReason::spool_lost, end);
}

TEST_CASE(
    "a corrupt spool is set aside, at its opening and at work: the new chain says which one it follows") {
    const TempDir dir;
    const SpoolSettings settings = anchored_in(dir);
    ChainHead end = run(settings, 2);
    REQUIRE(write_file_atomically(settings.path, Bytes(20'000, std::byte{0x5a})));
    Spool spool = open_spool(settings);
    CHECK(spool.set_aside()->filename() == "spool.db.broken-1");
    check_follows(spool, LifeReason::set_aside, end);
    append(spool, life);
    append(spool, record);
    end = spool.head();
    {
        auto other = Database::open({.path = settings.path});
        REQUIRE(other);
        REQUIRE(other->execute("DELETE FROM life"));
    }
    REQUIRE(spool.reopen());
    check_follows(spool, LifeReason::set_aside, end);
}

TEST_CASE("anchor lost: the chain goes on and says so, nothing is set aside") {
    const TempDir dir;
    const SpoolSettings settings = anchored_in(dir);
    const ChainHead end = run(settings, 2);
    const auto check_goes_on = [&] {
        const Spool spool = open_spool(settings);
        CHECK_FALSE(spool.set_aside());
        CHECK(spool.head().link == end.link);
        REQUIRE(spool.untold());
        CHECK(spool.untold()->reason == LifeReason::anchor_lost);
        CHECK(spool.untold()->boots == 1);
    };
    SUBCASE("deleted") {
        fs::remove(settings.anchor);
        check_goes_on();
        CHECK(open_spool(settings).untold()->reason == LifeReason::anchor_lost);  // until it was said
        run(settings, 1);
        CHECK(open_spool(settings).untold()->reason == LifeReason::start);
    }
    SUBCASE("its folder too") {
        fs::remove_all(settings.anchor.parent_path());
        check_goes_on();
        CHECK(fs::exists(settings.anchor));
    }
    SUBCASE("unreadable: another text") {
        REQUIRE(write_file_atomically(settings.anchor, as_bytes("portcullis anchor 1\nnonsense\n")));
        check_goes_on();
        CHECK(fs::exists(settings.anchor.string() + ".broken"));
    }
    SUBCASE("unreadable: a flipped bit") {
        Bytes bytes = read_file(settings.anchor, 4096).value();
        bytes[100] ^= std::byte{4};
        REQUIRE(write_file_atomically(settings.anchor, bytes));
        check_goes_on();
    }
    SUBCASE("unreadable: far too long") {
        REQUIRE(write_file_atomically(settings.anchor, Bytes(100'000, std::byte{'x'})));
        check_goes_on();
    }
    SUBCASE("a folder in its place") {
        fs::remove(settings.anchor);
        fs::create_directory(settings.anchor);
        check_goes_on();
    }
    SUBCASE("another device's") {
        const TempDir elsewhere;
        SpoolSettings other = anchored_in(elsewhere);
        other.device = "gate-2";
        run(other, 1);
        fs::copy_file(other.anchor, settings.anchor, fs::copy_options::overwrite_existing);
        check_goes_on();
    }
}

TEST_CASE("anchor of another version: it is refused with the cure, and nothing is touched") {
    const TempDir dir;
    const SpoolSettings settings = anchored_in(dir);
    const ChainHead end = run(settings, 2);
    const Bytes anchor = read_file(settings.anchor, 4096).value();
    std::string newer(as_text(anchor));
    newer.replace(newer.find(" 1\n"), 3, " 2\n");
    REQUIRE(write_file_atomically(settings.anchor, as_bytes(newer)));
    const auto refused = Spool::open(settings, any_maker());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == ErrorCode::unsupported);
    CHECK(refused.error().message().find("newer") != std::string::npos);
    CHECK(read_text_file(settings.anchor, 4096).value() == newer);
    REQUIRE(write_file_atomically(settings.anchor, anchor));
    CHECK(open_spool(settings).head().link == end.link);
}

TEST_CASE("disk full while the anchor is written: records go on, and there is no false alarm afterwards") {
    const TempDir dir;
    SpoolSettings settings = anchored_in(dir);
    const ChainHead before = run(settings, 2);
    bool full = true;
    settings.write_anchor = [&](const fs::path& path, ByteView bytes) -> Result<void> {
        if (full) return fail(ErrorCode::exhausted, "no space left");
        return write_anchor_file(path, bytes);
    };
    ChainHead end = run(settings, 40);
    CHECK(end.next_seq > before.next_seq + 80);
    end = run(settings, 3);
    full = false;
    {
        const Spool spool = open_spool(settings);
        CHECK_FALSE(spool.set_aside());
        CHECK(spool.head().link == end.link);
        CHECK(spool.untold()->reason == LifeReason::start);
    }
    // From then on the anchor is exact again.
    const Copy old(dir, settings.path);
    run(settings, 1);
    old.put_back();
    CHECK(open_spool(settings).untold()->reason == LifeReason::rolled_back);
}

TEST_CASE("a reader killed while it sets a spool aside: the reason is not forgotten and no chain is lost") {
    for (const bool corrupt : {false, true})
        for (const int at : {1, 2})
            for (const bool written : {false, true}) {
                CAPTURE(corrupt);
                CAPTURE(at);
                CAPTURE(written);
                const TempDir dir;
                SpoolSettings settings = anchored_in(dir);
                run(settings, 1);
                const Copy old(dir, settings.path);
                const ChainHead end = run(settings, 2);
                old.put_back();
                if (corrupt) REQUIRE(write_file_atomically(settings.path, Bytes(20'000, std::byte{0x5a})));
                const pid_t child = ::fork();
                if (child == 0) {
                    int calls = 0;
                    settings.write_anchor = [&](const fs::path& path, ByteView bytes) -> Result<void> {
                        const bool dies = ++calls == at;
                        if (dies && !written) ::_exit(9);
                        auto done = write_anchor_file(path, bytes);
                        if (dies) ::_exit(9);
                        return done;
                    };
                    const auto opened = Spool::open(settings, any_maker());
                    ::_exit(opened ? 0 : 1);
                }
                int status = 0;
                REQUIRE(::waitpid(child, &status, 0) == child);
                REQUIRE(WEXITSTATUS(status) == 9);
                const Spool spool = open_spool(settings);
                check_follows(spool, corrupt ? LifeReason::set_aside : LifeReason::rolled_back, end);
                CHECK(fs::exists(settings.path.string() + (corrupt ? ".broken-1" : ".rolled-back-1")));
                CHECK_FALSE(fs::exists(settings.path.string() + (corrupt ? ".broken-2" : ".rolled-back-2")));
            }
}

TEST_CASE("what a power cut left of a write of the anchor is cleared away") {
    const TempDir dir;
    const SpoolSettings settings = anchored_in(dir);
    run(settings, 1);
    const fs::path left = settings.anchor.string() + ".a1B2c3";
    std::ofstream(left) << "half";
    std::ofstream(settings.anchor.string() + ".broken") << "kept";
    run(settings, 1);
    CHECK_FALSE(fs::exists(left));
    CHECK(fs::exists(settings.anchor.string() + ".broken"));
}

TEST_CASE("losses are summed over the starts until the anchor is lost") {
    const TempDir dir;
    const SpoolSettings settings = anchored_in(dir);
    {
        Spool spool = open_spool(settings);
        spool.count_losses(2, 100);
        spool.count_losses(3, 150);
        CHECK(spool.untold()->records_lost == 3);
        spool.save_anchor();
    }
    Spool spool = open_spool(settings);
    CHECK(spool.report()->records_lost == 3);
    CHECK(spool.report()->frames_dropped == 150);
    spool.count_losses(1, 1);
    CHECK(spool.report()->records_lost == 4);
    CHECK(spool.report()->frames_dropped == 151);
    CHECK(spool.report()->reason == LifeReason::report);
}

TEST_CASE("without an anchor nothing is kept beside the spool and nothing has to be said") {
    const TempDir dir;
    Spool spool = open_spool(settings_in(dir));
    CHECK_FALSE(spool.untold());
    CHECK_FALSE(spool.report());
    append(spool, record);
    CHECK_FALSE(fs::exists(dir.path() / "private"));
}

TEST_CASE("whichever call fails at a start, a chain that went on behind its anchor goes on") {
    CHECK(fail_each_way_out(9, [](FaultVfs& disk) {
              const TempDir dir;
              const SpoolSettings settings = quickly_anchored_in(dir);
              ChainHead end;
              {
                  const FaultVfs::Asleep asleep(disk);
                  run(settings, 1);
                  Spool spool = open_spool(settings);
                  append(spool, record);
                  end = spool.head();
              }
              const Spool spool = try_on(disk, 2, [&] { return Spool::open(settings, any_maker()); });
              CHECK_FALSE(spool.set_aside());
              CHECK(spool.head().chain == end.chain);
              CHECK(spool.head().link == end.link);
              CHECK(spool.untold()->reason == LifeReason::start);
          }) > 0);
}

TEST_CASE("whichever call fails while an older copy is met, it is kept and the new chain says why it began") {
    CHECK(fail_each_way_out(11, [](FaultVfs& disk) {
              const TempDir dir;
              const SpoolSettings settings = quickly_anchored_in(dir);
              ChainHead end;
              {
                  const FaultVfs::Asleep asleep(disk);
                  run(settings, 1);
                  const Copy old(dir, settings.path);
                  end = run(settings, 1);
                  old.put_back();
              }
              Spool spool = try_on(disk, 2, [&] { return Spool::open(settings, any_maker()); });
              const FaultVfs::Asleep asleep(disk);
              check_follows(spool, LifeReason::rolled_back, end);
              CHECK_FALSE(fs::exists(settings.path.string() + ".rolled-back-2"));
              CHECK_FALSE(fs::exists(settings.path.string() + ".broken-1"));
              append(spool, life);
              auto copy = Database::open({.path = settings.path.string() + ".rolled-back-1"});
              REQUIRE(copy);
              CHECK(copy->integer("SELECT count(*) FROM items").value() == 4);
          }) > 0);
}

TEST_CASE(
    "whichever call fails while a damaged spool is set aside, it is kept and the new chain says why it "
    "began") {
    for (const bool at_work : {false, true})
        CHECK(fail_each_way_out(11, [at_work](FaultVfs& disk) {
                  const TempDir dir;
                  const SpoolSettings settings = quickly_anchored_in(dir);
                  std::optional<Spool> spool;
                  ChainHead end;
                  {
                      const FaultVfs::Asleep asleep(disk);
                      end = run(settings, 1);
                      if (at_work) spool = open_spool(settings);
                      auto other = Database::open({.path = settings.path});
                      REQUIRE(other);
                      REQUIRE(other->execute("UPDATE life SET items = items + 1"));
                  }
                  if (!at_work)
                      spool = try_on(disk, 2, [&] { return Spool::open(settings, any_maker()); });
                  else if (!went_well(disk, spool->reopen()))
                      REQUIRE(spool->stats());  // each call tries it again
                  const FaultVfs::Asleep asleep(disk);
                  check_follows(*spool, LifeReason::set_aside, end);
                  CHECK_FALSE(fs::exists(settings.path.string() + ".broken-2"));
                  append(*spool, life);
                  auto broken = Database::open({.path = settings.path.string() + ".broken-1"});
                  REQUIRE(broken);
                  CHECK(broken->integer("SELECT count(*) FROM items").value() == 4);
              }) > 0);
}

TEST_CASE(
    "a call of the system fails at a start, of a first, a damaged or a rolled back spool: nothing is lost") {
    enum class Met { nothing, damaged, older };
    for (const Met met : {Met::nothing, Met::damaged, Met::older}) {
        CAPTURE(static_cast<int>(met));
        const FaultVfs disk;  // spares SQLite's fsyncs
        const TempDir before;
        if (met != Met::nothing) {
            const TempDir elsewhere;
            const SpoolSettings settings = anchored_in(before);
            run(settings, 1);
            const Copy old(elsewhere, settings.path);
            if (met == Met::older) {
                run(settings, 1);
                old.put_back();
            } else {
                auto other = Database::open({.path = settings.path});
                REQUIRE(other);
                REQUIRE(other->execute("UPDATE life SET items = items + 1"));
            }
        }
        const TempDir dir;
        const fs::path place = dir.path() / "spool";
        SpoolSettings settings{.path = place / "spool.db", .device = "gate-1"};
        settings.anchor = place / "private" / "anchor";
        const auto start_and_append = [&] {
            fs::remove_all(place);
            fs::copy(before.path(), place, fs::copy_options::recursive);
            auto spool = Spool::open(settings, any_maker());
            if (!spool) return false;
            ChainHead head = spool->head();
            if (!spool->append(next_record(head, life))) return false;
            auto guest = Spool::attach(settings);
            return guest && guest->peek(0, 10, 1 << 20);
        };
        const auto check = [&] {
            Spool spool = open_spool(settings);
            std::size_t rows = all_of(spool).size();
            // While no call works the anchor cannot follow the new chain: at the next start that is another
            // one.
            for (const char* aside : {".broken-1", ".rolled-back-1", ".rolled-back-2"}) {
                if (!fs::exists(settings.path.string() + aside)) continue;
                auto file = Database::open({.path = settings.path.string() + aside});
                REQUIRE(file);
                rows += static_cast<std::size_t>(file->integer("SELECT count(*) FROM items").value());
            }
            CHECK(rows >= (met == Met::nothing ? 0 : 4));
            CHECK(rows <= (met == Met::nothing ? 1 : 5));
            CHECK_FALSE(fs::exists(settings.path.string() + ".broken-2"));
            CHECK_FALSE(fs::exists(settings.path.string() + ".rolled-back-3"));
        };
        CHECK(fail_each_library_call(start_and_append, check, 15) > 0);
    }
}
