#pragma once
// ChainKeeper: the rules by which a blob gets its place in a chain, keeps it or loses it (README.md of this
// room says why). Runs inside the caller's transaction and changes the ChainRow that it is given; the caller
// saves it. Thread-bound; borrows the store, which must outlive it.

#include <set>

#include "collector/ingest/device_statement.hpp"
#include "collector/ingest/store.hpp"
#include "core/statement.hpp"

namespace portcullis {

/// A condemned blob that comes again is believed to be junk for so long; then the opener looks once more (a
/// device's certificate may have been added since).
inline constexpr std::chrono::minutes retry_condemned_after{10};

/// One blob on its way to its place.
struct Arrival {
    Seq seq = 0;
    ItemKind kind = ItemKind::read;
    Bytes blob;
    Digest digest{};
    UtcTime received_at{};
    /// Statements come judged: their signature is checked at the door.
    std::optional<Verdict> verdict;
    std::optional<Digest> signed_previous;
};

enum class Placement { stored, duplicate, conflicting, condemned_before };

class ChainKeeper {
  public:
    explicit ChainKeeper(Store& store) : store_(&store) {}

    /// A key in its dates has confirmed this chain, and what stands between that and seq is whole.
    [[nodiscard]] static bool vouches(const ChainRow& chain, Seq seq);
    /// What a key that signed at seq is worth there: an expired one has lapsed where nobody vouches for it.
    [[nodiscard]] static KeyTrust worth(const ChainRow& chain, Seq seq, KeyTrust trust);
    static void weigh_key(const ChainRow& chain, Seq seq, DeviceStatement& statement) {
        const Seq place = statement.tombstone ? statement.tombstone->first : seq;
        statement.verdict.key_trust = worth(chain, place, statement.verdict.key_trust);
    }

    [[nodiscard]] Result<Placement> place(ChainRow& chain, const Arrival& arrival);
    /// A statement that holds, weighed in its chain (worth). seq: its place; a tombstone has none, it counts
    /// its items as declared, and must be believed.
    [[nodiscard]] Result<Placement> place_statement(ChainRow& chain, Seq seq,
                                                    const DeviceStatement& statement, Bytes blob,
                                                    UtcTime received_at);
    /// The place at seq is free: who waits for it gets it. False: nobody does.
    [[nodiscard]] Result<bool> promote(ChainRow& chain, Seq seq);
    /// A claim whose signature holds while another blob stands in its place: its device has sealed twice what
    /// can be sealed once. What it says of the item before tells which branch it continues, or where a new
    /// one begins. False: that is not known (yet), the claim waits.
    [[nodiscard]] Result<bool> branch_off(const QuarantineRow& claim, const Digest& signed_previous,
                                          UtcTime now);
    /// Keeps the item's verdict, or takes its place away (into quarantine) if the verdict condemns it and the
    /// device has not confirmed it. signed_previous: what its signature says of the item before.
    [[nodiscard]] Result<void> apply_verdict(ChainRow& chain, const ItemRow& item, const Verdict& verdict,
                                             const std::optional<Digest>& signed_previous, bool in_place,
                                             UtcTime now);
    /// Takes to this branch what was stored in another before this one was known. The caller saves it.
    [[nodiscard]] Result<void> gather(ChainRow& branch, UtcTime now);
    /// Walks as far as the chain reaches, weighs signed links, mends what can be mended. To be called when
    /// places of the chain have changed; the chain may be gone afterwards (id 0): nothing of it was left.
    [[nodiscard]] Result<void> settle(ChainRow& chain, UtcTime now);

    /// The chain's own row says it.
    [[nodiscard]] static std::optional<Digest> known_link(const ChainRow& chain, Seq seq);
    [[nodiscard]] Result<std::optional<Digest>> link_at(const ChainRow& chain, Seq seq);
    /// True once after verdicts were taken back: offer items to the opener from the beginning.
    [[nodiscard]] bool take_rejudge() { return std::exchange(rejudge_, false); }
    void want_rejudge() { rejudge_ = true; }
    /// Something is known of a claim: weigh the chain's signed links again.
    void reconsider(const ChainRow& chain) { reconsider_.insert(chain.id); }

  private:
    [[nodiscard]] Result<Placement> meet_occupant(ChainRow& chain, const ItemRow& occupant,
                                                  const Arrival& arrival);
    [[nodiscard]] Result<void> store(ChainRow& chain, const Arrival& arrival);
    [[nodiscard]] Result<void> set_aside(const ChainRow& chain, const Arrival& arrival,
                                         QuarantineReason reason, const Verdict& verdict);
    [[nodiscard]] Result<void> evict(ChainRow& chain, const ItemRow& item, QuarantineReason reason,
                                     const Verdict& verdict, UtcTime now);
    [[nodiscard]] Result<void> fall_back(ChainRow& chain, Seq seq);
    [[nodiscard]] Result<void> reopen_gap(ChainRow& chain, Seq seq, UtcTime now);
    [[nodiscard]] Result<bool> claim_place(ChainRow& branch, const QuarantineRow& claim, UtcTime now);
    /// Signed for another branch of its chain: it goes there, with its pictures.
    [[nodiscard]] Result<bool> change_branch(ChainRow& chain, const ItemRow& item,
                                             const Digest& signed_previous, UtcTime now);
    [[nodiscard]] Result<void> move(ChainRow& from, ChainRow& to, const ItemRow& item, UtcTime now);
    [[nodiscard]] Result<bool> declare_shed(ChainRow& chain, const Tombstone& tombstone, KeyTrust trust,
                                            ByteView blob, UtcTime now);
    [[nodiscard]] Result<void> promise(ChainRow& chain);
    [[nodiscard]] Result<void> vouch(ChainRow& chain, Seq seq);
    [[nodiscard]] Result<void> look_again(const ItemRow& item);
    [[nodiscard]] Result<void> advance(ChainRow& chain, UtcTime now);
    [[nodiscard]] Result<void> weigh(ChainRow& chain, Seq seq, const Digest& signed_previous,
                                     const Digest& previous, KeyTrust trust, UtcTime now);
    [[nodiscard]] Result<void> incident(const ChainRow& chain, Seq seq, std::string what, UtcTime now);

    Store* store_;
    std::set<RowId> reconsider_;  // chains whose claims or signed links have changed
    bool rejudge_ = false;
};

}  // namespace portcullis
