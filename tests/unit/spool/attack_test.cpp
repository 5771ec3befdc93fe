// A compromised uplink: its own user, in the spool's group, with what its unit leaves it: it may read the
// spool's folder and write nothing there. It cannot change a byte, nor keep the reader from its work.
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <functional>

#include "base/unique_fd.hpp"
#include "database/database.hpp"
#include "promises.hpp"
#include "support/disk_faults.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

namespace fs = std::filesystem;

constexpr uid_t uplink_user = 64'321;
constexpr gid_t spool_group = 64'322;

/// A process of the uplink's user, which does what it is asked to and holds what it took until it ends. Made
/// before this process opens the spool: a fork would carry descriptors and SQLite's locks along.
class Uplink {
  public:
    /// Gives what went wrong; empty: all as it should be.
    using Work = std::function<std::string(std::size_t number)>;
    explicit Uplink(std::vector<Work> works) {
        int asked[2];
        int answered[2];
        REQUIRE(::pipe2(asked, O_CLOEXEC) == 0);
        REQUIRE(::pipe2(answered, O_CLOEXEC) == 0);
        const UniqueFd hear(asked[0]);
        ask_.reset(asked[1]);
        answer_.reset(answered[0]);
        const UniqueFd say(answered[1]);
        pid_ = ::fork();
        REQUIRE(pid_ >= 0);
        if (pid_ == 0) live(works, hear.get(), say.get());
    }
    Uplink(const Uplink&) = delete;
    Uplink& operator=(const Uplink&) = delete;
    ~Uplink() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    [[nodiscard]] std::string does(std::size_t which, std::size_t number = 0) {
        const std::array<std::size_t, 2> question{which, number};
        REQUIRE(::write(ask_.get(), question.data(), sizeof question) == sizeof question);
        Answer words{};
        const bool whole = ::read(answer_.get(), words.data(), words.size()) == ssize_t{words.size()};
        return whole ? words.data() : "it is dead";
    }

  private:
    using Answer = std::array<char, 200>;
    [[noreturn]] static void live(const std::vector<Work>& works, int hear, int say) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::setgroups(0, nullptr) != 0 || ::setgid(spool_group) != 0 || ::setuid(uplink_user) != 0)
            ::_exit(9);
        std::array<std::size_t, 2> question{};
        while (::read(hear, question.data(), sizeof question) == sizeof question) {
            Answer words{};
            works.at(question[0])(question[1]).copy(words.data(), words.size() - 1);
            if (::write(say, words.data(), words.size()) != ssize_t{words.size()}) ::_exit(8);
        }
        ::_exit(0);
    }

    UniqueFd ask_;
    UniqueFd answer_;
    pid_t pid_ = -1;
};

/// A reader's spool as its unit makes it: folder 2750, of the spool's group.
struct Device {
    TempDir dir;
    FakeClock clock;
    SpoolSettings settings;
    std::string file;
    std::optional<Spool> reader;
    ChainHead head;
    TombstoneMaker maker = any_maker();

    Device() {
        settings.path = dir.path() / "spool" / "spool.db";
        settings.device = "gate-1";
        settings.guest_patience = milliseconds(20);
        settings.wal_most_bytes = std::uint64_t{1} << 20;
        file = settings.path.string();
        fs::create_directory(settings.path.parent_path());
        REQUIRE(::chmod(dir.path().c_str(), 0755) == 0);
        REQUIRE(::chown(settings.path.parent_path().c_str(), 0, spool_group) == 0);
        REQUIRE(::chmod(settings.path.parent_path().c_str(), 02750) == 0);
    }
    void open() {
        reader.reset();
        const mode_t before = ::umask(0007);  // as in the unit
        auto opened = Spool::open(settings, maker, clock);
        ::umask(before);
        if (!opened) FAIL(opened.error().message());
        reader = std::move(*opened);
        REQUIRE_FALSE(reader->set_aside());
        head = reader->head();
    }
    void append(int records, std::size_t bytes = 5000) {
        for (int i = 0; i < records; ++i) {
            const auto done =
                reader->append(next_record(head, {{ItemKind::read, 700}, {ItemKind::plate, bytes}}));
            REQUIRE_MESSAGE(done, (done ? "" : done.error().message()));
        }
    }
    [[nodiscard]] std::uintmax_t wal_bytes() const { return fs::file_size(file + "-wal"); }
    [[nodiscard]] unsigned mode() const {
        struct stat info {};
        REQUIRE(::stat(file.c_str(), &info) == 0);
        return info.st_mode & 0777;
    }
    /// The honest uplink's: attaches anew, and must see so many rows.
    [[nodiscard]] Uplink::Work sees() const {
        return [own = settings](std::size_t rows) -> std::string {
            auto guest = Spool::attach(own);
            if (!guest) return guest.error().message();
            const auto items = guest->peek(0, 1'000'000, std::size_t{1} << 30);
            if (!items) return items.error().message();
            return items->size() == rows ? "" : fmt::format("{} rows", items->size());
        };
    }
};

