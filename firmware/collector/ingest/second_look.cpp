#include "collector/ingest/second_look.hpp"

#include "base/log.hpp"

namespace portcullis {

namespace {

constexpr std::size_t rows_per_step = 64;

}  // namespace

void SecondLook::of_worker(std::string_view worker) {
    for (Cause& cause : causes_)
        cause.name = fmt::format("{} {}", cause.name, worker);
}

Result<std::set<RowId>> SecondLook::step(const TrustStore& devices, UtcTime now) {
    TRY(compare());
    grown_.clear();
    if (idle()) return grown_;
    const RowId before = cursor_;
    const Result<bool> over = look_at_some(devices, now);
    if (!over) {
        cursor_ = before;
        return fail(Error(over.error()));
    }
    keeper_->want_rejudge();
    if (*over) {
        cursor_ = 0;
        phase_ = phase_ == Phase::statements ? Phase::idle : static_cast<Phase>(static_cast<int>(phase_) + 1);
    }
    return std::exchange(grown_, {});
}

Result<bool> SecondLook::look_at_some(const TrustStore& devices, UtcTime now) {
    Transaction transaction = TRY(store_->begin());
    bool over = false;
    switch (phase_) {
        case Phase::items:
            over = TRY(look_at_items());
            break;
        case Phase::claims:
            over = TRY(look_at_claims(now));
            break;
        default:
            over = TRY(look_at_statements(devices, now));
            break;
    }
    if (over && phase_ == Phase::statements) TRY(remember());
    TRY(transaction.commit());
    return over;
}

Result<void> SecondLook::compare() {
    for (Cause& cause : causes_) {
        if (cause.compared) continue;
        const auto known = TRY(store_->notes.find(cause.name));
        if (!known || !std::ranges::equal(*known, *cause.now)) TRY(begin());
        cause.compared = true;
    }
    return {};
}

Result<void> SecondLook::begin() {
    const RowId last_item = TRY(store_->items.newest_id());
    last_claim_ = TRY(store_->quarantine.newest_id());
    last_item_ = last_item;
    if (idle()) log_info("collector", "keys or signers have changed: what was not known is looked at again");
    phase_ = Phase::items;
    cursor_ = 0;
    return {};
}

Result<void> SecondLook::remember() {
    for (const Cause& cause : causes_)
        if (cause.now) TRY(store_->notes.set(cause.name, *cause.now));
    return {};
}

Result<bool> SecondLook::look_at_items() {
    const auto items = TRY(store_->items.unknown(cursor_, rows_per_step));
    for (const ItemRow& item : items) {
        if (item.id > last_item_) return true;
        cursor_ = item.id;
        TRY(store_->items.clear_verdict(item.id));
    }
    return items.size() < rows_per_step;
}

Result<bool> SecondLook::look_at_claims(UtcTime now) {
    const auto rows = TRY(store_->quarantine.unknown(cursor_, rows_per_step));
    for (const QuarantineRow& row : rows) {
        if (row.id > last_claim_) return true;
        cursor_ = row.id;
        // Condemned for want of a key: from here on a claim like any other.
        TRY(store_->quarantine.set_reason(row.id, QuarantineReason::superseded));
        ChainRow chain = TRY(chain_of(row, now));
        if (!TRY(store_->items.find(chain.id, row.seq))) TRY(keeper_->promote(chain, row.seq));
        TRY(settle(chain, now));
    }
    return rows.size() < rows_per_step;
}

Result<bool> SecondLook::look_at_statements(const TrustStore& devices, UtcTime now) {
    const auto rows = TRY(store_->quarantine.unverified(cursor_, rows_per_step));
    for (const QuarantineRow& row : rows) {
        if (row.id > last_claim_) return true;
        cursor_ = row.id;
        TRY(look_at(row, devices, now));
    }
    return rows.size() < rows_per_step;
}

Result<void> SecondLook::look_at(const QuarantineRow& row, const TrustStore& devices, UtcTime now) {
    Bytes blob = TRY(store_->quarantine.blob(row.id));
    const Incoming place{row.device, row.kind, row.chain, row.seq, row.first, row.seq};
    DeviceStatement statement = judge_statement(place, blob, devices, row.received_at);
    if (statement.holds()) {
        ChainRow chain = TRY(chain_of(row, now));
        ChainKeeper::weigh_key(chain, row.seq, statement);
        if (statement.tombstone && !statement.believed())
            return store_->quarantine.set_reason(row.id, QuarantineReason::refused);
        TRY(store_->quarantine.remove(row.id));
        TRY(keeper_->place_statement(chain, row.seq, statement, std::move(blob), row.received_at));
        return settle(chain, now);
    }
    if (statement.verdict.key_trust == KeyTrust::stranger) return {};
    return store_->quarantine.set_reason(row.id, QuarantineReason::refused);
}

/// Its chain may have gone with it. No more chains come of this than quarantine has rows.
Result<ChainRow> SecondLook::chain_of(const QuarantineRow& row, UtcTime now) {
    if (auto chain = TRY(store_->chains.find(row.device, row.chain))) return std::move(*chain);
    return store_->chains.add(row.device, row.chain, now);
}

Result<void> SecondLook::settle(ChainRow& chain, UtcTime now) {
    TRY(keeper_->settle(chain, now));
    if (chain.id == 0) return {};
    grown_.insert(chain.id);
    return store_->chains.save(chain);
}

}  // namespace portcullis
