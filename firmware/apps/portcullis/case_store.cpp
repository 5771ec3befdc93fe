#include "apps/portcullis/case_store.hpp"

#include "record/payload.hpp"

namespace portcullis {

namespace {

bool is_picture(ItemKind kind) {
    return kind == ItemKind::plate || kind == ItemKind::overview;
}

/// A read's pictures stand right behind it.
Result<void> add_pictures(Store& store, const ItemRow& read, SealedRead& sealed) {
    for (const ItemRow& item : TRY(store.items.from(read.chain_id, read.seq + 1, max_media))) {
        if (!is_picture(item.kind)) return {};
        if (item.verdict && item.verdict->authenticity == Authenticity::authentic)
            sealed.pictures.emplace_back(item.seq, TRY(store.items.blob(item.id)));
    }
    return {};
}

}  // namespace

Result<std::optional<SealedRead>> sealed_read(Store& store, const CasePlace& place, bool pictures) {
    for (const ChainRow& chain : TRY(store.chains.branches(place.device, place.chain))) {
        const std::optional<ItemRow> item = TRY(store.items.find(chain.id, place.seq));
        if (!item || item->kind != ItemKind::read || !item->verdict ||
            item->verdict->authenticity != Authenticity::authentic || !is_believed(item->verdict->key_trust))
            continue;
        SealedRead sealed;
        sealed.blob = TRY(store.items.blob(item->id));
        sealed.received = item->received_at;
        sealed.clock = item->verdict->clock;
        if (pictures) TRY(add_pictures(store, *item, sealed));
        return std::optional(std::move(sealed));
    }
    return std::optional<SealedRead>();
}

}  // namespace portcullis
