#pragma once
// PlateRegister: the opener's hand on the plate index. Each read that may be shown is entered once, before
// anybody is shown it; what an epoch leaves behind goes with its key. A disk that does not take it costs
// neither verdicts nor views: it is told, and searches say what they may miss. Thread-bound.

#include <map>
#include <span>
#include <vector>

#include "core/verdict.hpp"
#include "index/plate_index.hpp"
#include "seal/opener.hpp"

namespace portcullis {

/// What was entered is durable after so long, and what the disk did not take is tried again.
inline constexpr std::chrono::seconds settle_after{1};

/// What is indexed of a read. Where its clock is in doubt it counts from its receipt.
[[nodiscard]] IndexedPassage indexed(const ReadPayload& read, ClockDoubt clock, UtcTime received);
/// opener: outlives what is given.
[[nodiscard]] DeriveSecret secrets_of(const EnvelopeOpener& opener);

class PlateRegister {
  public:
    /// A file that is damaged is removed and begun anew, and told: all in it can be had again from the store.
    /// clock: outlives the register. Errors: PlateIndex::open's, without corrupt.
    [[nodiscard]] static Result<PlateRegister> create(const std::filesystem::path& file, const Clock& clock);
    /// Settles what it can.
    ~PlateRegister();
    PlateRegister(PlateRegister&&) = default;
    PlateRegister& operator=(PlateRegister&&) = delete;

    /// From now on with these keys; opener outlives them. Tried again by tick() until it is done.
    void use_keys(const EnvelopeOpener& opener);
    /// recipient: the id of the key that opened it. It waits for enter_noted(): many in one transaction cost
    /// little more than one.
    void note(IndexedPassage passage, const std::string& recipient);
    /// What was noted can be found when it returns.
    void enter_noted();
    /// Both at once.
    void enter(IndexedPassage passage, const std::string& recipient) {
        note(std::move(passage), recipient);
        enter_noted();
    }
    /// To be called often: what is due.
    void tick();

    /// Rows of keys that are gone are being deleted: call tick() again, at once.
    [[nodiscard]] bool is_sweeping() const { return sweeping_ && !failing_; }

    [[nodiscard]] PlateIndex& index() { return *index_; }
    [[nodiscard]] std::uint64_t entered() const { return entered_; }
    /// Reads that did not come in.
    [[nodiscard]] std::uint64_t missed() const { return missed_; }

  private:
    PlateRegister(PlateIndex index, const Clock& clock)
        : index_(std::make_unique<PlateIndex>(std::move(index))), clock_(&clock) {}
    /// Told when it begins and when it ends, not with each read.
    void tell(const Result<void>& outcome);
    void take_keys();
    void sweep();
    /// All in one transaction, or none.
    [[nodiscard]] Result<void> enter_together(std::span<const IndexedPassage> passages,
                                              const std::string& recipient);

    std::unique_ptr<PlateIndex> index_;
    std::map<std::string, std::vector<IndexedPassage>> noted_;  // by recipient
    const Clock* clock_;
    const EnvelopeOpener* keys_due_ = nullptr;
    BootTime next_{};  // what is due is done then
    bool sweeping_ = false;
    bool failing_ = false;
    std::uint64_t entered_ = 0;
    std::uint64_t missed_ = 0;
};

}  // namespace portcullis
