#pragma once
// Ingest: messages in, sealed items stored, receipts out; verdicts come back from the opener. Knows no broker
// and no socket, so every rule of it can be tested in memory. Holds no recipient key and never sees a plate.
// Thread-bound; borrows key and clock, which must outlive it.

#include <map>
#include <optional>
#include <set>

#include "base/clock.hpp"
#include "collector/ingest/incoming.hpp"
#include "collector/ingest/judging_queue.hpp"
#include "collector/ingest/lookout.hpp"
#include "collector/ingest/receipt_desk.hpp"
#include "collector/ingest/registrar_desk.hpp"
#include "collector/ingest/second_look.hpp"
#include "seal/trust.hpp"

namespace portcullis {

struct IngestLimits {
    std::uint64_t chains = 100'000;
    /// A stranger on the broker can invent chains; of one device so many may be unconfirmed.
    std::uint64_t unconfirmed_chains_per_device = 16;
};

/// What became of one message; heard: a status, of which nothing is stored but what it hints at, or a request
/// for a key, which the registrar has.
enum class Reception { stored, duplicate, conflicting, refused, heard };

struct Received {
    Reception reception = Reception::refused;
    /// Known at once: of statements, of the refused, of what stands in place twice. Items get theirs from the
    /// opener.
    std::optional<Verdict> verdict;
};

struct IngestCounters {
    std::uint64_t messages = 0;
    std::uint64_t stored = 0;
    std::uint64_t duplicates = 0;
    std::uint64_t conflicting = 0;
    std::uint64_t refused = 0;
    std::uint64_t denied = 0;  // of the refused: at the door, for their device is revoked
    std::uint64_t receipts = 0;
    std::uint64_t judged_good = 0;
    std::uint64_t judged_doubtful = 0;
    bool operator==(const IngestCounters&) const = default;
};

class Ingest {
  public:
    Ingest(Store store, TrustStore devices, const SigningKey& receipt_key, const Clock& clock,
           IngestLimits limits = {});
    Ingest(const Ingest&) = delete;
    Ingest& operator=(const Ingest&) = delete;

    /// Stores a batch in one transaction: durable when it returns. Errors: the database's (nothing of the
    /// batch was stored: the devices will send it again).
    [[nodiscard]] Result<std::vector<Received>> accept(const std::vector<BrokerMessage>& batch);
    /// The receipts that are due; to be published now. One that is lost is given again when its device, still
    /// without it, sends again. One that could not be written now is due again; an error: none could.
    [[nodiscard]] Result<std::vector<BrokerMessage>> receipts();

    /// What has not come? To be called at each turn; does something once a status interval, and only after we
    /// ourselves have listened to the broker long enough.
    [[nodiscard]] Result<void> look_round(bool listening);

    /// Other workers write to this store as well, each with another name: which chains are this one's to
    /// judge, the crew says (crew.hpp). To be called before anything else. Errors: configuration (the store
    /// is a file).
    [[nodiscard]] Result<void> share_work(std::string_view worker);
    /// Without one a worker leaves judging to the others.
    void opener_is(bool there) { opener_there_ = there; }
    /// For the opener, at most `window` in flight.
    [[nodiscard]] Result<std::vector<OpenRequest>> to_judge(std::size_t window);
    [[nodiscard]] Result<void> judged(const std::vector<OpenReply>& replies);

    /// Whom devices' requests for their next keys are handed to; outlives this. Without one they are ignored.
    void hand_requests_to(RegistrarDesk& desk) { registrar_ = &desk; }
    /// New trust in devices (SIGHUP): what unknown keys signed is looked at again.
    void replace_trust(TrustStore devices);
    /// The opener's keys and signers, as it says in its greeting; with other ones than before it looks again
    /// at what it could not open, and at whom it did not know.
    void opener_keys_are(const Digest& keys) { second_look_.opener_keys_are(keys); }
    /// Honours a replaced deny list or revocation list at once (TrustStore::refresh): of a denied device
    /// nothing is stored any more, and it gets no receipt, so it keeps what it has. Call it before each
    /// batch.
    [[nodiscard]] Result<bool> refresh_trust() { return devices_.refresh(); }
    /// The recipient sets that were issued: a read that is sealed to another is an incident.
    void know_sets(std::set<Digest> sets) { queue_.know_sets(std::move(sets)); }

