#include "collector/opener/plate_register.hpp"

#include "base/log.hpp"

namespace portcullis {

namespace fs = std::filesystem;

IndexedPassage indexed(const ReadPayload& read, ClockDoubt clock, UtcTime received) {
    IndexedPassage passage;
    passage.device = read.device;
    passage.chain = read.chain;
    passage.seq = read.seq;
    passage.captured = clock == ClockDoubt::none ? read.captured : received;
    passage.text = text_of(read.read.characters);
    passage.lane = read.passage.lane;
    passage.direction = read.passage.direction;
    return passage;
}

DeriveSecret secrets_of(const EnvelopeOpener& opener) {
    return [&opener](const std::string& key_id, ByteView salt) {
        return opener.derive(key_id, salt, index_purpose);
    };
}

Result<PlateRegister> PlateRegister::create(const fs::path& file, const Clock& clock) {
    Result<PlateIndex> index = PlateIndex::open(file, clock.utc());
    if (!index && index.error().code() == ErrorCode::corrupt) {
        log_error("opener", "{}; it is begun anew cure=\"portcullis index rebuild\"",
                  index.error().message());
        std::error_code problem;
        for (const char* part : {"", "-wal", "-shm"})
            if (!problem) fs::remove(file.string() + part, problem);
        if (problem)
            return fail(ErrorCode::io, "plate index: cannot remove {}: {}", file.string(), problem.message());
        index = PlateIndex::open(file, clock.utc());
    }
    if (!index) return fail(std::move(index.error()));
    return PlateRegister(std::move(*index), clock);
}

PlateRegister::~PlateRegister() {
    if (index_ && index_->is_unsettled()) static_cast<void>(index_->settle(clock_->utc()));
}

void PlateRegister::use_keys(const EnvelopeOpener& opener) {
    keys_due_ = &opener;
    take_keys();
}

void PlateRegister::take_keys() {
    const Result<void> used = index_->use_keys(keys_due_->recipients(), secrets_of(*keys_due_));
    tell(used);
    if (!used) return;
    keys_due_ = nullptr;
    sweeping_ = true;
    if (index_->locked_epochs() > 0)
        log_error("opener", "plate index: {} epochs cannot be searched: their keys give no answer",
                  index_->locked_epochs());
}

void PlateRegister::note(IndexedPassage passage, const std::string& recipient) {
    noted_[recipient].push_back(std::move(passage));
}

/// What cannot be entered with the others may be what keeps them out: then each is on its own.
void PlateRegister::enter_noted() {
    for (const auto& [recipient, passages] : std::exchange(noted_, {})) {
        if (enter_together(passages, recipient)) continue;
        for (const IndexedPassage& passage : passages) {
            const Result<void> entered = enter_together(std::span(&passage, 1), recipient);
            if (!entered) ++missed_;
            tell(entered);
        }
    }
}

Result<void> PlateRegister::enter_together(std::span<const IndexedPassage> passages,
                                           const std::string& recipient) {
    const bool settled = !index_->is_unsettled();
    const std::size_t added = TRY(index_->add_all(passages, recipient, clock_->utc()));
    entered_ += added;
    if (added > 0 && settled) next_ = clock_->since_boot() + settle_after;
    if (added > 0) tell({});
    return {};
}

void PlateRegister::sweep() {
    const Result<bool> more = index_->sweep();
    if (more) sweeping_ = *more;
    tell(more ? Result<void>() : fail(more.error()));
}

void PlateRegister::tick() {
    if (is_sweeping()) sweep();
    const bool due = keys_due_ != nullptr || sweeping_ || index_->is_unsettled();
    if (!due || clock_->since_boot() < next_) return;
    next_ = clock_->since_boot() + settle_after;
    if (keys_due_ != nullptr) take_keys();
    if (sweeping_) sweep();
    if (index_->is_unsettled()) tell(index_->settle(clock_->utc()));
}

void PlateRegister::tell(const Result<void>& outcome) {
    if (!outcome && !failing_)
        log_error("opener",
                  "{}; searches miss what is not entered cure=\"mend it, then portcullis index "
                  "rebuild\"",
                  outcome.error().message());
    if (outcome && failing_) log_info("opener", "plate index: goes on missed={}", missed_);
    failing_ = !outcome;
}

}  // namespace portcullis
