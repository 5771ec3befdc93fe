#pragma once
// Reconciler: when several blobs claim the places of a stretch of chain, the device's own signed link says
// which of them it sealed. Needs no recipient key. Thread-bound; borrows the store for the call.

#include "collector/ingest/store.hpp"

namespace portcullis {

/// Bounds of one search; beyond them the mismatch stands, and a person looks at it.
inline constexpr Seq max_reconciled_span = 4096;
inline constexpr std::size_t max_reconciled_links = 100'000;

class Reconciler {
  public:
    explicit Reconciler(Store& store) : store_(&store) {}

    /// Tries the claims of quarantine in the places above chain.confirmed until a link is what the device
    /// signed; then these blobs get their places. True when something was settled: walk the chain again.
    [[nodiscard]] Result<bool> mend(ChainRow& chain, UtcTime now);

  private:
    /// Who may stand at a place: the occupant (no quarantine row) or a claim.
    struct Option {
        Digest digest{};
        std::optional<QuarantineRow> claim;
    };
    /// One place, or a declared gap to jump over.
    struct Step {
        Seq seq = 0;
        std::optional<Digest> jump;
        std::vector<Option> options;
    };
    using Choice = std::vector<std::size_t>;  // an option for each step

    [[nodiscard]] Result<std::optional<std::vector<Step>>> steps(const ChainRow& chain, Seq last);
    [[nodiscard]] static std::optional<Choice> find_fit(const Digest& start, const std::vector<Step>& steps,
                                                        const Digest& wanted);
    [[nodiscard]] Result<void> apply(ChainRow& chain, const std::vector<Step>& steps, const Choice& choice,
                                     const ItemRow& anchor, UtcTime now);
    [[nodiscard]] Result<void> exchange(ChainRow& chain, const QuarantineRow& claim, UtcTime now);
    Store* store_;
};

}  // namespace portcullis
