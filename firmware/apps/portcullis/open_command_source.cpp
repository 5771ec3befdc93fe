#include "apps/portcullis/open_command_source.hpp"

#include "apps/common/store_source.hpp"
#include "base/file.hpp"
#include "record/payload.hpp"

namespace portcullis {

namespace {

struct PlacedItem {
    ChainRow chain;
    ItemRow item;
};

/// Of a forked chain the newest branch that has the place.
Result<std::optional<PlacedItem>> find_item(Store& store, const StorePlace& place) {
    for (ChainRow& chain : TRY(store.chains.branches(place.device, place.chain)))
        if (auto item = TRY(store.items.find(chain.id, place.seq)))
            return std::optional(PlacedItem{std::move(chain), *item});
    return std::optional<PlacedItem>();
}

Result<std::optional<Digest>> link_before(Store& store, const PlacedItem& placed) {
    const auto& [chain, item] = placed;
    if (item.seq == 1) return std::optional(first_link(chain.device, chain.chain));
    if (chain.branch > 0 && item.seq == chain.base + 1) return std::optional(chain.base_link);
    const std::optional<ItemRow> before = TRY(store.items.find(chain.id, item.seq - 1));
    return before ? before->link : std::optional<Digest>();
}

/// A record's pictures follow its read at once.
Result<std::optional<Bytes>> read_of_picture(Store& store, const ItemRow& item) {
    if (item.kind != ItemKind::plate && item.kind != ItemKind::overview) return std::optional<Bytes>();
    const std::optional<ItemRow> read = TRY(store.items.read_before(item.chain_id, item.seq, max_media));
    if (!read) return std::optional<Bytes>();
    return std::optional(TRY(store.items.blob(read->id)));
}

}  // namespace

Result<FoundBlob> find_in_files(const std::filesystem::path& blob_file,
                                const std::filesystem::path& read_file_path, UtcTime now) {
    FoundBlob found;
    found.blob = TRY(read_file(blob_file, max_blob_bytes));
    if (!read_file_path.empty()) found.read_blob = TRY(read_file(read_file_path, max_blob_bytes));
    found.received = now;
    return found;
}

Result<FoundBlob> find_in_store(const StorePlace& place) {
    Store store = TRY(look_at_store(place.store));
    const std::optional<PlacedItem> placed = TRY(find_item(store, place));
    if (!placed)
        return fail(ErrorCode::not_found, "{}: holds no item {} of chain {} of device {}",
                    place.store.string(), place.seq, to_string(place.chain), place.device);
    FoundBlob found;
    found.blob = TRY(store.items.blob(placed->item.id));
    found.received = placed->item.received_at;
    found.seq = place.seq;
    found.previous = TRY(link_before(store, *placed));
    found.read_blob = TRY(read_of_picture(store, placed->item));
    return found;
}

}  // namespace portcullis
