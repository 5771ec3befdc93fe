#pragma once
// A device with a real spool and uplink, a collector with a real ingest and store, the hostile broker between
// them, in one thread under a fake clock. At each step it is checked that nothing leaves the spool that the
// collector has not stored. Thread-bound.

#include <doctest/doctest.h>

#include "collector/ingest/ingest.hpp"
#include "delivery_broker.hpp"
#include "inbox/receipt_intake.hpp"
#include "seal/sealer.hpp"
#include "support/fake_clock.hpp"
#include "unit/seal/test_pki.hpp"
#include "uplink/uplink.hpp"

namespace portcullis::test {

/// Keys that last longer than any outage, and envelopes that pass the gate; made once for many benches.
struct DeliveryKeys {
    explicit DeliveryKeys(UtcTime until = now + 400 * day);
    /// The device signs with another key from now on, which the collector knows when it starts again.
    void renew(UtcTime from);
    /// An envelope like no other: its ciphertext ends in seq. (Nobody opens it.)
    [[nodiscard]] Bytes blob(ItemKind kind, Seq seq) const;
    [[nodiscard]] TrustStore devices() const;
    [[nodiscard]] TrustStore receipts() const;

    TestPki pki;
    KeyFiles device;
    KeyFiles receipt;
    std::unique_ptr<FileSigningKey> device_key;
    std::unique_ptr<FileSigningKey> renewed_key;
    std::unique_ptr<FileSigningKey> receipt_key;
    std::optional<Sealer> sealer;
    Bytes read, plate, overview;
};

/// In a thousand steps a program is killed and started anew.
struct Restarts {
    int uplink = 0;
    int reader = 0;
    int collector = 0;
};

struct Totals {
    std::uint64_t published = 0;
    std::uint64_t resent = 0;
    std::uint64_t stored = 0;
    std::uint64_t duplicates = 0;
    std::uint64_t overflowed = 0;  // dropped between the collector's two threads
};

class Delivery {
  public:
    Delivery(const DeliveryKeys& keys, std::uint64_t seed, std::uint64_t quota_items = 1'000'000);

    /// A read with its pictures, now and then without some; a checkpoint every 64 items.
    void append_passage();
    void append(int passages) {
        for (int i = 0; i < passages; ++i)
            append_passage();
    }
    /// Broker, uplink and collector have a turn each; then all is checked.
    void step(milliseconds pause);
    /// As many steps as passages, with pauses as on a busy road.
    void drive(int passages);
    /// Steps until the spool is empty and the broker quiet. The tricks go on.
    void drain();
    /// No more tricks; then drain().
    void settle();

    /// The collector knows the keys that there are now.
    void restart_collector() { start_collector(); }
    /// The last seq that the collector has without a gap.
    [[nodiscard]] Seq reached() { return chain().upto; }

    /// At the end: everything once, nothing else, no gap that was not declared.
    void check_end();

    [[nodiscard]] Totals totals() const;
    [[nodiscard]] Seq last_seq() const { return digests_.size(); }
    [[nodiscard]] Seq released() const { return released_; }
    /// Stored there, and as it was appended.
    [[nodiscard]] bool at_collector(Seq seq);
    [[nodiscard]] bool shed() const { return declared_count_ > 0; }
    [[nodiscard]] std::uint64_t declared_items() const { return declared_count_; }

    FakeClock clock{now};
    HostileBroker broker;
    Restarts restarts;

  private:
    void open_reader();
    void start_uplink();
    void start_collector();
    void append(SealedRecord record);
    void add(SealedRecord& record, ItemKind kind);
    void collector_turn();
    void roll_restarts();
    void check();
    void check_rows(const SpoolStats& stats);
    [[nodiscard]] bool declared(Seq seq) const { return seq < declared_.size() && declared_[seq]; }
    [[nodiscard]] bool stored(const ChainRow& chain, Seq seq);
    [[nodiscard]] bool stored_or_declared(const ChainRow& chain, Seq seq);
    [[nodiscard]] ChainRow chain();
    void check_gaps(const ChainRow& chain);
    Bytes declare(const Tombstone& tombstone);

    const DeliveryKeys& keys_;
    TempDir dir_;
    SpoolSettings spool_settings_;
    std::optional<Spool> reader_;
    std::optional<Spool> guest_;
    Inbox inbox_folder_{dir_.path() / "inbox"};
    std::optional<ReceiptIntake> intake_;
    std::optional<Uplink> uplink_;
    std::optional<Ingest> ingest_;
    std::deque<BrokerMessage> inbox_;
    ChainHead head_;
    Seq checkpointed_ = 0;
    std::vector<Digest> digests_;  // of seq at seq - 1
    std::vector<Digest> links_;    // the same
    std::vector<bool> declared_;   // by seq
    std::uint64_t declared_count_ = 0;
    Seq released_ = 0;
    std::uint64_t checked_rows_ = 0;  // of the spool when it was looked at last, and its last seq
    Seq checked_seq_ = 0;
    Totals gone_;  // of programs that were killed
    std::uint64_t receipt_token_ = 0;
};

}  // namespace portcullis::test
