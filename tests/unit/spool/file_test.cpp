#include "spool/spool_file.hpp"

#include <grp.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "base/file.hpp"
#include "support.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

ChainId fill(const SpoolSettings& settings, int records) {
    Spool spool = open_spool(settings);
    ChainHead head = spool.head();
    for (int i = 0; i < records; ++i)
        REQUIRE(spool.append(next_record(head, {{ItemKind::read, 700}, {ItemKind::plate, 5000}})));
    return head.chain;
}

void execute(const SpoolSettings& settings, const std::string& sql) {
    auto database = Database::open({.path = settings.path});
    REQUIRE(database);
    REQUIRE(database->execute(sql));
}

/// A file system of its own of `bytes`; empty() when this user may not mount one.
class SmallDisk {
  public:
    SmallDisk(const TempDir& dir, std::size_t bytes) : path_(dir.path() / "disk") {
        std::filesystem::create_directory(path_);
        mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, fmt::format("size={}", bytes).c_str()) == 0;
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    ~SmallDisk() {
        if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
    }
    [[nodiscard]] bool remount(unsigned long flags) const {
        return ::mount(nullptr, path_.c_str(), nullptr, MS_REMOUNT | flags, nullptr) == 0;
    }
    [[nodiscard]] bool mounted() const { return mounted_; }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
    bool mounted_ = false;
};

}  // namespace

