// The power goes in any call that changes the disk, and what was not synced is lost, torn or there: what
// append confirmed or the uplink saw is there afterwards, once, and under its own seq.
// PORTCULLIS_ROUNDS sets the number of rounds at random moments.
#include <array>
#include <fstream>

#include "promises.hpp"
#include "support/fault_vfs.hpp"
#include "support/rounds.hpp"

using namespace portcullis;
using namespace portcullis::test;
using Unsynced = FaultVfs::Unsynced;

namespace {

constexpr std::array outcomes = {Unsynced::lost, Unsynced::torn, Unsynced::kept};
constexpr int checkpoint_pages = 40;  // a few records reach the checkpoint of the -wal file

/// Small enough to shed now and then.
SpoolSettings tight_settings_in(const TempDir& dir) {
    SpoolSettings settings = settings_in(dir);
    settings.quota_bytes = 50'000;
    return settings;
}

/// The first step of an opening, which does not go through SQLite; it would sync the real folder each time.
void make_empty(const SpoolSettings& settings) {
    REQUIRE(std::ofstream(settings.path).is_open());
}

const std::vector<Part> lone_read = {{ItemKind::read, 700}};
const std::vector<Part> with_plate = {{ItemKind::read, 700}, {ItemKind::plate, 6000}};
const std::vector<Part> with_pictures = {
    {ItemKind::read, 700}, {ItemKind::plate, 6000}, {ItemKind::overview, 12'000}};

/// Reader and uplink at work in one thread until the power goes; false then.
class Road {
  public:
    Road(FaultVfs& disk, const SpoolSettings& settings, Promises& promises)
        : disk_(disk), settings_(settings), promises_(promises) {}

    [[nodiscard]] bool open() {
        auto reader = Spool::open(settings_, any_maker());
        if (!reader) return must_be_dead();
        reader_.emplace(std::move(*reader));
        REQUIRE_FALSE(reader_->set_aside());
        if (disk_.dead()) return false;
        promises_.check(*reader_);
        auto uplink = Spool::attach(settings_);
        if (!uplink) return must_be_dead();
        uplink_.emplace(std::move(*uplink));
        return true;
    }
    [[nodiscard]] bool append(const std::vector<Part>& parts) {
        return promises_.append(*reader_, promises_.next_record(*reader_, parts)) || must_be_dead();
    }
    /// Up to the `row`-th row of the spool, or to its last one.
    [[nodiscard]] bool release(std::size_t row) {
        if (disk_.dead()) return false;
        const auto items = all_of(*uplink_);
        if (items.empty()) return true;
        return promises_.release(*reader_, items[std::min(row, items.size() - 1)].item.seq) || must_be_dead();
    }
    void close() {
        uplink_.reset();
        reader_.reset();
    }

  private:
    [[nodiscard]] bool must_be_dead() const {
        REQUIRE(disk_.dead());
        return false;
    }

    FaultVfs& disk_;
    const SpoolSettings& settings_;
    Promises& promises_;
    std::optional<Spool> reader_;
    std::optional<Spool> uplink_;
};

/// Appends, sheds, releases, checkpoints, closes and opens again. False when the power went.
bool fixed_script(Road& road) {
    if (!road.open() || !road.append(lone_read) || !road.append(with_pictures)) return false;
    if (!road.append(with_pictures) || !road.release(1) || !road.append(with_pictures)) return false;
    if (!road.append(with_pictures) || !road.append(with_plate)) return false;  // sheds
    road.close();
    if (!road.open() || !road.append(with_pictures) || !road.release(4)) return false;
    if (!road.append(with_plate) || !road.release(1000) || !road.append(lone_read)) return false;
    road.close();
    return true;
}

bool random_script(Road& road, std::mt19937& random) {
    if (!road.open()) return false;
    for (int step = 0; step < 16; ++step) {
        const auto dice = random() % 8;
        const auto& parts = dice < 3 ? lone_read : dice < 5 ? with_plate : with_pictures;
        if (!(dice == 7 ? road.release(random() % 8) : road.append(parts))) return false;
    }
    road.close();
    return true;
}

enum class Leave { closed, killed };

/// Opens the spool that the power cut left, judges it, and works with it.
void check_and_go_on(FaultVfs& disk, const SpoolSettings& settings, Promises& promises,
                     Leave leave = Leave::closed) {
    Road road(disk, settings, promises);
    REQUIRE(road.open());
    REQUIRE(road.append(with_plate));
    road.close();
    REQUIRE(road.open());
    REQUIRE(road.append(lone_read));
    if (leave == Leave::closed) return;
    disk.kill();
    road.close();
    disk.start_again();
}

}  // namespace

TEST_CASE("a power cut in any call of a script loses nothing that was promised and doubles nothing") {
    std::mt19937 random(20260101);
    const std::uint64_t stride = walk_stride(4);
    std::uint64_t first = 1;
    for (const Unsynced unsynced : outcomes) {
        bool ended = false;
        for (std::uint64_t call = first; !ended; call += stride) {
            CAPTURE(call);
            CAPTURE(static_cast<int>(unsynced));
            REQUIRE(call < 2000);
            const TempDir dir;
            FaultVfs disk(checkpoint_pages);
            const SpoolSettings settings = tight_settings_in(dir);
            make_empty(settings);
            Promises promises;
            disk.cut_power_at(call);
            {
                Road road(disk, settings, promises);
                ended = fixed_script(road) && !disk.dead();
            }
            disk.cut_power();
            disk.restore_power(unsynced, random);
            check_and_go_on(disk, settings, promises);
        }
        first = first % stride + 1;  // each outcome begins at another call
    }
}

TEST_CASE("power cuts at random moments of one spool's life lose nothing promised and double nothing") {
    std::mt19937 random(20260102);
    const TempDir dir;
    FaultVfs disk(checkpoint_pages);
    const SpoolSettings settings = tight_settings_in(dir);
    Promises promises;
    const int rounds = rounds_or(300);
    int cuts_at_work = 0;
    for (int round = 0; round < rounds; ++round) {
        CAPTURE(round);
        disk.cut_power_at(1 + random() % 900);
        {
            Road road(disk, settings, promises);
            if (!random_script(road, random)) ++cuts_at_work;
        }
        disk.cut_power();
        disk.restore_power(outcomes[random() % outcomes.size()], random);
        check_and_go_on(disk, settings, promises, random() % 2 == 0 ? Leave::closed : Leave::killed);
    }
    MESSAGE(rounds << " rounds, " << cuts_at_work << " cut at work, last seq " << promises.last()
                   << ", released up to " << promises.released() << ", shed " << promises.shed());
    CHECK(cuts_at_work > rounds / 4);
    CHECK(promises.released() > 0);
    CHECK((promises.shed() > 0 || rounds < 100));
}

TEST_CASE("what the uplink saw after a reader was killed in an append survives a power cut") {
    std::mt19937 random(20260103);
    bool ended = false;
    for (std::uint64_t call = 1; !ended; ++call) {
        CAPTURE(call);
        REQUIRE(call < 1000);
        const TempDir dir;
        FaultVfs disk;
        const SpoolSettings settings = settings_in(dir);
        make_empty(settings);
        Promises promises;
        {
            Road road(disk, settings, promises);
            REQUIRE(road.open());
            REQUIRE(road.append(lone_read));
            disk.kill_at(call);
            ended = road.append(with_plate);
        }
        disk.start_again();
        {
            auto uplink = Spool::attach(settings);
            REQUIRE(uplink);
            promises.check(*uplink);
            disk.cut_power();
        }
        disk.restore_power(Unsynced::lost, random);
        check_and_go_on(disk, settings, promises);
    }
}
