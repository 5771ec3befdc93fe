#pragma once
// DeviceRecipients: the recipient set by which a device lives. Takes new sets in, keeps the one in use in a
// file of the reader's own, and tells the sealer whom to seal to: the epoch in force, as long as the set is
// young enough. Thread-bound: the commit thread.

#include <functional>

#include "core/witnessed_clock.hpp"
#include "seal/recipient_set.hpp"
#include "seal/sealer.hpp"

namespace portcullis {

/// A set that was refused is looked at again after this: the clock, or the policy key's certificate, may be
/// another then.
inline constexpr std::chrono::minutes set_retry{1};

class DeviceRecipients {
  public:
    /// The kept file need not be there: then nothing is sealed until a set comes. One that does not hold is
    /// told and passed over. clock outlives it. Errors: configuration (the rules' files).
    [[nodiscard]] static Result<DeviceRecipients> create(const RecipientSetRules& rules,
                                                         std::filesystem::path kept, const Clock& clock);

    /// What somebody says is a set. True when it was taken: it is durable then. False: the one in use again.
    /// Errors: refused (why), io (it could not be kept; offer it again).
    [[nodiscard]] Result<bool> offer(ByteView blob);
    /// A time that the collector signed: it is not earlier than that.
    void witness(UtcTime time) { time_.witness(time); }

    /// Whom to seal to now, put into the sealer if it changed. quality: of the device's clock, which counts
    /// only when somebody sets it: a clock that is years off must neither end the reads nor choose an epoch.
    void apply(Sealer& sealer, ClockQuality quality);

    [[nodiscard]] const std::optional<KnownRecipients>& in_use() const { return known_; }
    /// By the clock that counts.
    [[nodiscard]] SetAge age(ClockQuality quality) const;

  private:
    DeviceRecipients(RecipientSetGate gate, std::filesystem::path kept, const Clock& clock)
        : gate_(std::move(gate)), kept_(std::move(kept)), time_(clock) {}
    void load_kept();
    void tell(SetAge age);

    /// What the sealer was given.
    struct Applied {
        Digest set{};
        SetAge age = SetAge::over;
        std::vector<std::size_t> entries;
        bool operator==(const Applied&) const = default;
    };
    [[nodiscard]] Audiences audiences(const Applied& wanted) const;

    RecipientSetGate gate_;
    std::filesystem::path kept_;
    WitnessedClock time_;
    std::optional<KnownRecipients> known_;
    std::optional<Applied> applied_;
};

}  // namespace portcullis