bool skip() {
    if (::geteuid() == 0) return false;
    MESSAGE("SKIPPED: running as the uplink's user needs root");
    return true;
}

/// Shared locks, the only ones that a read-only descriptor gives, on all of each part's bytes, held until the
/// process ends.
Uplink::Work lock_parts(const std::string& file, std::vector<std::string> parts) {
    return [file, parts = std::move(parts)](std::size_t) -> std::string {
        for (const std::string& part : parts) {
            const int fd = ::open((file + part).c_str(), O_RDONLY | O_CLOEXEC);
            struct flock all {};
            all.l_type = F_RDLCK;
            all.l_whence = SEEK_SET;
            if (fd < 0 || ::fcntl(fd, F_SETLK, &all) != 0) return "no lock on " + file + part;
        }
        return "";
    };
}

/// Begins to read and never ends.
Uplink::Work reads_for_ever(const std::string& file, std::optional<Database>& held) {
    return [&file, &held](std::size_t) -> std::string {
        auto guest = Database::open({.path = file, .read_only = true});
        if (!guest) return guest.error().message();
        held = std::move(*guest);
        const auto begun = held->execute("BEGIN; SELECT count(*) FROM items");
        return begun ? "" : begun.error().message();
    };
}

/// Opened for writing, or changed by name: what must not be possible with a part of the spool.
std::string change(const std::string& part) {
    if (::open(part.c_str(), O_WRONLY | O_CLOEXEC) >= 0) return "could open " + part;
    if (::open(part.c_str(), O_RDWR | O_CLOEXEC) >= 0) return "could open " + part;
    if (::truncate(part.c_str(), 0) == 0) return "could truncate " + part;
    if (::unlink(part.c_str()) == 0) return "could remove " + part;
    if (::rename(part.c_str(), (part + ".gone").c_str()) == 0) return "could rename " + part;
    if (::chmod(part.c_str(), 0666) == 0) return "could chmod " + part;
    return "";
}

}  // namespace

TEST_CASE("an uplink of another user reads the spool, live and with the reader away, and sees all of it") {
    if (skip()) return;
    Device device;
    Uplink uplink({device.sees()});
    CHECK(uplink.does(0, 0).find("is not there") != std::string::npos);
    device.open();
    device.append(3);
    CHECK(uplink.does(0, 6) == "");
    device.append(1);
    CHECK(uplink.does(0, 8) == "");
    device.reader.reset();
    CHECK(uplink.does(0, 8) == "");
    device.open();
    device.append(1);
    CHECK(uplink.does(0, 10) == "");
}

