#pragma once
// KnownItems: rows of items, and places where none stands, as one transaction knows them. Values; whoever
// changes a row in the database says so here, or forgets it.

#include <map>
#include <utility>

#include "collector/ingest/rows.hpp"

namespace portcullis {

class KnownItems {
  public:
    /// Borrowed until the next change; null: not known.
    [[nodiscard]] ItemRow* at(RowId id) {
        const auto item = rows_.find(id);
        return item == rows_.end() ? nullptr : &item->second;
    }
    /// Not known; or known, and perhaps nothing stands there.
    [[nodiscard]] std::optional<std::optional<ItemRow>> at(RowId chain_id, Seq seq) {
        const auto place = places_.find({chain_id, seq});
        if (place == places_.end()) return std::nullopt;
        if (place->second == nobody) return std::optional<ItemRow>();
        return rows_.at(place->second);
    }
    void put(const ItemRow& item) {
        forget(item.id);
        places_[{item.chain_id, item.seq}] = item.id;
        rows_[item.id] = item;
    }
    void put_nobody(RowId chain_id, Seq seq) { places_.try_emplace({chain_id, seq}, nobody); }
    /// Also for a row that was deleted: what stands in its place is asked anew.
    void forget(RowId id) {
        const auto item = rows_.find(id);
        if (item == rows_.end()) return;
        places_.erase({item->second.chain_id, item->second.seq});
        rows_.erase(item);
    }
    void clear() { *this = {}; }

  private:
    static constexpr RowId nobody = 0;
    std::map<RowId, ItemRow> rows_;
    std::map<std::pair<RowId, Seq>, RowId> places_;  // to a row that is known
};

}  // namespace portcullis
