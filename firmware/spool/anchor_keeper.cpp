#include "spool/anchor_keeper.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "spool/life.hpp"

namespace portcullis {

namespace {

/// Does the file reach as far as the anchor, by the same links? A row that was released since, or lies inside
/// a tombstone, cannot say.
Result<bool> reaches(Database& database, const ChainHead& head, const ChainHead& anchor) {
    if (head.chain != anchor.chain || head.next_seq < anchor.next_seq) return false;
    if (head.next_seq == anchor.next_seq) return head.link == anchor.link;
    Statement row = TRY(database.prepare("SELECT link FROM items WHERE seq = ?"));
    TRY(row.bind(anchor.next_seq - 1));
    if (!TRY(row.step())) return true;
    return std::ranges::equal(row.blob(0), anchor.link);
}

bool holds_statement(const SealedRecord& record) {
    return std::ranges::any_of(record.items, [](const SealedItem& item) { return is_statement(item.kind); });
}

bool holds_life(const SealedRecord& record) {
    return std::ranges::any_of(record.items,
                               [](const SealedItem& item) { return item.kind == ItemKind::life; });
}

}  // namespace

Result<AnchorKeeper> AnchorKeeper::create(AnchorFile file, std::string device) {
    AnchorKeeper keeper(std::move(file), std::move(device));
    keeper.known_ = TRY(with_context(keeper.file_.load(keeper.device_), "spool"));
    if (keeper.known_) {
        keeper.lost_before_ = keeper.known_->records_lost;
        keeper.dropped_before_ = keeper.known_->frames_dropped;
    }
    return keeper;
}

/// What stays of the anchor when its chain goes on.
Anchor AnchorKeeper::after(Opening opening) const {
    Anchor next = known_.value_or(Anchor());
    next.device = device_;
    next.about_to.reset();
    if (opening == Opening::anew) return next;
    ++next.boots;
    // The first item of a chain tells how it began: from the second on that is said.
    const bool told = next.told || (begins_chain(next.reason) && next.head.next_seq > 1);
    if (!told) return next;
    next.reason = LifeReason::start;
    next.told = false;
    next.previous = {};
    next.previous_last = 0;
    next.previous_link = {};
    return next;
}

void AnchorKeeper::follow_other_chain(Anchor& next, LifeReason reason) const {
    next.reason = reason;
    next.told = false;
    if (!known_) return;
    // A chain without a first item was never heard of: the one before it is what this one follows.
    const bool unheard = !known_->told && known_->head.next_seq == 1 && known_->previous != ChainId();
    next.previous = unheard ? known_->previous : known_->head.chain;
    next.previous_last = unheard ? known_->previous_last : known_->head.next_seq - 1;
    next.previous_link = unheard ? known_->previous_link : known_->head.link;
}

Result<SpoolFile> AnchorKeeper::meet(SpoolFile file, const std::filesystem::path& path, milliseconds patience,
                                     Opening opening) {
    if (!file_.kept()) return file;
    ChainHead head = TRY(load_life(file.database))
    .head;
    Anchor next = after(opening);
    const bool empty = head.next_seq == 1;
    if (!known_) {
        const bool fresh = empty || file.set_aside;
        next.reason = file.set_aside ? LifeReason::set_aside
                      : fresh        ? LifeReason::made
                                     : LifeReason::anchor_lost;
        if (!fresh)
            log_warning(
                "spool",
                "there is no anchor for this spool (the first start since it is kept, or it was lost); "
                "the chain goes on and says so: chain={} next_seq={}",
                to_string(head.chain), head.next_seq);
    } else if (file.set_aside) {
        follow_other_chain(next, LifeReason::set_aside);
    } else if (empty && head.chain != known_->head.chain) {
        follow_other_chain(next, known_->about_to.value_or(LifeReason::spool_lost));
        log_error("spool",
                  "the spool's file is a new one, a new chain begins: why={} chain_before={} last={}",
                  to_string(next.reason), to_string(next.previous), next.previous_last);
    } else if (!TRY(reaches(file.database, head, known_->head))) {
        about_to(LifeReason::rolled_back);
        follow_other_chain(next, LifeReason::rolled_back);
        file = TRY(replace_rolled_back(std::move(file), path, device_, patience));
        log_error(
            "spool",
            "the spool's file is an older copy, or another one; it is set aside and a new chain begins: "
            "file={} reaches={} chain={} anchor_reaches={} anchor_chain={} cure=\"find out who put it "
            "there\"",
            file.set_aside->string(), head.next_seq - 1, to_string(head.chain), known_->head.next_seq - 1,
            to_string(known_->head.chain));
        head = TRY(load_life(file.database))
        .head;
    }
    next.head = head;
    known_ = std::move(next);
    save();
    return file;
}

void AnchorKeeper::about_to(LifeReason reason) {
    if (!known_) return;
    known_->about_to = reason;
    save();
}

void AnchorKeeper::follow(const ChainHead& head, const SealedRecord& record) {
    if (!known_) return;
    known_->head = head;
    if (holds_life(record)) known_->told = true;
    if (holds_statement(record) || head.next_seq - saved_next_seq_ >= max_items_unanchored) save();
}

void AnchorKeeper::count_losses(std::uint64_t records_lost, std::uint64_t frames_dropped) {
    if (!known_) return;
    known_->records_lost = lost_before_ + records_lost;
    known_->frames_dropped = dropped_before_ + frames_dropped;
}

void AnchorKeeper::save() {
    if (!known_) return;
    file_.save(*known_);
    saved_next_seq_ = known_->head.next_seq;
}

LifeStatement AnchorKeeper::statement(LifeReason reason) const {
    LifeStatement life;
    life.device = device_;
    life.chain = known_->head.chain;
    life.reason = reason;
    life.boots = known_->boots;
    life.records_lost = known_->records_lost;
    life.frames_dropped = known_->frames_dropped;
    if (!begins_chain(reason)) return life;
    life.previous = known_->previous;
    life.previous_last = known_->previous_last;
    life.previous_link = known_->previous_link;
    return life;
}

std::optional<LifeStatement> AnchorKeeper::untold() const {
    if (!known_ || known_->told) return std::nullopt;
    return statement(known_->reason);
}

std::optional<LifeStatement> AnchorKeeper::report() const {
    if (!known_) return std::nullopt;
    return statement(LifeReason::report);
}

}  // namespace portcullis