    [[nodiscard]] const IngestCounters& counters() const { return counters_; }
    /// There is more to look at again: ask to_judge once more.
    [[nodiscard]] bool looking_again() const { return !second_look_.idle(); }
    [[nodiscard]] std::size_t in_flight() const { return queue_.in_flight(); }
    [[nodiscard]] Store& store() { return store_; }

  private:
    /// The chains of a batch, with all their branches; of those that a message met receipts are given.
    struct Touched {
        std::map<RowId, ChainRow> chains;
        std::set<RowId> met;
        std::set<std::string> heard;  // devices of which an item came
        std::uint64_t denied = 0;
    };

    /// Asks together for the rows that a batch is about.
    [[nodiscard]] Result<void> expect(const std::vector<BrokerMessage>& batch, Touched& touched);
    [[nodiscard]] Result<Received> accept_one(const BrokerMessage& message, Touched& touched);
    [[nodiscard]] Result<Received> accept_item(const Incoming& incoming, const BrokerMessage& message,
                                               Touched& touched);
    [[nodiscard]] Result<Received> accept_statement(const Incoming& incoming, const BrokerMessage& message,
                                                    Touched& touched);
    [[nodiscard]] Result<Received> refuse(const Incoming& incoming, const BrokerMessage& message,
                                          const Verdict& verdict, std::string_view why,
                                          QuarantineReason reason = QuarantineReason::refused);
    [[nodiscard]] Result<Received> accept_request(const BrokerMessage& message, Touched& touched);
    [[nodiscard]] Result<Received> refuse_denied(const Incoming& incoming, Touched& touched);
    /// Null when the device may have no further chain. Of a forked chain the branch where this very blob
    /// stands, else the newest that has its place.
    [[nodiscard]] Result<ChainRow*> chain_for(const Incoming& incoming, ByteView blob, Touched& touched);
    [[nodiscard]] Result<std::vector<ChainRow*>> branches_for(const Incoming& incoming, Touched& touched);
    [[nodiscard]] Result<void> settle_all(const std::vector<OpenReply>& replies);
    [[nodiscard]] Result<void> look_at_crew();
    [[nodiscard]] Result<void> show_receipts();
    /// Statements that moved up to a place: their signature is ingest's own matter.
    [[nodiscard]] Result<void> judge_statements();
    [[nodiscard]] Result<void> judge_placed(RowId id);
    [[nodiscard]] Result<void> judge_claim(const QuarantineRow& claim);
    [[nodiscard]] Result<bool> says_the_same(const QuarantineRow& claim);
    /// Written with the next transaction that there is anyway: a read that names them comes later. One that
    /// is lost in a crash only leaves that read without a lower bound for its time.
    [[nodiscard]] Result<void> store_receipts();
    /// Nothing: of this chain there is nothing to promise.
    [[nodiscard]] Result<std::optional<BrokerMessage>> write_receipt(const std::map<RowId, ChainRow>& chains,
                                                                     RowId id);
    [[nodiscard]] Result<std::optional<BrokerMessage>> write_own_receipt(RowId id);
    void count(const Received& received);

    Store store_;
    ChainKeeper keeper_;
    JudgingQueue queue_;
    ReceiptDesk desk_;
    SecondLook second_look_;
    Lookout lookout_;
    bool opener_there_ = false;
    BootTime rewind_at_{};
    std::optional<BootTime> listening_since_;
    BootTime look_round_due_{};
    std::vector<ReceiptRow> given_;  // not stored yet
    TrustStore devices_;
    RegistrarDesk* registrar_ = nullptr;
    const Clock* clock_;
    IngestLimits limits_;
    IngestCounters counters_;
};

}  // namespace portcullis
