#pragma once
// SpoolSink: seals records and appends them to the spool, with a signed checkpoint every max_items_unchecked
// items or max_time_unchecked, and at the end; releases what the inbox brings receipts for. Before the first
// record of a chain or of a start goes a life statement (core/statement.hpp), and one follows within a minute
// when records were lost, within an hour when frames were. Thread-bound: the commit thread.

#include "inbox/receipt_intake.hpp"
#include "pipeline/record_sink.hpp"
#include "seal/sealer.hpp"
#include "spool/spool.hpp"

namespace portcullis {

inline constexpr std::uint64_t max_items_unchecked = 64;
inline constexpr std::chrono::seconds max_time_unchecked{60};
/// A key in hardware that has signed nothing for so long is gone: only opening it anew can help.
inline constexpr std::chrono::seconds max_key_absence{10};

inline constexpr std::chrono::hours max_time_frames_undeclared{1};

/// What a run of the reader has lost so far.
struct Losses {
    std::uint64_t records = 0;
    std::uint64_t frames = 0;
};

class SpoolSink {
  public:
    /// All outlive the sink. receipts: of the same spool; without them nothing is ever released.
    SpoolSink(const Sealer& sealer, Spool& spool, const Clock& clock, ReceiptIntake* receipts = nullptr);

    /// Damage that the spool meets at work costs no record: the spool is opened anew, and the record sealed
    /// anew for the chain that stands then. Errors: the spool's; io while the signing key does not sign (its
    /// token may come back), closed when it has not for max_key_absence; refused when sealing fails otherwise
    /// (trying again would not help).
    [[nodiscard]] Result<void> record(const CaptureRecord& record);
    /// Receipts that came; sheds what is over age; a checkpoint if one is due by time.
    [[nodiscard]] Result<void> tick();
    /// A checkpoint if anything stands behind the last one.
    [[nodiscard]] Result<void> checkpoint();

    /// Where to ask for losses; without it none are declared. Before the commit thread starts.
    void declare(std::function<Losses()> losses) { losses_ = std::move(losses); }
    /// Where to ask for the reader's health, of which every `every` a sealed record goes into the chain, with
    /// what the spool holds just then; 0: never, and none while nobody may open it. Before the commit thread
    /// starts.
    void tell_health(std::function<std::optional<HealthRecord>()> health, std::chrono::seconds every) {
        health_ = std::move(health);
        health_every_ = every;
        last_health_ = clock_.since_boot();
    }
    /// At the reader's end, after the last record: what it lost is kept for the next start to declare.
    void keep_losses();

    /// The functions above as the pipeline takes them; they borrow this object.
    [[nodiscard]] RecordSink sink();

  private:
    [[nodiscard]] Error not_sealed(Error error);
    [[nodiscard]] Result<void> append(const CaptureRecord& record);
    [[nodiscard]] Result<void> append_checkpoint();
    [[nodiscard]] Result<void> append_statement(SealedItem item);
    [[nodiscard]] Result<void> say(const std::optional<LifeStatement>& life);
    [[nodiscard]] Result<void> declare_losses();
    [[nodiscard]] Result<void> seal_health();
    [[nodiscard]] Result<void> add_spool(HealthDetail& detail);
    void count_losses();
    template <class Attempt>
    [[nodiscard]] Result<void> through_damage(Attempt attempt);

    const Sealer& sealer_;
    Spool& spool_;
    const Clock& clock_;
    ReceiptIntake* receipts_;
    Seq first_unchecked_;
    BootTime last_checkpoint_;
    std::optional<BootTime> key_absent_since_;
    std::function<Losses()> losses_;
    Losses counted_;
    Losses declared_;
    std::function<std::optional<HealthRecord>()> health_;
    std::chrono::seconds health_every_{0};
    BootTime last_health_{};
    std::optional<BootTime> lost_since_;     // not declared yet
    std::optional<BootTime> dropped_since_;  // not declared yet
};

}  // namespace portcullis
