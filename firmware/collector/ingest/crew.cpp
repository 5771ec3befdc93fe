#include "collector/ingest/crew.hpp"

#include <algorithm>

namespace portcullis {

namespace {

/// "WORK" as a number: the first key of the crew's locks, the second is the place.
constexpr std::string_view places_sql =
    "SELECT CAST(objid AS BIGINT), CAST(pid = pg_backend_pid() AS INTEGER) FROM pg_locks "
    "WHERE locktype = 'advisory' AND classid = 1464816203 AND objsubid = 2 AND granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY objid";
constexpr std::string_view take_sql =
    "SELECT CAST(pg_try_advisory_lock(1464816203, CAST(CAST(? AS BIGINT) AS INTEGER)) AS INTEGER)";
constexpr std::string_view leave_sql =
    "SELECT CAST(pg_advisory_unlock(1464816203, CAST(CAST(? AS BIGINT) AS INTEGER)) AS INTEGER)";

/// Of a lock's place: asks, and says whether the server did it.
Result<bool> ask(SqlConnection& server, std::string_view sql, std::int64_t place) {
    Statement statement = TRY(server.prepare(sql));
    TRY(statement.bind(place));
    return TRY(statement.step())
    &&statement.integer(0) == 1;
}

}  // namespace

Result<bool> Crew::look(BootTime now, bool able) {
    if (able_ == able && now < look_at_) return false;
    std::vector<Place> all = TRY(places());
    const bool in = std::ranges::any_of(all, &Place::ours);
    if (able && !in) TRY(take(all));
    if (!able && in) TRY(leave());
    if (able != in) all = TRY(places());
    WorkShare share{0, 0};
    for (std::size_t i = 0; i < all.size(); ++i)
        if (all[i].ours) share = {static_cast<std::int64_t>(i), static_cast<std::int64_t>(all.size())};
    able_ = able;
    look_at_ = now + crew_look_interval;
    return std::exchange(share_, share) != share;
}

Result<std::vector<Crew::Place>> Crew::places() {
    Statement rows = TRY(server_->prepare(places_sql));
    TRY(rows.bind());
    std::vector<Place> all;
    while (TRY(rows.step()))
        all.push_back({rows.integer(0), rows.integer(1) == 1});
    return all;
}

Result<void> Crew::take(const std::vector<Place>& taken) {
    for (std::int64_t place = 0; place < max_workers; ++place) {
        if (std::ranges::find(taken, place, &Place::number) != taken.end()) continue;
        if (TRY(ask(*server_, take_sql, place))) return {};
    }
    return fail(ErrorCode::exhausted, "{} workers share this store already; end one of them", max_workers);
}

Result<void> Crew::leave() {
    for (const Place& place : TRY(places()))
        if (place.ours) TRY(ask(*server_, leave_sql, place.number));
    return {};
}

}  // namespace portcullis
