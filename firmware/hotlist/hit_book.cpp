#include "hotlist/hit_book.hpp"

#include "database/schema.hpp"

namespace portcullis {

namespace {

Schema book_schema() {
    constexpr std::int32_t application_id = 0x50434848;  // "PCHH"
    return {"hits", application_id, 1, R"sql(
CREATE TABLE hit(id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, sealed BLOB NOT NULL,
  state TEXT NOT NULL, who TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
)sql"};
}

}  // namespace

Result<HitBook> HitBook::open(const std::filesystem::path& path) {
    constexpr unsigned own = 0600;
    DatabaseSettings file;
    file.path = path;
    file.mode = own;
    auto database = std::make_unique<Database>(TRY(with_context(Database::open(file), "hits")));
    TRY(with_context(adopt_schema(*database, book_schema()), path.string()));
    return HitBook(std::move(database));
}

Result<std::int64_t> HitBook::add(ByteView sealed, const std::string& key_id) {
    Transaction transaction = TRY(Transaction::begin(*database_));
    auto insert =
        TRY(database_->prepare("INSERT INTO hit(key, sealed, state, who, at) VALUES(?, ?, ?, '', 0)"));
    TRY(insert.run(std::string_view(key_id), sealed, to_string(HitState::candidate)));
    const std::int64_t row = database_->last_row_id();
    auto cut = TRY(database_->prepare("DELETE FROM hit WHERE id <= ?"));
    TRY(cut.run(row - static_cast<std::int64_t>(max_booked_hits)));
    TRY(transaction.commit());
    return row;
}

Result<void> HitBook::rule(std::int64_t row, const HitRuling& ruling) {
    auto update = TRY(database_->prepare("UPDATE hit SET state = ?, who = ?, at = ? WHERE id = ?"));
    const std::int64_t at = ruling.at.time_since_epoch().count();
    const std::uint64_t touched =
        TRY(update.run_counted(to_string(ruling.state), std::string_view(ruling.who), at, row));
    if (touched == 0) return fail(ErrorCode::not_found, "hits: the row {} is gone", row);
    return {};
}

Result<std::vector<BookedHit>> HitBook::rows() {
    auto select =
        TRY(database_->prepare("SELECT id, key, sealed, state, who, at FROM hit ORDER BY id LIMIT ?"));
    TRY(select.bind(static_cast<std::uint64_t>(max_booked_hits)));
    std::vector<BookedHit> rows;
    while (TRY(select.step())) {
        BookedHit& row = rows.emplace_back();
        row.row = select.integer(0);
        row.key_id = select.text(1);
        row.sealed.assign(select.blob(2).begin(), select.blob(2).end());
        const auto state = hit_state_from_string(select.text(3));
        if (!state) return fail(ErrorCode::corrupt, "hits: row {}: an unknown state", row.row);
        row.ruling = {*state, std::string(select.text(4)), UtcTime(microseconds(select.integer(5)))};
    }
    return rows;
}

}  // namespace portcullis
