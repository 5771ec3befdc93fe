#pragma once
// JudgingQueue: which items go to the opener next, and what its answers do to them. Remembers only what is in
// flight; after a crash whatever has no verdict is asked again. Thread-bound; borrows store and keeper.

#include <deque>
#include <map>
#include <set>

#include "collector/ingest/chain_keeper.hpp"
#include "collector/ingest/set_watch.hpp"
#include "collector/link/open_exchange.hpp"

namespace portcullis {

/// A picture stands at most so many places behind its read.
inline constexpr Seq max_media_reach = 8;
/// How often a read is shown again for its picture before the picture is left waiting for good.
inline constexpr int max_read_repeats = 3;
/// Blobs that are with the opener or wait for it; one more may be added to less.
inline constexpr std::size_t max_bytes_in_flight = std::size_t{16} << 20;

class JudgingQueue {
  public:
    JudgingQueue(Store& store, ChainKeeper& keeper) : store_(&store), keeper_(&keeper), sets_(store) {}

    /// At most `count` further requests, in order of arrival. What cannot be read now is offered again when
    /// nothing else is left; an error: there was nothing else.
    [[nodiscard]] Result<std::vector<OpenRequest>> next(std::size_t count);
    /// Inside the caller's transaction. A reply that nobody waits for is ignored. Gives the verdict that was
    /// stored, if one was.
    [[nodiscard]] Result<std::optional<Verdict>> settle(const OpenReply& reply, UtcTime now);
    /// Before the first of them is settled, in the same transaction: asks for their rows together.
    [[nodiscard]] Result<void> expect(const std::vector<OpenReply>& replies);
    /// Nothing was kept of what these replies did: what they are about is offered again.
    void take_back(const std::vector<OpenReply>& replies);
    [[nodiscard]] std::size_t in_flight() const { return flights_.size(); }
    /// Offer again from the beginning what has no verdict and is not in flight.
    void rewind() { cursor_ = 0; }
    /// Of these chains alone; of all, before it is called. What is in flight goes on.
    void judge_only(const WorkShare& share) {
        share_ = share;
        rewind();
    }
    /// Which recipient sets devices may seal to; see SetWatch.
    void know_sets(std::set<Digest> sets) { sets_.know(std::move(sets)); }

  private:
    struct Flight {
        RowId item = 0;
        bool again = false;
        RowId claim = 0;  // a row of quarantine instead of an item
        bool vouched = false;
        std::size_t bytes = 0;
    };
    void fly(const OpenRequest& request, Flight flight);
    /// Nobody waits for a reply to it any more. Nothing: nobody did.
    std::optional<Flight> land(std::uint64_t request);
    [[nodiscard]] Result<void> gather(std::size_t count, std::vector<OpenRequest>& requests);

    /// What the requests for some items are made of, asked for together.
    struct Sight {
        std::map<RowId, ChainRow> chains;
        std::map<RowId, Bytes> blobs;
        std::map<std::pair<RowId, Seq>, ItemRow> before;  // the items before them, where one stands
    };
    [[nodiscard]] Result<Sight> look_at(const std::vector<ItemRow>& items);
    [[nodiscard]] Result<std::optional<Digest>> link_before(const ChainRow& chain, Seq seq,
                                                            const Sight& sight);
    [[nodiscard]] Result<OpenRequest> request_for(const ItemRow& item, bool again, Sight& sight);
    [[nodiscard]] Result<OpenRequest> request_for(const ItemRow& item, bool again);
    /// Reads that came second to a place where a good one stands: are they signed too?
    [[nodiscard]] Result<void> add_claims(std::size_t count, std::vector<OpenRequest>& requests);
    [[nodiscard]] Result<std::optional<ItemRow>> signed_occupant(const QuarantineRow& claim);
    [[nodiscard]] Result<void> settle_claim(RowId claim, const OpenReply& reply, UtcTime now);
    [[nodiscard]] Result<void> park(const ItemRow& item);
    /// What a read may name: the one that its chain's reads named last, the newest, what it asked for.
    [[nodiscard]] Result<std::vector<GivenReceipt>> receipts_for(const ItemRow& item);
    /// True: the read is shown once more, with the receipt that it asks for.
    [[nodiscard]] Result<bool> answer(const ItemRow& item, const OpenReply& reply);

    Store* store_;
    ChainKeeper* keeper_;
    SetWatch sets_;
    WorkShare share_;
    std::map<std::uint64_t, Flight> flights_;  // by request id
    std::size_t bytes_in_flight_ = 0;
    std::set<RowId> flying_;     // items whose verdict is on its way
    std::deque<Flight> urgent_;  // a read to be shown again, then its picture
    std::map<RowId, int> repeats_;
    std::map<RowId, GivenReceipt> asked_;  // by item
    std::map<RowId, GivenReceipt> named_;  // by chain: by the newest read that was judged
    std::uint64_t next_id_ = 1;
    RowId cursor_ = 0;
    RowId claim_cursor_ = 0;
    bool missed_ = false;  // something before the cursor could not be read
};

}  // namespace portcullis
