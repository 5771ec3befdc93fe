#include "collector/ingest/incident_table.hpp"

#include "collector/ingest/columns.hpp"

namespace portcullis {

Result<void> IncidentTable::add(const IncidentRow& incident) {
    auto again = TRY(database_->prepare(
        "UPDATE incident SET times = times + 1, last_at = ?, last_seq = ? WHERE id = (SELECT max(id) FROM "
        "incident WHERE device = ? AND chain = ? AND what = ?) AND at BETWEEN ? AND ?"));
    const std::int64_t at = columns::time(incident.at);
    const std::uint64_t told =
        TRY(again.run_counted(at, incident.seq, incident.device, ByteView(incident.chain.bytes),
                              incident.what, columns::time(incident.at - one_incident), at));
    if (told > 0) return {};
    auto row =
        TRY(database_->prepare("INSERT INTO incident(at, last_at, device, chain, seq, last_seq, what) "
                               "VALUES(?, ?, ?, ?, ?, ?, ?) RETURNING id"));
    const auto id = TRY(row.insert(at, at, incident.device, ByteView(incident.chain.bytes), incident.seq,
                                   incident.seq, incident.what));
    // Row ids only grow, so this keeps the newest.
    auto oldest = TRY(database_->prepare("DELETE FROM incident WHERE id <= ?"));
    return oldest.run(id.value_or(0) - static_cast<std::int64_t>(max_incidents));
}

Result<std::vector<IncidentRow>> IncidentTable::newest(std::size_t limit) {
    auto query = TRY(database_->prepare(
        "SELECT at, device, chain, seq, what, times, last_at, last_seq FROM incident ORDER BY id DESC "
        "LIMIT ?"));
    TRY(query.bind(static_cast<std::uint64_t>(limit)));
    std::vector<IncidentRow> all;
    while (TRY(query.step()))
        all.push_back({columns::time(query, 0), std::string(query.text(1)), columns::chain(query, 2),
                       query.count(3), std::string(query.text(4)), query.count(5), columns::time(query, 6),
                       query.count(7)});
    return all;
}

Result<std::uint64_t> IncidentTable::count() {
    return static_cast<std::uint64_t>(TRY(database_->integer("SELECT count(*) FROM incident")));
}

}  // namespace portcullis
