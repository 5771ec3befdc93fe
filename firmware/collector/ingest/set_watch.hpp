#pragma once
// SetWatch: the recipient sets that this collector issued, and an incident when a device seals to another:
// whoever holds the policy key can add a recipient, but not silently. Thread-bound; borrows the store.

#include <optional>
#include <set>

#include "collector/ingest/store.hpp"
#include "collector/link/open_exchange.hpp"

namespace portcullis {

inline constexpr std::size_t max_known_sets = 10'000;

/// The digests of the sets in a folder (*.set), as `portcullis policy sign` wrote them. Their signatures are
/// the devices' matter. Errors: configuration (names the folder or file).
[[nodiscard]] Result<std::set<Digest>> load_known_sets(const std::filesystem::path& folder);

class SetWatch {
  public:
    explicit SetWatch(Store& store) : store_(&store) {}

    /// From now on these are known. Without them nothing is watched.
    void know(std::set<Digest> sets) {
        known_ = std::move(sets);
        told_.clear();
    }
    /// What was told was not kept: it is told again.
    void forget_told() { told_.clear(); }
    /// Inside the caller's transaction: one incident for each chain and set that is unknown, or was stale.
    [[nodiscard]] Result<void> look(const ChainRow& chain, Seq seq, const SetClaim& claim, UtcTime now);

  private:
    Store* store_;
    std::optional<std::set<Digest>> known_;
    std::set<std::tuple<RowId, Digest, bool>> told_;
};

}  // namespace portcullis
