// The i-th call to the disk fails, for each i until a run meets no failure: each call of the spool is done or
// not, as it said; the second try succeeds; nothing is set aside, lost or there twice.
#include <sqlite3.h>

#include <array>
#include <fstream>

#include "promises.hpp"
#include "support/fault_vfs.hpp"

using namespace portcullis;
using namespace portcullis::test;
using Call = FaultVfs::Call;

namespace {

struct FaultRow {
    std::string_view name;
    Call call;
    int code;
    bool lasts = false;  // until the spool has said that something is wrong
};

constexpr std::array rows = {
    FaultRow{"one write finds the disk full", Call::write, SQLITE_FULL},
    FaultRow{"disk full", Call::write, SQLITE_FULL, true},
    FaultRow{"write error", Call::write, SQLITE_IOERR_WRITE},
    FaultRow{"read-only", Call::write, SQLITE_READONLY, true},
    FaultRow{"sync error", Call::sync, SQLITE_IOERR_FSYNC},
    FaultRow{"no sync works", Call::sync, SQLITE_IOERR_FSYNC, true},
    FaultRow{"read error", Call::read, SQLITE_IOERR_READ},
    FaultRow{"no read works", Call::read, SQLITE_IOERR_READ, true},
    FaultRow{"cannot open", Call::open, SQLITE_CANTOPEN},
    FaultRow{"nothing can be opened", Call::open, SQLITE_CANTOPEN, true},
    FaultRow{"truncate error", Call::truncate, SQLITE_IOERR_TRUNCATE},
    FaultRow{"remove error", Call::remove, SQLITE_IOERR_DELETE},
    FaultRow{"size error", Call::size, SQLITE_IOERR_FSTAT},
    FaultRow{"lock error", Call::lock, SQLITE_IOERR_LOCK},
    FaultRow{"no shared memory", Call::map, SQLITE_IOERR_SHMMAP},
};

constexpr int checkpoint_pages = 40;  // a few records reach the checkpoint of the -wal file

const std::vector<Part> lone_read = {{ItemKind::read, 700}};
const std::vector<Part> with_pictures = {
    {ItemKind::read, 700}, {ItemKind::plate, 6000}, {ItemKind::overview, 12'000}};

/// The outcome of the first try or, after the disk was mended, of the second.
template <class Attempt>
auto try_twice(FaultVfs& disk, Attempt attempt) {
    auto outcome = attempt();
    if (!outcome) {
        CAPTURE(outcome.error().message());
        REQUIRE(disk.struck());
        REQUIRE(outcome.error().code() != ErrorCode::corrupt);
        disk.mend();
        outcome = attempt();
    }
    REQUIRE(outcome);
    return std::move(*outcome);
}

/// Reader and uplink whose every call may fail once; the disk is mended then.
class Trier {
  public:
    Trier(FaultVfs& disk, const TempDir& dir) : disk_(disk), settings_(settings_in(dir)) {
        settings_.quota_bytes = 50'000;
        REQUIRE(std::ofstream(settings_.path).is_open());
    }

    void open() {
        reader_.emplace(try_twice(disk_, [&] { return Spool::open(settings_, any_maker()); }));
        REQUIRE_FALSE(reader_->set_aside());
        uplink_.emplace(try_twice(disk_, [&] { return Spool::attach(settings_); }));
        check();
    }
    void append(const std::vector<Part>& parts) {
        const ChainHead before = reader_->head();
        const SealedRecord record = promises_.next_record(*reader_, parts);
        if (!promises_.append(*reader_, record)) {
            mend();
            CHECK(reader_->head().next_seq == before.next_seq);
            check();  // as it was before, in the file too
            REQUIRE(promises_.append(*reader_, record));
            check();
        }
    }
    /// Up to the row at `place`, or the last one.
    void release(std::size_t place) {
        const auto items = try_twice(disk_, [&] { return uplink_->peek(0, 1000, 1 << 30); });
        const Seq upto = items.at(std::min(place, items.size() - 1)).item.seq;
        if (!promises_.release(*reader_, upto)) {
            mend();
            check();
            REQUIRE(promises_.release(*reader_, upto));
            check();
        }
    }
    void close() {
        check();
        uplink_.reset();
        reader_.reset();
    }

  private:
    void mend() {
        REQUIRE(disk_.struck());
        disk_.mend();
    }
    /// Judges the file, with the fault asleep.
    void check() {
        const FaultVfs::Asleep asleep(disk_);
        promises_.check(*reader_);
    }

    FaultVfs& disk_;
    SpoolSettings settings_;
    Promises promises_;
    std::optional<Spool> reader_;
    std::optional<Spool> uplink_;
};

/// Opens, appends, sheds, releases, works off the -wal file, closes and opens again.
void script(FaultVfs& disk) {
    const TempDir dir;
    Trier trier(disk, dir);
    trier.open();
    trier.append(lone_read);
    for (int i = 0; i < 4; ++i)
        trier.append(with_pictures);
    trier.release(2);
    trier.close();
    trier.open();
    trier.append(with_pictures);
    trier.release(1000);
    trier.append(lone_read);
    trier.close();
    disk.mend();
    trier.open();
    trier.append(lone_read);
    trier.close();
}

}  // namespace

TEST_CASE("whichever call to the disk fails, the spool tells the truth and the second try succeeds") {
    constexpr std::uint64_t most_calls = 2000;
    std::uint64_t runs = 0;
    for (const FaultRow& row : rows) {
        bool met = true;
        for (std::uint64_t call = 1; met; ++call) {
            INFO(std::string(row.name));
            CAPTURE(call);
            REQUIRE(call < most_calls);
            FaultVfs disk(checkpoint_pages);
            disk.fail({row.call, row.code, call, row.lasts});
            script(disk);
            met = disk.struck();
            runs += met ? 1 : 0;
        }
    }
    MESSAGE(runs << " calls failed");
}
