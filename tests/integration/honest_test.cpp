// False alarms: an honest device whose life is as hard as lives at the roadside are (restarts, kills, power
// cuts, a new flash card, receipts that get lost or come late) is never accused of anything by the collector.
// PORTCULLIS_ROUNDS sets the number of reboots, each after a thousand messages.
#include <sqlite3.h>

#include <array>
#include <fstream>

#include "base/log.hpp"
#include "delivery_bench.hpp"
#include "inbox/receipt_gate.hpp"
#include "support/fault_vfs.hpp"
#include "support/rounds.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

constexpr Seq messages_a_round = 1000;
constexpr Seq checkpoint_every = 64;
constexpr std::size_t window = 64;
constexpr int appends_between_turns = 8;
constexpr int most_turns = 100'000;  // to get a spool empty
constexpr std::size_t most_growth_kib = std::size_t{48} << 10;

enum class Reboot { restart, kill, power_cut, new_card, collector, reboots };

/// The collector has a disk of its own, which no cut of the device's power touches.
class CollectorsDisk {
  public:
    CollectorsDisk() : devices_(sqlite3_vfs_find(nullptr)) {
        sqlite3_vfs_register(sqlite3_vfs_find("unix"), 1);
    }
    CollectorsDisk(const CollectorsDisk&) = delete;
    CollectorsDisk& operator=(const CollectorsDisk&) = delete;
    ~CollectorsDisk() { sqlite3_vfs_register(devices_, 1); }

  private:
    sqlite3_vfs* devices_;
};

std::size_t memory_kib() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmRSS:")) return std::stoul(line.substr(6));
    return 0;
}

class HonestLife {
  public:
    explicit HonestLife(unsigned seed) : random_(seed) {
        open_collector();
        insert_card();
    }

    /// A thousand messages, in the midst of which it may happen.
    void round(Reboot reboot) {
        if (reboot == Reboot::kill) disk_->kill_at(1 + random_() % 4000);
        if (reboot == Reboot::power_cut) disk_->cut_power_at(1 + random_() % 4000);
        const Seq goal = messages_ + messages_a_round;
        bool happened = false;
        while (messages_ < goal) {
            if (live()) continue;
            begin_anew(reboot);
            happened = true;
        }
        if (!happened) begin_anew(reboot);
    }
    void settle_and_check() {
        drain();
        check();
    }

    [[nodiscard]] Seq messages() const { return messages_; }
    [[nodiscard]] std::size_t chains() const { return chains_.size(); }
    [[nodiscard]] Seq lost_receipts() const { return lost_receipts_; }
    [[nodiscard]] bool one_in(unsigned chance) { return random_() % chance == 0; }

  private:
    struct Chain {
        ChainId id;
        Seq last = 0;
        Digest link{};
    };

    void open_collector() {
        const CollectorsDisk real;
        ingest_.reset();
        ingest_.emplace(
            must(Store::open({.path = dir_.path() / "store.db", .quarantine = {}, .create = true})),
            keys_.devices(), *keys_.receipt_key, clock_);
    }
    /// An empty one: a new chain begins.
    void insert_card() {
        reader_.reset();
        disk_.reset();
        disk_.emplace();
        late_.clear();
        settings_ = {.path = dir_.path() / fmt::format("spool-{}.db", chains_.size()), .device = "gate-1"};
        REQUIRE(std::ofstream(settings_.path).is_open());
        open_reader();
        chains_.push_back({.id = reader_->head().chain});
        checkpointed_ = 0;
    }
    void open_reader() {
        reader_.reset();
        reader_ = must(Spool::open(
            settings_,
            TombstoneMaker(
                [this](const Tombstone& one) -> Result<Bytes> { return keys_.sealer->tombstone(one); },
                [this](ByteView blob) { return keys_.sealer->own_tombstone(blob); }),
            clock_));
        REQUIRE_FALSE(reader_->set_aside());
        sent_ = 0;
    }

    /// Some records and a turn of the uplink; false when the disk is dead.
    bool live() {
        for (int i = 0; i < appends_between_turns; ++i)
            if (!append()) return false;
        return turn();
    }

    SealedItem item(ChainHead& head, ItemKind kind) {
        SealedItem item{.seq = head.next_seq, .kind = kind, .blob = keys_.blob(kind, head.next_seq)};
        item.link = next_link(head.link, item.seq, sha256(item.blob));
        head = {head.chain, item.seq + 1, item.link};
        return item;
    }
    bool append() {
        ChainHead head = reader_->head();
        SealedRecord record{head.chain, {item(head, ItemKind::read)}};
        if (one_in(4)) record.items.push_back(item(head, ItemKind::plate));
        if (one_in(8)) record.items.push_back(item(head, ItemKind::overview));
        if (!append(std::move(record))) return false;
        if (head.next_seq <= checkpointed_ + checkpoint_every) return true;
        SealedItem checkpoint = must(keys_.sealer->checkpoint(head, checkpointed_ + 1, clock_.utc()));
        checkpointed_ = checkpoint.seq;
        return append({head.chain, {std::move(checkpoint)}});
    }
    bool append(SealedRecord record) {
        const auto appended = reader_->append(record);
        if (appended) remember(record);
        if (!appended) half_done_ = std::move(record);
        return appended || must_be_dead();
    }
    void remember(const SealedRecord& record) {
        chains_.back().last = record.items.back().seq;
        chains_.back().link = record.items.back().link;
        messages_ += record.items.size();
    }

