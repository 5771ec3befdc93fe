#pragma once
// SecondLook: what could not be opened, and what an unknown key had signed, is looked at again when the
// opener has other keys or knows other signers, or ingest does: a certificate that comes late, a second
// recipient's key after the first was lost. A walk through rows, some at each step; after a crash it begins
// anew. Thread-bound; borrows store and keeper, which must outlive it.

#include <array>
#include <set>

#include "collector/ingest/chain_keeper.hpp"
#include "seal/trust.hpp"

namespace portcullis {

class SecondLook {
  public:
    SecondLook(Store& store, ChainKeeper& keeper) : store_(&store), keeper_(&keeper) {}

    /// Fingerprints; another one than the store remembers begins a walk.
    void opener_keys_are(const Digest& keys) { causes_[0].heard(keys); }
    void signers_are(const Digest& signers) { causes_[1].heard(signers); }

    /// Of several workers each remembers its own: what one knows, another one may learn later.
    void of_worker(std::string_view worker);

    /// One transaction of at most 64 rows; nothing when there is nothing to do. Gives the chains that have
    /// grown. After an error the same rows are looked at once more.
    [[nodiscard]] Result<std::set<RowId>> step(const TrustStore& devices, UtcTime now);
    [[nodiscard]] bool idle() const { return phase_ == Phase::idle; }

  private:
    enum class Phase { idle, items, claims, statements };
    struct Cause {
        std::string name;
        std::optional<Digest> now = {};
        bool compared = true;
        void heard(const Digest& value) {
            compared = compared && now == value;
            now = value;
        }
    };

    [[nodiscard]] Result<void> compare();
    [[nodiscard]] Result<void> begin();
    [[nodiscard]] Result<void> remember();
    /// True: the phase is over.
    [[nodiscard]] Result<bool> look_at_some(const TrustStore& devices, UtcTime now);
    [[nodiscard]] Result<bool> look_at_items();
    [[nodiscard]] Result<bool> look_at_claims(UtcTime now);
    [[nodiscard]] Result<bool> look_at_statements(const TrustStore& devices, UtcTime now);
    [[nodiscard]] Result<void> look_at(const QuarantineRow& row, const TrustStore& devices, UtcTime now);
    [[nodiscard]] Result<ChainRow> chain_of(const QuarantineRow& row, UtcTime now);
    [[nodiscard]] Result<void> settle(ChainRow& chain, UtcTime now);

    Store* store_;
    ChainKeeper* keeper_;
    std::array<Cause, 2> causes_{{{"opener_keys"}, {"device_signers"}}};
    Phase phase_ = Phase::idle;
    RowId cursor_ = 0;
    RowId last_item_ = 0;  // rows that the walk itself makes are not looked at once more
    RowId last_claim_ = 0;
    std::set<RowId> grown_;
};

}  // namespace portcullis