TEST_CASE("an uplink that reads while the reader comes and goes follows, and counts nothing read unlocked") {
    if (skip()) return;
    Device device;
    std::optional<Spool> guest;
    const Uplink::Work attach = [&](std::size_t) -> std::string {
        guest.reset();
        auto attached = Spool::attach(device.settings);
        if (!attached) return attached.error().message();
        guest = std::move(*attached);
        return "";
    };
    const Uplink::Work peek = [&](std::size_t rows) -> std::string {
        const auto items = guest->peek(0, 100, 1 << 20);
        if (!items) return guest->moved() && items.error().code() == ErrorCode::closed ? "closed" : "bad";
        return items->size() == rows ? "" : fmt::format("{} rows", items->size());
    };
    Uplink uplink({attach, peek});
    device.open();
    device.append(3);
    SUBCASE("attached to a live reader") {
        CHECK(uplink.does(0) == "");
        CHECK(uplink.does(1, 6) == "");
        device.append(1);
        CHECK(uplink.does(1, 8) == "");
        device.reader.reset();
        CHECK(uplink.does(1, 8) == "");
    }
    SUBCASE("attached while it was away") {
        device.append(1);
        device.reader.reset();
        CHECK(uplink.does(0) == "");
        CHECK(uplink.does(1, 8) == "");
    }
    device.open();
    device.append(1);
    CHECK(uplink.does(1, 10) == "closed");
    CHECK(uplink.does(0) == "");
    CHECK(uplink.does(1, 10) == "");
}

TEST_CASE("attack: a compromised uplink cannot write, truncate, replace, rename or remove the spool") {
    if (skip()) return;
    Device device;
    const std::string file = device.file;
    const Uplink::Work by_name = [file](std::size_t) -> std::string {
        for (const char* part : {"", "-wal", "-shm", ".owner"})
            if (auto wrong = change(file + part); !wrong.empty()) return wrong;
        for (const char* part : {"-journal", ".suspect", ".broken-1", ".x"})
            if (::open((file + part).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666) >= 0)
                return std::string("could make ") + part;
        return "";
    };
    const Uplink::Work by_sql = [file](std::size_t) -> std::string {
        // Asked for writing, SQLite opens what it may only read for reading.
        for (const bool read_only : {true, false}) {
            auto guest = Database::open({.path = file, .create = false, .read_only = read_only});
            if (!guest) continue;
            for (const char* sql : {"DELETE FROM items", "UPDATE life SET next_seq = 1", "DROP TABLE items",
                                    "PRAGMA query_only=OFF; DELETE FROM items", "PRAGMA user_version = 9",
                                    "VACUUM", "PRAGMA journal_mode=DELETE; DELETE FROM items"})
                if (guest->execute(sql)) return sql;
        }
        return "";
    };
    Uplink uplink({by_name, by_sql});
    device.open();
    device.append(3);
    CHECK(uplink.does(0) == "");
    CHECK(uplink.does(1) == "");
    device.append(1);
    CHECK(all_of(*device.reader).size() == 8);
    device.open();
    CHECK(all_of(*device.reader).size() == 8);
}

TEST_CASE("attack: a compromised uplink cannot keep the reader from starting") {
    if (skip()) return;
    Device device;
    const Uplink::Work lock_folder = [&](std::size_t) -> std::string {
        if (::open((device.file + ".owner").c_str(), O_RDONLY | O_CLOEXEC) >= 0)
            return "can lock the owner's";
        const int folder = ::open(device.settings.path.parent_path().c_str(), O_RDONLY | O_CLOEXEC);
        return folder >= 0 && ::flock(folder, LOCK_EX) == 0 ? "" : "no folder";
    };
    Uplink hostile({lock_folder, lock_parts(device.file, {"", "-shm", "-wal"})});
    Uplink honest({device.sees()});
    device.open();
    device.append(3);
    device.reader.reset();
    CHECK(hostile.does(0) == "");
    CHECK(hostile.does(1) == "");
    device.open();
    device.append(2);
    CHECK(all_of(*device.reader).size() == 10);
    CHECK(device.mode() == 0640);
    CHECK(honest.does(0, 10) == "");
}

