#pragma once
// SpoolSink: seals records and appends them to the spool, with a signed checkpoint every max_items_unchecked
// items or max_time_unchecked, and at the end. Thread-bound: the commit thread.

#include "pipeline/record_sink.hpp"
#include "seal/sealer.hpp"
#include "spool/spool.hpp"

namespace portcullis {

inline constexpr std::uint64_t max_items_unchecked = 64;
inline constexpr std::chrono::seconds max_time_unchecked{60};

class SpoolSink {
  public:
    /// All three outlive the sink.
    SpoolSink(const Sealer& sealer, Spool& spool, const Clock& clock);

    /// Errors: the spool's; refused when sealing fails (trying again would not help).
    [[nodiscard]] Result<void> record(const CaptureRecord& record);
    /// Sheds what is over age; a checkpoint if one is due by time.
    [[nodiscard]] Result<void> tick();
    /// A checkpoint if anything stands behind the last one.
    [[nodiscard]] Result<void> checkpoint();

    /// The functions above as the pipeline takes them; they borrow this object.
    [[nodiscard]] RecordSink sink();

  private:
    const Sealer& sealer_;
    Spool& spool_;
    const Clock& clock_;
    Seq first_unchecked_;
    BootTime last_checkpoint_;
};

}  // namespace portcullis