    /// The uplink and the collector: most of what is sent comes through, most receipts come back.
    bool turn() {
        clock_.advance(milliseconds(20 + random_() % 200));
        const auto items = reader_->peek(sent_, window, std::size_t{1} << 20);
        if (!items) return must_be_dead();
        std::vector<BrokerMessage> batch;
        for (const SpooledItem& row : *items) {
            sent_ = row.item.seq;
            if (one_in(100)) continue;  // the broker drops it
            batch.push_back(message_of(row.item));
            if (one_in(100)) batch.push_back(batch.back());
        }
        if (one_in(10)) std::ranges::shuffle(batch, random_);
        if (!batch.empty()) static_cast<void>(must(ingest_->accept(batch)));
        if (one_in(500)) open_collector();  // between its commit and its receipts
        return take_receipts(must(ingest_->receipts()));
    }
    BrokerMessage message_of(const SealedItem& item) {
        return {.topic = fmt::format("lpr/v1/dev/gate-1/{}", topic_leaf(item.kind)),
                .payload = item.blob,
                .content_type = "application/cms",
                .properties = {{"v", "1"},
                               {"chain", to_string(reader_->head().chain)},
                               {"seq", std::to_string(item.seq)},
                               {"kind", std::string(to_string(item.kind))}}};
    }
    bool take_receipts(const std::vector<BrokerMessage>& receipts) {
        for (const BrokerMessage& receipt : receipts)
            if (one_in(5))
                ++lost_receipts_;
            else
                late_.push_back(receipt.payload);
        while (!late_.empty() && !one_in(4)) {
            const std::size_t which = random_() % late_.size();
            const Bytes blob = late_[which];
            late_.erase(late_.begin() + static_cast<std::ptrdiff_t>(which));
            const Receipt receipt = must(gate_.open(blob, clock_.utc()));
            if (receipt.chain != reader_->head().chain) continue;
            // A receipt that was given is never refused, however late.
            if (!reader_->release(receipt.chain, receipt.upto, receipt.link, sha256(blob)))
                return must_be_dead();
        }
        return true;
    }
    bool must_be_dead() {
        REQUIRE(disk_->dead());
        return false;
    }

    void begin_anew(Reboot reboot) {
        switch (reboot) {
            case Reboot::collector:
                return open_collector();
            case Reboot::new_card:
                settle_and_check();
                return insert_card();
            case Reboot::kill:
                disk_->kill();
                reader_.reset();
                disk_->start_again();
                break;
            case Reboot::power_cut:
                disk_->cut_power();
                reader_.reset();
                disk_->restore_power(
                    std::array{FaultVfs::Unsynced::lost, FaultVfs::Unsynced::torn, FaultVfs::Unsynced::kept}
                        .at(random_() % 3),
                    random_);
                break;
            default:
                break;
        }
        open_reader();
        take_up_half_done();
    }
    /// What append did not confirm is there, or is not: the spool knows.
    void take_up_half_done() {
        if (!half_done_) return;
        if (reader_->head().next_seq == half_done_->items.back().seq + 1) remember(*half_done_);
        half_done_.reset();
        checkpointed_ = std::min(checkpointed_, reader_->head().next_seq - 1);
    }

    void drain() {
        for (int turns = 0; turns < most_turns; ++turns) {
            if (must(reader_->stats()).items == 0) return;
            const Seq before = sent_;
            REQUIRE(turn());
            if (sent_ == before) sent_ = 0;  // its patience ends: all is sent again
        }
        FAIL("the spool does not get empty");
    }

    void check() {
        for (const Chain& chain : chains_) {
            if (chain.last == 0) continue;  // just begun
            const auto row = must(ingest_->store().chains.branches("gate-1", chain.id));
            REQUIRE(row.size() == 1);  // no fork
            REQUIRE(row[0].upto == chain.last);
            REQUIRE(row[0].upto_link == chain.link);
            REQUIRE(row[0].mismatch == 0);
            REQUIRE(row[0].conflicts == 0);
        }
        REQUIRE(must(ingest_->store().gaps.count_open()) == 0);
        REQUIRE(must(ingest_->store().quarantine.newest(1)).empty());
        REQUIRE(must(ingest_->store().incidents.count()) == 0);
    }

    const DeliveryKeys keys_;
    std::mt19937 random_;
    TempDir dir_;
    std::optional<FaultVfs> disk_;  // of the card; it remembers every file that it ever held
    FakeClock clock_{now};
    ReceiptGate gate_{keys_.receipts(), "gate-1"};
    std::optional<Ingest> ingest_;
    SpoolSettings settings_;
    std::optional<Spool> reader_;
    std::optional<SealedRecord> half_done_;
    std::vector<Bytes> late_;
    std::vector<Chain> chains_;
    Seq checkpointed_ = 0;
    Seq sent_ = 0;
    Seq messages_ = 0;
    Seq lost_receipts_ = 0;
};

}  // namespace

TEST_CASE("an honest device with restarts, kills, power cuts and new cards raises no false alarm") {
    const LogLevel before = log_level();
    set_log_level(LogLevel{0});
    const int reboots = rounds_or(10);
    HonestLife life(1);
    std::size_t memory_then = 0;
    for (int reboot = 0; reboot < reboots; ++reboot) {
        CAPTURE(reboot);
        life.round(static_cast<Reboot>(reboot % static_cast<int>(Reboot::reboots)));
        if (life.one_in(4)) life.settle_and_check();
        if (reboot == reboots / 4) memory_then = memory_kib();
    }
    life.settle_and_check();
    const std::size_t memory_now = memory_kib();
    set_log_level(before);
    MESSAGE(life.messages() << " messages, " << reboots << " reboots, " << life.chains() << " chains, "
                            << life.lost_receipts() << " receipts lost: no false alarm; memory "
                            << memory_then / 1024 << " MB after a quarter, " << memory_now / 1024
                            << " MB at the end");
    CHECK(memory_now < memory_then + most_growth_kib);
}
