#pragma once
// The collector's two halves in one process, without broker and sockets: a device seals, ingest stores, the
// judge opens. With PORTCULLIS_FAILING_WAYS set all that the bench asks of the collector fails first, once
// for each way to SQLite that is new (support/failing_ways.hpp): whatever a test says of the outcome must
// hold all the same.

#include <memory>
#include <stdexcept>

#include "collector/ingest/ingest.hpp"
#include "collector/ingest/ledger.hpp"
#include "collector/ingest/verify.hpp"
#include "collector/opener/judge.hpp"
#include "drivers/database/postgresql/postgres_connection.hpp"
#include "support/failing_ways.hpp"
#include "support/fake_clock.hpp"
#include "unit/seal/test_pki.hpp"

namespace portcullis::test {

inline void must_do(const Result<void>& result) {
    if (!result) throw std::runtime_error(result.error().message());
}

/// A device with its chain; seals records and remembers what it would have in its spool.
class TestDevice {
  public:
    TestDevice(const Road& road, std::string name = "gate-1");
    TestDevice(const Road& road, const SigningKey& key, std::string name);

    /// A read with its two pictures, the next three seqs.
    SealedRecord seal();
    SealedItem checkpoint();
    SealedItem life(const LifeStatement& life);
    SealedItem health(const HealthRecord& record);
    /// From the next one on with this key.
    void sign_with(const SigningKey& key) { must_do(sealer_.replace_key(key)); }
    /// From now on to these, whoever they are.
    void seal_to(Audiences audiences) { must_do(sealer_.replace_audiences(std::move(audiences))); }
    Tombstone tombstone(Seq first, Seq last) const;
    Bytes sign(const Tombstone& tombstone) const;

    [[nodiscard]] BrokerMessage message(const SealedItem& item) const;
    [[nodiscard]] BrokerMessage message(const Tombstone& tombstone) const;
    [[nodiscard]] std::vector<BrokerMessage> messages(const SealedRecord& record) const;

    std::string name;
    ChainHead head;
    UtcTime clock = now;  // what it believes
    ClockQuality clock_quality = ClockQuality::ntp;
    Digest last_receipt{};
    std::vector<Digest> links;  // by seq; links[0] is that of the empty chain

  private:
    Sealer sealer_;
    Seq checkpointed_ = 0;
};

/// The same blob with other hints, or other bytes under the same hints.
[[nodiscard]] BrokerMessage with_property(BrokerMessage message, const std::string& name,
                                          const std::string& value);
[[nodiscard]] BrokerMessage with_flipped_byte(BrokerMessage message, std::size_t from_end = 40);
/// Sealed by somebody else for the same readers: passes the gate, and is not what the device sealed.
[[nodiscard]] BrokerMessage junk_like(const Road& road, const BrokerMessage& message);

class CollectorBench {
  public:
    CollectorBench();
    CollectorBench(const CollectorBench&) = delete;
    CollectorBench& operator=(const CollectorBench&) = delete;
    ~CollectorBench();

    /// Delivers, and gives what became of each message.
    std::vector<Received> deliver(const std::vector<BrokerMessage>& messages);
    Received deliver(const BrokerMessage& message) { return deliver(std::vector{message}).at(0); }
    /// The opener judges all there is to judge. Gives its views.
    std::vector<View> judge_all();
    /// All receipts that are due now; each is held against the store.
    std::vector<BrokerMessage> receipts();
    void look_round(bool listening);
    /// The receipt that is due for this chain now; receipt_blob is what was signed.
    [[nodiscard]] std::optional<Receipt> receipt();
    /// Among those that are due now is one with this link.
    [[nodiscard]] bool has_receipt(const Digest& link);
    /// What `portcullis verify` prints.
    [[nodiscard]] std::string verify();
    [[nodiscard]] std::vector<ChainReport> ledger(std::size_t chains = 100);
    /// The store that PORTCULLIS_STORE names: `sqlite` (the default) or `postgresql`, a database of its own
    /// on a server that all benches of this process share.
    [[nodiscard]] Result<Store> open_store();
    /// Where the tools that look find it: the file, or the settings of a collector with a role that only
    /// reads.
    [[nodiscard]] std::filesystem::path place() const;
    /// As somebody does who can write to the database.
    void change(const std::string& sql) const;
    /// As after a kill: a new process on the same store.
    void restart();
    /// As after SIGHUP to both processes: recipients' keys and known signers are read again.
    void reload();

    [[nodiscard]] ChainRow chain(const TestDevice& device);
    [[nodiscard]] std::optional<Seq> chain_or_none(const TestDevice& device);  // its upto
    [[nodiscard]] std::optional<Verdict> verdict(const TestDevice& device, Seq seq);
    [[nodiscard]] std::vector<QuarantineRow> quarantine();
    [[nodiscard]] std::vector<IncidentRow> incidents(std::size_t limit = 100);  // newest first
    [[nodiscard]] std::vector<GapRow> gaps(const TestDevice& device, bool open);
    [[nodiscard]] Store& store() { return ingest->store(); }
    /// Of read(store()), what it found.
    template <class Read>
    auto read(Read read) {
        return must(insist([&] { return read(store()); }));
    }
    std::vector<OpenRequest> to_judge(std::size_t window);
    /// attempt() of what only reads, or keeps what it has done by steps.
    template <class Attempt>
    auto insist(Attempt attempt) {
        return failing ? failing->insist(attempt, [] {}) : attempt();
    }

    std::unique_ptr<FailingWays> failing = FailingWays::if_wanted();
    Road road;
    FakeClock clock{now};
    SystemClock real_clock;
    std::filesystem::path file = road.pki.folder() / "store.db";
    StoreSettings settings{file, {}, true};
    std::optional<PostgresSettings> server;                        // where the store is no file
    std::vector<KeyFiles> recipients{road.reader, road.evidence};  // whose keys the opener has
    std::unique_ptr<FileSigningKey> receipt_key;
    TrustStore collector_trust;  // what a device knows of the collector
    Bytes receipt_blob;
    std::unique_ptr<Ingest> ingest;
    std::unique_ptr<Judge> judge;

  private:
    /// What changes whenever a transaction was kept.
    [[nodiscard]] std::vector<std::uint64_t> traces();
    /// attempt() of what is one transaction: a failure leaves nothing behind.
    template <class Attempt>
    auto insist_on_all(Attempt attempt);
    [[nodiscard]] bool settles(const OpenReply& reply);
};

/// Compares what verify says with tests/data/verify/<name>.txt; writes it anew when PORTCULLIS_WRITE_GOLDEN
/// is set.
void check_golden(CollectorBench& bench, const std::string& name);

}  // namespace portcullis::test
