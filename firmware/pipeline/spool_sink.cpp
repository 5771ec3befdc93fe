#include "pipeline/spool_sink.hpp"

#include "base/log.hpp"

namespace portcullis {

SpoolSink::SpoolSink(const Sealer& sealer, Spool& spool, const Clock& clock, ReceiptIntake* receipts)
    : sealer_(sealer),
      spool_(spool),
      clock_(clock),
      receipts_(receipts),
      first_unchecked_(spool.head().next_seq),
      last_checkpoint_(clock.since_boot()) {}

// Once: a second damage in a file that was just made is the disk's, and waited out like other disk trouble.
template <class Attempt>
Result<void> SpoolSink::through_damage(Attempt attempt) {
    auto done = attempt();
    if (done || done.error().code() != ErrorCode::corrupt) return done;
    log_error("pipeline", "{}; opening the spool anew", done.error().message());
    const ChainId before = spool_.head().chain;
    TRY(spool_.reopen());
    if (spool_.head().chain != before) first_unchecked_ = spool_.head().next_seq;
    return attempt();
}

Result<void> SpoolSink::record(const CaptureRecord& record) {
    return through_damage([&] { return append(record); });
}

Result<void> SpoolSink::checkpoint() {
    return through_damage([&] { return append_checkpoint(); });
}

Result<void> SpoolSink::append(const CaptureRecord& record) {
    const Digest receipt = TRY(spool_.last_receipt_digest())
    .value_or(Digest{});
    auto sealed = sealer_.seal(record, spool_.head(), receipt);
    if (!sealed) return fail(not_sealed(std::move(sealed.error())));
    key_absent_since_.reset();
    TRY(spool_.append(*sealed));
    if (spool_.head().next_seq - first_unchecked_ < max_items_unchecked) return {};
    // The record is durable; a checkpoint that fails comes again with the next one and must not repeat it.
    if (const auto done = checkpoint(); !done)
        log_warning("pipeline", "checkpoint put off: {}", done.error().message());
    return {};
}

Error SpoolSink::not_sealed(Error error) {
    // Another code than the spool's own `exhausted`: a record that cannot be sealed now never can.
    if (error.code() != ErrorCode::io) return {ErrorCode::refused, "not sealed: " + error.message()};
    if (!key_absent_since_) key_absent_since_ = clock_.since_boot();
    if (clock_.since_boot() - *key_absent_since_ < max_key_absence) return error;
    return {ErrorCode::closed,
            "the signing key is gone; this process ends, so that it is opened anew: " + error.message()};
}

Result<void> SpoolSink::tick() {
    spool_.tick();
    if (receipts_ != nullptr) receipts_->look();
    TRY(through_damage([&] { return spool_.shed_aged(); }));
    if (clock_.since_boot() - last_checkpoint_ < max_time_unchecked) return {};
    return checkpoint();
}

Result<void> SpoolSink::append_checkpoint() {
    const ChainHead head = spool_.head();
    if (head.next_seq == first_unchecked_) return {};
    SealedRecord sealed{head.chain, {}};
    sealed.items.push_back(TRY(sealer_.checkpoint(head, first_unchecked_, clock_.utc())));
    TRY(spool_.append(sealed));
    first_unchecked_ = spool_.head().next_seq;
    last_checkpoint_ = clock_.since_boot();
    return {};
}

RecordSink SpoolSink::sink() {
    return {[this](const CaptureRecord& one) { return record(one); }, [this] { return tick(); },
            [this] { return checkpoint(); }};
}

}  // namespace portcullis
