#include "collector/ingest/store_days.hpp"

namespace portcullis {

namespace {

constexpr std::chrono::minutes between_questions{1};

}  // namespace

Result<void> StoreDays::follow() {
    const BootTime now = clock_.since_boot();
    if (now < ask_at_) return {};
    const DayNumber today =
        TRY(database_->integer("SELECT CAST(floor(extract(epoch FROM now()) / 86400) AS BIGINT)"));
    if (today > newest_) TRY(open(today));
    ask_at_ = now + between_questions;
    return {};
}

Result<void> StoreDays::open(DayNumber day) {
    Transaction transaction = TRY(Transaction::begin(*database_));
    Statement open = TRY(database_->prepare("SELECT open_day(?)"));
    TRY(open.bind(day));
    TRY(open.step());
    TRY(transaction.commit());
    newest_ = day;
    return {};
}

}  // namespace portcullis
