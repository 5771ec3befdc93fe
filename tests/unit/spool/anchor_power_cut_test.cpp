// Power cuts with spool and anchor together: in any call of SQLite, and before, in and after each write of
// the anchor. Nothing confirmed is lost, nothing comes twice, and no cut is taken for a rollback; a real one
// is. PORTCULLIS_ROUNDS sets the number of rounds at random moments.
#include <array>
#include <fstream>

#include "base/file.hpp"
#include "promises.hpp"
#include "support/fault_vfs.hpp"
#include "support/rounds.hpp"

using namespace portcullis;
using namespace portcullis::test;
using Unsynced = FaultVfs::Unsynced;

namespace {

namespace fs = std::filesystem;

constexpr std::array outcomes = {Unsynced::lost, Unsynced::torn, Unsynced::kept};
constexpr int checkpoint_pages = 40;

/// The anchor's way to the disk, as write_file_atomically goes it: until the folder is synced the old file or
/// the new one may be there after a cut; then the new one.
class AnchorDisk {
  public:
    enum class Moment { before, between, after };
    explicit AnchorDisk(FaultVfs& disk) : disk_(disk) {}

    AnchorWriter writer() {
        return [this](const fs::path& path, ByteView bytes) { return write(path, bytes); };
    }
    void cut_at(std::uint64_t write, Moment moment) {
        left_ = write;
        moment_ = moment;
    }
    void never_cut() { left_ = 0; }
    /// After a cut: what the disk made of a write that was under way.
    void restore(bool renamed) {
        left_ = 0;
        if (renamed && !in_the_air_.empty()) put(path_, in_the_air_);
        in_the_air_.clear();
    }
    [[nodiscard]] std::uint64_t writes() const { return writes_; }

  private:
    Result<void> write(const fs::path& path, ByteView bytes) {
        if (disk_.dead()) return fail(ErrorCode::io, "no power");
        ++writes_;
        path_ = path;
        const bool cut = left_ != 0 && --left_ == 0;
        if (cut && moment_ != Moment::after) {
            if (moment_ == Moment::between) in_the_air_ = std::string(as_text(bytes));
            disk_.cut_power();
            return fail(ErrorCode::io, "no power");
        }
        put(path, std::string(as_text(bytes)));
        if (cut) disk_.cut_power();
        return {};
    }
    // The model makes it durable: a sync of the real disk would only cost time.
    static void put(const fs::path& path, const std::string& text) {
        std::ofstream(path, std::ios::trunc) << text;
    }