TEST_CASE("attack: a compromised uplink that locks the spool is shut out, and the reader appends") {
    if (skip()) return;
    Device device;
    Uplink hostile({lock_parts(device.file, {"-shm", ""})});
    Uplink once_more({lock_parts(device.file, {"-shm"})});
    Uplink honest({device.sees()});
    device.open();
    device.append(1);
    REQUIRE(hostile.does(0) == "");
    device.append(2);  // waits guest_patience once
    CHECK(device.mode() == 0600);
    CHECK(honest.does(0, 6) != "");
    CHECK(all_of(*device.reader).size() == 6);
    // Its locks lie on a file that is not used any more: the next records wait for nothing.
    device.append(1);
    device.clock.advance(device.settings.shut_out_time);
    device.reader->tick();
    CHECK(device.mode() == 0640);
    CHECK(honest.does(0, 8) == "");
    // And again, as often as it likes.
    REQUIRE(once_more.does(0) == "");
    device.append(1);
    CHECK(device.mode() == 0600);
    device.open();
    CHECK(all_of(*device.reader).size() == 10);
}

TEST_CASE(
    "attack: a compromised uplink that never ends reading does not make the -wal file grow without bound") {
    if (skip()) return;
    Device device;
    std::optional<Database> held;
    Uplink hostile({reads_for_ever(device.file, held)});
    device.open();
    device.append(5);
    REQUIRE(hostile.does(0) == "");
    constexpr std::size_t record = 100'000;
    std::uintmax_t most = 0;
    for (int i = 0; i < 60; ++i) {
        device.append(1, record);
        most = std::max(most, device.wal_bytes());
    }
    CHECK(most > device.settings.wal_most_bytes / 2);
    CHECK(most < device.settings.wal_most_bytes + 3 * record);
    CHECK(device.mode() == 0600);  // it did hold the reader up
    CHECK(all_of(*device.reader).size() == 130);
}

TEST_CASE("a spool of an older installation, writable by the group, is closed to it at the next start") {
    if (skip()) return;
    Device device;
    const std::string file = device.file;
    Uplink uplink({[file](std::size_t) -> std::string {
        for (const char* part : {"", "-wal", "-shm", ".owner"})
            if (auto wrong = change(file + part); !wrong.empty()) return wrong;
        return ::open((file + ".owner").c_str(), O_RDONLY | O_CLOEXEC) < 0 ? "" : "can lock the owner's";
    }});
    device.open();
    device.append(1);
    device.reader.reset();
    for (const char* part : {"", "-wal", ".owner"})
        REQUIRE(::chmod((file + part).c_str(), 0660) == 0);
    device.open();
    CHECK(device.mode() == 0640);
    CHECK(uplink.does(0) == "");
}

TEST_CASE(
    "whichever call fails while who holds the reader up is shut out, the record is taken whole or not at "
    "all") {
    if (skip()) return;
    const std::vector<Part> record = {{ItemKind::read, 700}, {ItemKind::plate, 60'000}};
    for (const bool reads_on : {false, true})
        CHECK(fail_each_way_out(15, [&](FaultVfs& disk) {
                  std::optional<Device> device;
                  std::optional<Uplink> hostile;
                  std::optional<Database> held;
                  std::uint64_t changes = 0;
                  Promises promises;
                  const auto append = [&] {
                      return promises.append(*device->reader, promises.next_record(*device->reader, record));
                  };
                  const auto check = [&] {
                      const FaultVfs::Asleep asleep(disk);
                      promises.check(*device->reader);
                  };
                  {
                      const FaultVfs::Asleep asleep(disk);
                      device.emplace();
                      device->settings.guest_patience = milliseconds(0);
                      device->settings.wal_most_bytes = 50'000;
                      hostile.emplace(
                          std::vector<Uplink::Work>{reads_on ? reads_for_ever(device->file, held)
                                                             : lock_parts(device->file, {"-shm", ""})});
                      // Before each record it looks for tombstones to sign anew.
                      device->maker.verify_forerunner = &Signer::known_again;
                      device->maker.forerunners = [&changes] { return ++changes; };
                      device->open();
                      REQUIRE(append());
                      REQUIRE(hostile->does(0) == "");
                  }
                  check();
                  for (int i = 0; i < 2; ++i) {
                      if (!append()) {
                          REQUIRE(disk.struck());
                          disk.mend();
                          check();
                          REQUIRE(append());
                      }
                      check();
                  }
                  const FaultVfs::Asleep asleep(disk);
                  CHECK(device->mode() == 0600);
                  device->open();
                  promises.check(*device->reader);
              }) > 0);
}
