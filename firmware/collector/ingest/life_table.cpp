#include "collector/ingest/life_table.hpp"

#include "collector/ingest/columns.hpp"

namespace portcullis {

Result<void> LifeTable::keep(const LifeRow& row) {
    auto insert = TRY(database_->prepare(
        "INSERT INTO life(chain_id, seq, reason, boots, previous, previous_last, previous_link, "
        "records_lost, frames_dropped, received_at) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT(chain_id, seq) DO UPDATE SET reason = excluded.reason, boots = excluded.boots, "
        "previous = excluded.previous, previous_last = excluded.previous_last, "
        "previous_link = excluded.previous_link, records_lost = excluded.records_lost, "
        "frames_dropped = excluded.frames_dropped, received_at = excluded.received_at"));
    const LifeStatement& life = row.life;
    return insert.run(row.chain_id, row.seq, to_string(life.reason), life.boots, life.previous.bytes,
                      life.previous_last, life.previous_link, life.records_lost, life.frames_dropped,
                      columns::time(row.received_at));
}

Result<std::vector<LifeRow>> LifeTable::of(RowId chain_id) {
    auto row = TRY(database_->prepare(
        "SELECT life.seq, life.reason, life.boots, life.previous, life.previous_last, life.previous_link, "
        "life.records_lost, life.frames_dropped, life.received_at FROM life JOIN item "
        "ON item.chain_id = life.chain_id AND item.seq = life.seq AND item.kind = 'life' "
        "WHERE life.chain_id = ? ORDER BY life.seq"));
    TRY(row.bind(chain_id));
    std::vector<LifeRow> rows;
    while (TRY(row.step())) {
        LifeRow one;
        one.chain_id = chain_id;
        one.seq = row.count(0);
        one.life.reason = life_reason_from_string(row.text(1)).value_or(LifeReason::report);
        one.life.boots = row.count(2);
        one.life.previous = columns::chain(row, 3);
        one.life.previous_last = row.count(4);
        one.life.previous_link = columns::digest(row, 5);
        one.life.records_lost = row.count(6);
        one.life.frames_dropped = row.count(7);
        one.received_at = columns::time(row, 8);
        rows.push_back(std::move(one));
    }
    return rows;
}

}  // namespace portcullis