TEST_CASE("a corrupt spool is set aside and a new chain begins") {
    const TempDir dir;
    const SpoolSettings settings = settings_in(dir);
    const ChainId old = fill(settings, 40);
    SUBCASE("all garbage") {
        REQUIRE(write_file_atomically(settings.path, Bytes(20'000, std::byte{0x5a})));
    }
    SUBCASE("one page overwritten") {
        Bytes bytes = read_file(settings.path, 10 << 20).value();
        REQUIRE(bytes.size() > 100'000);
        std::fill_n(bytes.begin() + 9 * 4096, 4096, std::byte{0xff});
        REQUIRE(write_file_atomically(settings.path, bytes));
    }
    SUBCASE("cut in the middle") {
        std::filesystem::resize_file(settings.path, std::filesystem::file_size(settings.path) / 2);
    }
    SUBCASE("a row is missing") {
        execute(settings, "DELETE FROM items WHERE seq = 7");
    }
    SUBCASE("a row is missing and the sums were mended") {
        execute(settings,
                "DELETE FROM items WHERE seq = 7; UPDATE life SET items = items - 1, bytes = bytes - 700");
    }
    SUBCASE("the last row is missing") {
        execute(settings,
                "DELETE FROM items WHERE seq = 80; UPDATE life SET items = 79, bytes = bytes - 5000");
    }
    SUBCASE("the life row is missing") {
        execute(settings, "DELETE FROM life");
    }
    SUBCASE("a link is too short") {
        execute(settings, "UPDATE life SET link = x'00'");
    }
    auto spool = Spool::open(settings, any_maker());
    REQUIRE(spool);
    REQUIRE(spool->set_aside());
    CHECK(*spool->set_aside() == settings.path.string() + ".broken-1");
    CHECK(std::filesystem::exists(*spool->set_aside()));
    CHECK(spool->head().chain != old);
    CHECK(spool->head().next_seq == 1);
    ChainHead head = spool->head();
    CHECK(spool->append(next_read(head)));
}

TEST_CASE("a spool whose numbers or links make no sense is set aside, whole as it is") {
    const TempDir dir;
    const SpoolSettings settings = settings_in(dir);
    const ChainId old = fill(settings, 2);
    SUBCASE("the last row's link is too short") {
        execute(settings, "UPDATE items SET link = x'00' WHERE seq = 4");
    }
    SUBCASE("the last row's link is another") {
        execute(settings, "UPDATE items SET link = zeroblob(32) WHERE seq = 4");
    }
    SUBCASE("the last receipt is too short") {
        execute(settings, "UPDATE life SET receipt = x'00'");
    }
    SUBCASE("the chain's name is too short") {
        execute(settings, "UPDATE life SET chain = x'00'");
    }
    SUBCASE("the chain is at nought") {
        execute(settings, "UPDATE life SET next_seq = 0");
    }
    SUBCASE("it has run for a thousand years") {
        execute(settings, "UPDATE life SET age_us = 1 << 55");
    }
    SUBCASE("the device has") {
        execute(settings, "UPDATE life SET boot_us = 1 << 55");
    }
    SUBCASE("a row holds nothing, and the sums were mended") {
        execute(settings, "UPDATE items SET bytes = 0 WHERE seq = 1; UPDATE life SET bytes = bytes - 700");
    }
    const Spool spool = open_spool(settings);
    REQUIRE(spool.set_aside());
    CHECK(spool.head().chain != old);
    auto aside = Database::open({.path = *spool.set_aside()});
    REQUIRE(aside);
    CHECK(aside->integer("SELECT count(*) FROM items").value() == 4);
}

TEST_CASE("damage that is met at work is remembered: the next opening reads the whole file") {
    const TempDir dir;
    const SpoolSettings settings = settings_in(dir);
    fill(settings, 2);
    const std::string mark = settings.path.string() + ".suspect";
    {
        Spool spool = open_spool(settings);
        execute(settings, "UPDATE items SET link = x'00' WHERE seq = 2");
        const auto seen = spool.peek(0, 10, 1 << 20);
        REQUIRE_FALSE(seen);
        CHECK(seen.error().code() == ErrorCode::corrupt);
        CHECK(std::filesystem::exists(mark));
        execute(settings, "DELETE FROM items WHERE seq = 2");
    }
    CHECK(open_spool(settings).set_aside());
    CHECK_FALSE(std::filesystem::exists(mark));
}

TEST_CASE("a row that cannot be one of ours is damage when it is met, and nothing is changed for it") {
    const TempDir dir;
    SpoolSettings settings = settings_in(dir);
    settings.quota_items = 4;
    fill(settings, 2);
    Spool spool = open_spool(settings);
    SUBCASE("of no known kind") {
        execute(settings, "UPDATE items SET kind = 'song' WHERE seq = 2");
        CHECK(spool.peek(0, 10, 1 << 20).error().code() == ErrorCode::corrupt);
    }
    SUBCASE("with half a link, when it would be shed") {
        execute(settings, "UPDATE items SET link = x'00' WHERE seq = 1");
        ChainHead next = spool.head();
        CHECK(spool.append(next_read(next)).error().code() == ErrorCode::corrupt);
    }
    CHECK(std::filesystem::exists(settings.path.string() + ".suspect"));
    CHECK(spool.head().next_seq == 5);
    CHECK(spool.stats().value().items == 4);
}

TEST_CASE(
    "damage at work is a state: the spool is opened anew, the damaged file set aside, and records go on") {
    const TempDir dir;
    const SpoolSettings settings = settings_in(dir);
    fill(settings, 2);
    Spool spool = open_spool(settings);
    ChainHead head = spool.head();
    const ChainId old = head.chain;
    execute(settings, "UPDATE life SET link = x'00'");
    ChainHead next = head;
    const auto met = spool.append(next_read(next));
    REQUIRE_FALSE(met);
    CHECK(met.error().code() == ErrorCode::corrupt);
    SUBCASE("set aside") {
        REQUIRE(spool.reopen());
        REQUIRE(spool.set_aside());
        CHECK(spool.head().chain != old);
    }
    SUBCASE("a false alarm: nothing is set aside, and the chain goes on") {
        execute(settings, "UPDATE life SET link = (SELECT link FROM items ORDER BY seq DESC LIMIT 1)");
        REQUIRE(spool.reopen());
        CHECK_FALSE(spool.set_aside());
        CHECK(spool.head().chain == old);
        CHECK(all_of(spool).size() == 4);
    }
    SUBCASE("it cannot be opened anew for now: every call says so, and works when it can") {
        for (int n = 1; n <= max_broken_files; ++n)
            REQUIRE(write_file_atomically(fmt::format("{}.broken-{}", settings.path.string(), n), {}));
        CHECK(spool.reopen().error().code() == ErrorCode::exhausted);
        CHECK(spool.append(next_read(next)).error().code() == ErrorCode::exhausted);
        CHECK(spool.stats().error().code() == ErrorCode::exhausted);
        CHECK_FALSE(spool.peek(0, 1, 1));
        CHECK_FALSE(spool.shed_aged());
        CHECK_FALSE(spool.sign_anew());
        CHECK_FALSE(spool.release(head.chain, 1, Digest{}, Digest{}));
        CHECK_FALSE(spool.last_receipt_digest());
        CHECK_FALSE(spool.version());
        CHECK_FALSE(spool.moved());
        CHECK(Spool::open(settings, any_maker()).error().code() == ErrorCode::refused);  // still ours
        std::filesystem::remove(settings.path.string() + ".broken-7");
        CHECK(spool.stats());
        REQUIRE(spool.set_aside());
    }
    head = spool.head();
    CHECK(spool.append(next_read(head)));
    CHECK(Spool::open(settings, any_maker()).error().code() == ErrorCode::refused);
}

TEST_CASE("damage that is met while counting or asking for the last receipt is remembered too") {
    const TempDir dir;
    const SpoolSettings settings = settings_in(dir);
    fill(settings, 2);
    Spool spool = open_spool(settings);
    execute(settings, "UPDATE life SET link = x'00'");
    SUBCASE("counting") {
        CHECK(spool.stats().error().code() == ErrorCode::corrupt);
    }
    SUBCASE("asking for the last receipt") {
        CHECK(spool.last_receipt_digest().error().code() == ErrorCode::corrupt);
    }
    CHECK(std::filesystem::exists(settings.path.string() + ".suspect"));
}

TEST_CASE("each corrupt file gets its own name, and a dying disk does not fill up with them") {
    const TempDir dir;
    const SpoolSettings settings = settings_in(dir);
    for (int n = 1; n <= max_broken_files; ++n) {
        REQUIRE(write_file_atomically(settings.path, Bytes(5000, std::byte{0x5a})));
        const auto spool = Spool::open(settings, any_maker());
        REQUIRE(spool);
        CHECK(*spool->set_aside() == fmt::format("{}.broken-{}", settings.path.string(), n));
    }
    REQUIRE(write_file_atomically(settings.path, Bytes(5000, std::byte{0x5a})));
    const auto spool = Spool::open(settings, any_maker());
    REQUIRE_FALSE(spool);
    CHECK(spool.error().code() == ErrorCode::exhausted);
}

TEST_CASE("an uplink that is attached to a set-aside file notices and harms nothing when it leaves") {
    const TempDir dir;
    const SpoolSettings settings = settings_in(dir);
    fill(settings, 2);
    ChainHead head;
    {
        auto uplink = Spool::attach(settings);
        REQUIRE(uplink);
        CHECK_FALSE(uplink->moved());
        execute(settings, "DELETE FROM items WHERE seq = 2");
        Spool reader = open_spool(settings);
        REQUIRE(reader.set_aside());
        CHECK(uplink->moved());
        CHECK(uplink->peek(0, 10, 1 << 20).error().code() == ErrorCode::closed);
        CHECK(uplink->stats().error().code() == ErrorCode::closed);
        CHECK(uplink->last_receipt_digest().error().code() == ErrorCode::closed);
        head = reader.head();
        REQUIRE(reader.append(next_read(head)));
        *uplink = std::move(*Spool::attach(settings));
        CHECK(all_of(*uplink).size() == 1);
        REQUIRE(reader.append(next_read(head)));
        CHECK(all_of(*uplink).size() == 2);
    }
    Spool reader = open_spool(settings);
    CHECK_FALSE(reader.set_aside());
    CHECK(all_of(reader).size() == 2);
}

TEST_CASE("a spool of a newer version is refused, told how to cure it, and left as it is") {
    const TempDir dir;
    const SpoolSettings settings = settings_in(dir);
    fill(settings, 1);
    execute(settings, "PRAGMA user_version = 3");
    const auto spool = Spool::open(settings, any_maker());
    REQUIRE_FALSE(spool);
    CHECK(spool.error().code() == ErrorCode::unsupported);
    CHECK(spool.error().message().find("newer") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(settings.path.string() + ".broken-1"));
    const auto guest = Spool::attach(settings);
    REQUIRE_FALSE(guest);
    CHECK(guest.error().code() == ErrorCode::unsupported);
}

TEST_CASE("the spool of another device is refused with both names") {
    const TempDir dir;
    SpoolSettings settings = settings_in(dir);
    fill(settings, 1);
    settings.device = "gate-2";
    const auto spool = Spool::open(settings, any_maker());
    REQUIRE_FALSE(spool);
    CHECK(spool.error().code() == ErrorCode::configuration);
    CHECK(spool.error().message().find("gate-1") != std::string::npos);
    CHECK(spool.error().message().find("gate-2") != std::string::npos);
}

TEST_CASE("a second reader on the same spool is refused") {
    const TempDir dir;
    const Spool first = open_spool(settings_in(dir));
    const auto second = Spool::open(settings_in(dir), any_maker());
    REQUIRE_FALSE(second);
    CHECK(second.error().code() == ErrorCode::refused);
}

TEST_CASE("the uplink finds no spool before the reader made one") {
    const TempDir dir;
    CHECK(Spool::attach(settings_in(dir)).error().code() == ErrorCode::not_found);
    REQUIRE(write_file_atomically(settings_in(dir).path, {}));
    CHECK(Spool::attach(settings_in(dir)).error().code() == ErrorCode::not_found);
}

TEST_CASE("a missing folder is told with its path") {
    const auto spool = Spool::open({.path = "/nowhere/at/all/spool.db", .device = "gate-1"}, any_maker());
    REQUIRE_FALSE(spool);
    CHECK(spool.error().message().find("/nowhere/at/all/spool.db") != std::string::npos);
}

TEST_CASE("a bad device name is a configuration error") {
    const TempDir dir;
    SpoolSettings settings = settings_in(dir);
    settings.device = "Gate 1'; DROP TABLE items";
    CHECK(Spool::open(settings, any_maker()).error().code() == ErrorCode::configuration);
    CHECK(Spool::attach(settings).error().code() == ErrorCode::configuration);
}

TEST_CASE("an owner that could not sign a tombstone is refused") {
    const TempDir dir;
    CHECK(Spool::open(settings_in(dir), TombstoneMaker()).error().code() == ErrorCode::invalid_argument);
    CHECK_FALSE(std::filesystem::exists(settings_in(dir).path));
}

TEST_CASE(
    "on a full disk append says so, what was confirmed stays, and it goes on when there is room again") {
    const TempDir dir;
    const SmallDisk disk(dir, 12 << 20);
    if (!disk.mounted()) {
        MESSAGE("SKIPPED: mounting a small tmpfs needs root");
        return;
    }
    SpoolSettings settings = settings_in(dir);
    settings.path = disk.path() / "spool.db";
    Seq confirmed = 0;
    {
        Spool spool = open_spool(settings);
        ChainHead head = spool.head();
        const ChainHead begin = head;
        // Somebody else takes the whole disk while little is spooled: nothing that we could shed would help.
        REQUIRE(spool.append(next_record(head, {{ItemKind::read, 1000}})));
        const auto other = disk.path() / "other";
        std::size_t room = std::filesystem::space(disk.path()).available;
        REQUIRE(write_file_atomically(other, Bytes(room - 4096, std::byte{1})));
        ChainHead next = head;
        const auto outcome =
            spool.append(next_record(next, {{ItemKind::read, 1000}, {ItemKind::overview, 3 << 20}}));
        REQUIRE_FALSE(outcome);
        CHECK(outcome.error().code() == ErrorCode::exhausted);
        CHECK(spool.head().next_seq == 2);
        CHECK(all_of(spool).size() == 1);
        std::filesystem::remove(other);
        REQUIRE(spool.append(next_record(head, {{ItemKind::read, 1000}, {ItemKind::overview, 1 << 20}})));
        confirmed = head.next_seq - 1;
        CHECK(begin.next_seq == 1);
    }
    Spool spool = open_spool(settings);
    CHECK_FALSE(spool.set_aside());
    CHECK(spool.head().next_seq == confirmed + 1);
    CHECK(all_of(spool).size() == confirmed);
}

TEST_CASE("a disk smaller than the quota makes the spool shed instead of stopping") {
    const TempDir dir;
    const SmallDisk disk(dir, 40 << 20);
    if (!disk.mounted()) {
        MESSAGE("SKIPPED: mounting a small tmpfs needs root");
        return;
    }
    SpoolSettings settings = settings_in(dir);
    settings.path = disk.path() / "spool.db";
    {
        Spool spool = open_spool(settings);
        ChainHead head = spool.head();
        for (int i = 0; i < 100; ++i) {
            const auto outcome =
                spool.append(next_record(head, {{ItemKind::read, 1000}, {ItemKind::overview, 500'000}}));
            if (!outcome) FAIL("record " << i << ": " << outcome.error().message());
        }
        CHECK(spool.stats().value().shed_overviews > 50);
        CHECK(spool.stats().value().shed_reads == 0);
    }
    Spool spool = open_spool(settings);
    CHECK_FALSE(spool.set_aside());
    CHECK(all_of(spool).back().item.seq == 200);
}

TEST_CASE("on a read-only file system opening is refused with the cure, and nothing is set aside") {
    const TempDir dir;
    const SmallDisk disk(dir, 12 << 20);
    if (!disk.mounted()) {
        MESSAGE("SKIPPED: mounting a small tmpfs needs root");
        return;
    }
    SpoolSettings settings = settings_in(dir);
    settings.path = disk.path() / "spool.db";
    const ChainId chain = fill(settings, 2);
    REQUIRE(disk.remount(MS_RDONLY));
    const auto refused = Spool::open(settings, any_maker());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message().find(settings.path.string()) != std::string::npos);
    CHECK(refused.error().message().find("writable") != std::string::npos);
    {
        auto uplink = Spool::attach(settings);  // it only reads
        REQUIRE(uplink);
        CHECK(all_of(*uplink).size() == 4);
    }
    REQUIRE(disk.remount(0));
    Spool spool = open_spool(settings);
    CHECK_FALSE(spool.set_aside());
    CHECK(spool.head().chain == chain);
    CHECK(all_of(spool).size() == 4);
}

TEST_CASE("a reader or uplink without the right to the files is told so, and nothing is set aside") {
    if (::geteuid() != 0) {
        MESSAGE("SKIPPED: becoming another user needs root");
        return;
    }
    const TempDir dir;
    const SpoolSettings settings = settings_in(dir);
    fill(settings, 2);
    std::filesystem::permissions(dir.path(), std::filesystem::perms(0755));
    const pid_t child = ::fork();
    if (child == 0) {
        constexpr uid_t nobody = 65'534;
        if (::setgroups(0, nullptr) != 0 || ::setgid(nobody) != 0 || ::setuid(nobody) != 0) ::_exit(2);
        const auto reader = Spool::open(settings, any_maker());
        const auto uplink = Spool::attach(settings);
        const bool told = !reader && reader.error().code() == ErrorCode::denied && !uplink &&
                          uplink.error().message().find("writable") != std::string::npos;
        ::_exit(told ? 0 : 1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    Spool spool = open_spool(settings);
    CHECK_FALSE(spool.set_aside());
    CHECK(all_of(spool).size() == 4);
}

namespace {

int run(const std::string& command) {
    return std::system(command.c_str());  // NOLINT: fixed words and our own folder
}

/// An ext4 of its own in a file.
class Ext4Disk {
  public:
    explicit Ext4Disk(const TempDir& dir) : image_(dir.path() / "image"), path_(dir.path() / "ext4") {
        std::filesystem::create_directory(path_);
        made_ = run(fmt::format("truncate -s 48M {0} && mkfs.ext4 -q -F {0} >/dev/null 2>&1",
                                image_.string())) == 0;
        mount();
    }
    Ext4Disk(const Ext4Disk&) = delete;
    Ext4Disk& operator=(const Ext4Disk&) = delete;
    ~Ext4Disk() { unmount(); }

    void mount() {
        mounted_ = made_ && run(fmt::format("mount -o loop,errors=remount-ro {} {} 2>/dev/null",
                                            image_.string(), path_.string())) == 0;
    }
    void unmount() {
        if (mounted_) static_cast<void>(run(fmt::format("umount {}", path_.string())));
        mounted_ = false;
    }
    /// As the kernel does by itself when the flash gives errors.
    [[nodiscard]] bool abort() const {
        return run(fmt::format("mount -o remount,abort {} 2>/dev/null", path_.string())) == 0;
    }
    [[nodiscard]] bool mounted() const { return mounted_; }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path image_;
    std::filesystem::path path_;
    bool made_ = false;
    bool mounted_ = false;
};

}  // namespace

TEST_CASE(
    "a file system that turns read-only at work: append says so, all that was confirmed is there after it") {
    const TempDir dir;
    Ext4Disk disk(dir);
    if (!disk.mounted() || ::geteuid() != 0) {
        MESSAGE("SKIPPED: an ext4 in a file needs root, mkfs.ext4 and a loop device");
        return;
    }
    SpoolSettings settings = settings_in(dir);
    settings.path = disk.path() / "spool.db";
    ChainId chain;
    {
        Spool spool = open_spool(settings);
        ChainHead head = spool.head();
        chain = head.chain;
        for (int i = 0; i < 3; ++i)
            REQUIRE(spool.append(next_record(head, {{ItemKind::read, 700}, {ItemKind::overview, 9000}})));
        if (!disk.abort()) {
            MESSAGE("SKIPPED: this kernel's ext4 cannot be aborted");
            return;
        }
        ChainHead next = head;
        const auto outcome = spool.append(next_read(next));
        REQUIRE_FALSE(outcome);
        CAPTURE(outcome.error().message());
        CHECK((outcome.error().code() == ErrorCode::denied || outcome.error().code() == ErrorCode::io));
        CHECK(spool.head().next_seq == head.next_seq);
        CHECK(all_of(spool).size() == 6);  // the uplink goes on reading
        const auto anew = Spool::open({.path = disk.path() / "other.db", .device = "gate-1"}, any_maker());
        REQUIRE_FALSE(anew);
        CHECK(anew.error().code() == ErrorCode::denied);
    }
    disk.unmount();
    disk.mount();
    REQUIRE(disk.mounted());
    Spool spool = open_spool(settings);
    CHECK_FALSE(spool.set_aside());
    CHECK(spool.head().chain == chain);
    CHECK(all_of(spool).size() == 6);
    ChainHead head = spool.head();
    CHECK(spool.append(next_read(head)));
}