    FaultVfs& disk_;
    fs::path path_;
    std::uint64_t left_ = 0;
    Moment moment_ = Moment::before;
    std::string in_the_air_;
    std::uint64_t writes_ = 0;
};

using Moment = AnchorDisk::Moment;
constexpr std::array moments = {Moment::before, Moment::between, Moment::after};

const std::vector<Part> lone_read = {{ItemKind::read, 700}};
const std::vector<Part> with_pictures = {
    {ItemKind::read, 700}, {ItemKind::plate, 6000}, {ItemKind::overview, 12'000}};
const std::vector<Part> checkpoint = {{ItemKind::checkpoint, 400}};
const std::vector<Part> life = {{ItemKind::life, 600}};

struct House {
    TempDir dir;
    FaultVfs disk{checkpoint_pages};
    AnchorDisk anchors{disk};
    SpoolSettings settings = settings_in(dir);
    Promises promises;

    House() {
        settings.quota_bytes = 50'000;
        settings.anchor = dir.path() / "private" / "anchor";
        settings.write_anchor = anchors.writer();
        REQUIRE(std::ofstream(settings.path).is_open());
    }
    /// As the owner's end: the power goes if it has not, and comes back.
    void power_cycle(std::mt19937& random, Unsynced unsynced) {
        disk.cut_power();
        disk.restore_power(unsynced, random);
        anchors.restore(random() % 2 == 0);
    }
};

/// A reader at work until the power goes; false then.
class Reader {
  public:
    explicit Reader(House& house) : house_(house) {}

    [[nodiscard]] bool open() {
        auto spool = Spool::open(house_.settings, any_maker());
        if (!spool) return must_be_dead();
        spool_.emplace(std::move(*spool));
        REQUIRE_FALSE(spool_->set_aside());
        REQUIRE(spool_->untold());
        const LifeReason reason = spool_->untold()->reason;
        REQUIRE((reason == LifeReason::start || (reason == LifeReason::made && house_.promises.last() <= 1)));
        if (house_.disk.dead()) return false;
        house_.promises.check(*spool_);
        return append(life);
    }
    [[nodiscard]] bool append(const std::vector<Part>& parts) {
        return house_.promises.append(*spool_, house_.promises.next_record(*spool_, parts)) || must_be_dead();
    }
    [[nodiscard]] bool release(std::size_t row) {
        if (house_.disk.dead()) return false;
        const auto items = all_of(*spool_);
        if (items.empty()) return true;
        return house_.promises.release(*spool_, items[std::min(row, items.size() - 1)].item.seq) ||
               must_be_dead();
    }
    void close() { spool_.reset(); }

  private:
    [[nodiscard]] bool must_be_dead() const {
        REQUIRE(house_.disk.dead());
        return false;
    }
    House& house_;
    std::optional<Spool> spool_;
};

bool fixed_script(Reader& reader) {
    if (!reader.open() || !reader.append(lone_read) || !reader.append(checkpoint)) return false;
    if (!reader.append(with_pictures) || !reader.release(1) || !reader.append(with_pictures)) return false;
    if (!reader.append(with_pictures) || !reader.append(checkpoint)) return false;
    reader.close();
    if (!reader.open() || !reader.append(with_pictures) || !reader.release(1000)) return false;
    if (!reader.append(checkpoint)) return false;
    reader.close();
    return true;
}

bool random_script(Reader& reader, std::mt19937& random) {
    if (!reader.open()) return false;
    for (int step = 0; step < 14; ++step) {
        const auto dice = random() % 8;
        const auto& parts = dice < 3 ? lone_read : dice < 5 ? checkpoint : with_pictures;
        if (!(dice == 7 ? reader.release(random() % 8) : reader.append(parts))) return false;
    }
    reader.close();
    return true;
}

void go_on(House& house) {
    Reader reader(house);
    REQUIRE(reader.open());
    REQUIRE(reader.append(lone_read));
    REQUIRE(reader.append(checkpoint));
    reader.close();
    REQUIRE(reader.open());
    reader.close();
}

/// The same house, set back: that must be noticed, whatever happened before.
void check_rollback_is_noticed(House& house) {
    house.anchors.never_cut();
    const fs::path copy = house.dir.path() / "copy.db";
    fs::copy_file(house.settings.path, copy, fs::copy_options::overwrite_existing);
    {
        Reader reader(house);
        REQUIRE(reader.open());
        REQUIRE(reader.append(lone_read));
        REQUIRE(reader.append(checkpoint));
    }
    for (const char* part : {"", "-wal", "-shm"})
        fs::remove(house.settings.path.string() + part);
    fs::copy_file(copy, house.settings.path);
}

}  // namespace

TEST_CASE(
    "a power cut in any call of a script with an anchor loses nothing, doubles nothing, raises no alarm") {
    std::mt19937 random(20260104);
    const std::uint64_t stride = walk_stride(4);
    std::uint64_t first = 1;
    for (const Unsynced unsynced : outcomes) {
        bool ended = false;
        for (std::uint64_t call = first; !ended; call += stride) {
            CAPTURE(call);
            CAPTURE(static_cast<int>(unsynced));
            REQUIRE(call < 3000);
            House house;
            house.disk.cut_power_at(call);
            {
                Reader reader(house);
                ended = fixed_script(reader) && !house.disk.dead();
            }
            house.power_cycle(random, unsynced);
            go_on(house);
        }
        first = first % stride + 1;  // each outcome begins at another call
    }
}

TEST_CASE("a power cut in any write of the anchor loses nothing, doubles nothing, raises no alarm") {
    std::mt19937 random(20260105);
    for (const Unsynced unsynced : outcomes)
        for (const Moment moment : moments) {
            bool ended = false;
            for (std::uint64_t write = 1; !ended; ++write) {
                CAPTURE(write);
                CAPTURE(static_cast<int>(moment));
                REQUIRE(write < 100);
                House house;
                house.anchors.cut_at(write, moment);
                {
                    Reader reader(house);
                    ended = fixed_script(reader) && !house.disk.dead();
                }
                house.power_cycle(random, unsynced);
                go_on(house);
            }
        }
}

TEST_CASE("power cuts at random moments of spool and anchor raise no alarm, and a rollback after them does") {
    std::mt19937 random(20260106);
    House house;
    const int rounds = rounds_or(300);
    int cuts_at_work = 0;
    for (int round = 0; round < rounds; ++round) {
        CAPTURE(round);
        if (random() % 2 == 0)
            house.disk.cut_power_at(1 + random() % 900);
        else
            house.anchors.cut_at(1 + random() % 8, moments[random() % moments.size()]);
        {
            Reader reader(house);
            if (!random_script(reader, random)) ++cuts_at_work;
        }
        house.power_cycle(random, outcomes[random() % outcomes.size()]);
        go_on(house);
    }
    MESSAGE(rounds << " rounds, " << cuts_at_work << " cut at work, last seq " << house.promises.last()
                   << ", " << house.anchors.writes() << " writes of the anchor");
    CHECK(cuts_at_work > rounds / 4);
    check_rollback_is_noticed(house);
    const auto spool = Spool::open(house.settings, any_maker());
    REQUIRE(spool);
    REQUIRE(spool->set_aside());
    CHECK(spool->untold()->reason == LifeReason::rolled_back);
}
