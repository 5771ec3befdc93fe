// The i-th call to the disk fails, for each i until a run meets no failure: each call of the spool is done or
// not, as it said; the second try succeeds; nothing is set aside, lost or there twice.
#include <fstream>

#include "promises.hpp"
#include "support/disk_faults.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

constexpr int checkpoint_pages = 40;  // a few records reach the checkpoint of the -wal file

const std::vector<Part> lone_read = {{ItemKind::read, 700}};
const std::vector<Part> with_pictures = {
    {ItemKind::read, 700}, {ItemKind::plate, 6000}, {ItemKind::overview, 12'000}};

constexpr int tries = 2;

/// Reader and uplink whose every call may fail once; the disk is mended then.
class Trier {
  public:
    Trier(FaultVfs& disk, const TempDir& dir) : disk_(disk), settings_(settings_in(dir)) {
        settings_.quota_bytes = 50'000;
        REQUIRE(std::ofstream(settings_.path).is_open());
    }

    void open() {
        reader_.emplace(try_on(disk_, tries, [&] { return Spool::open(settings_, any_maker()); }));
        REQUIRE_FALSE(reader_->set_aside());
        uplink_.emplace(try_on(disk_, tries, [&] { return Spool::attach(settings_); }));
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
        const auto items = try_on(disk_, tries, [&] { return uplink_->peek(0, 1000, 1 << 30); });
        const Seq upto = items.at(std::min(place, items.size() - 1)).item.seq;
        if (!promises_.release(*reader_, upto)) {
            mend();
            check();
            REQUIRE(promises_.release(*reader_, upto));
            check();
        }
    }
    /// What the uplink and the reader look at.
    void look() {
        const auto items = try_on(disk_, tries, [&] { return uplink_->peek(0, 1000, 1 << 30); });
        const SealedItem& last = items.back().item;
        const SpoolStats stats = try_on(disk_, tries, [&] { return uplink_->stats(); });
        CHECK(stats.items == items.size());
        CHECK(stats.last_seq == last.seq);
        CHECK(try_on(disk_, tries, [&] {
                  return uplink_->releasable(stats.chain, last.seq, last.link, items.front().item.seq);
              }) == items.size() - 1);
        CHECK_FALSE(try_on(disk_, tries, [&] { return reader_->last_receipt_digest(); }));
        CHECK(try_on(disk_, tries, [&] { return reader_->stats(); }).bytes == stats.bytes);
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

/// Nothing but reads: they are shed whole.
void script_of_reads(FaultVfs& disk) {
    const TempDir dir;
    std::optional<Trier> trier;
    {
        const FaultVfs::Asleep asleep(disk);
        trier.emplace(disk, dir);
        trier->open();
        for (int i = 0; i < 2; ++i)
            trier->append({{ItemKind::read, 20'000}, {ItemKind::plate, 100}});
    }
    trier->append({{ItemKind::read, 20'000}, {ItemKind::plate, 100}});
    trier->append({{ItemKind::checkpoint, 700}});
    trier->look();
    trier->close();
}

}  // namespace

TEST_CASE("whichever call to the disk fails, the spool tells the truth and the second try succeeds") {
    CHECK(fail_each_call(checkpoint_pages, walk_stride(3), script) > disk_faults.size());
}

TEST_CASE(
    "whichever call fails while whole records are shed or the spool is asked, the second try succeeds") {
    CHECK(fail_each_way_out(11, script_of_reads) > 0);
}
