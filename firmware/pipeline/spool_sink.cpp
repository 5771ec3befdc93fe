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
    TRY(say(spool_.untold()));
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
    TRY(through_damage([&] { return say(spool_.untold()); }));
    TRY(through_damage([&] { return declare_losses(); }));
    TRY(through_damage([&] { return seal_health(); }));
    if (clock_.since_boot() - last_checkpoint_ < max_time_unchecked) return {};
    return checkpoint();
}

Result<void> SpoolSink::append_checkpoint() {
    const ChainHead head = spool_.head();
    if (head.next_seq == first_unchecked_) return {};
    return append_statement(TRY(sealer_.checkpoint(head, first_unchecked_, clock_.utc())));
}

Result<void> SpoolSink::append_statement(SealedItem item) {
    SealedRecord sealed{spool_.head().chain, {}};
    sealed.items.push_back(std::move(item));
    TRY(spool_.append(sealed));
    first_unchecked_ = spool_.head().next_seq;
    last_checkpoint_ = clock_.since_boot();
    return {};
}

/// It signs the link before it as a checkpoint does, and counts as one.
Result<void> SpoolSink::say(const std::optional<LifeStatement>& life) {
    if (!life) return {};
    count_losses();
    LifeStatement told = *life;
    if (const auto now = spool_.report()) {
        told.records_lost = now->records_lost;
        told.frames_dropped = now->frames_dropped;
    }
    auto item = sealer_.life(spool_.head(), told, clock_.utc());
    if (!item) return fail(not_sealed(std::move(item.error())));
    key_absent_since_.reset();
    TRY(append_statement(std::move(*item)));
    declared_ = counted_;
    lost_since_.reset();
    dropped_since_.reset();
    return {};
}

/// At its own pace, whatever passes: the chain must not tell by it when something did. It is an item like a
/// read: the next checkpoint covers it.
Result<void> SpoolSink::seal_health() {
    if (!health_ || health_every_ == std::chrono::seconds{0} || !sealer_.seals_health() ||
        clock_.since_boot() - last_health_ < health_every_)
        return {};
    auto record = health_();
    if (!record) return {};
    // The spool may have been opened anew for this: a chain's first word is its life statement.
    TRY(say(spool_.untold()));
    TRY(add_spool(record->detail));
    const Digest receipt = TRY(spool_.last_receipt_digest())
    .value_or(Digest{});
    auto item = sealer_.health(spool_.head(), *record, receipt, clock_.utc());
    if (!item) return fail(not_sealed(std::move(item.error())));
    key_absent_since_.reset();
    SealedRecord sealed{spool_.head().chain, {}};
    sealed.items.push_back(std::move(*item));
    TRY(spool_.append(sealed));
    last_health_ = clock_.since_boot();
    return {};
}

Result<void> SpoolSink::add_spool(HealthDetail& detail) {
    const SpoolStats stats = TRY(spool_.stats());
    detail.waiting_items = stats.items;
    detail.waiting_bytes = stats.bytes;
    detail.oldest_waiting = std::chrono::floor<std::chrono::seconds>(stats.oldest_age);
    detail.received = stats.received;
    detail.shed_reads = stats.shed_reads;
    detail.shed_pictures = stats.shed_plates + stats.shed_overviews;
    return {};
}

void SpoolSink::count_losses() {
    if (!losses_) return;
    counted_ = losses_();
    spool_.count_losses(counted_.records, counted_.frames);
}

void SpoolSink::keep_losses() {
    count_losses();
    spool_.save_anchor();
}

Result<void> SpoolSink::declare_losses() {
    const BootTime now = clock_.since_boot();
    const std::uint64_t lost_before = counted_.records;
    count_losses();
    // Whatever the disk takes of it: the next start declares what this one cannot.
    if (counted_.records != lost_before) spool_.save_anchor();
    if (counted_.records != declared_.records && !lost_since_) lost_since_ = now;
    if (counted_.frames != declared_.frames && !dropped_since_) dropped_since_ = now;
    const bool due = (lost_since_ && now - *lost_since_ >= max_time_unchecked) ||
                     (dropped_since_ && now - *dropped_since_ >= max_time_frames_undeclared);
    return due ? say(spool_.report()) : Result<void>();
}

RecordSink SpoolSink::sink() {
    return {[this](const CaptureRecord& one) { return record(one); }, [this] { return tick(); },
            [this] { return checkpoint(); }};
}

}  // namespace portcullis
