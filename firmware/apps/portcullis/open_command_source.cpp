#include "apps/portcullis/open_command_source.hpp"

#include <algorithm>

#include "base/file.hpp"
#include "database/database.hpp"
#include "record/payload.hpp"

namespace portcullis {

namespace {

constexpr std::string_view item_sql = R"sql(
    SELECT item.kind, item.link, item.received_at, blob.bytes
    FROM chain JOIN item ON item.chain_id = chain.id LEFT JOIN blob ON blob.item_id = item.id
    WHERE chain.device = ? AND chain.chain = ? AND item.seq = ?)sql";

struct StoredItem {
    std::string kind;
    std::optional<Digest> link;
    UtcTime received{};
    Bytes blob;
};

Result<std::optional<StoredItem>> find_item(Database& database, const StorePlace& place, Seq seq) {
    Statement rows = TRY(database.prepare(item_sql));
    TRY(rows.bind(place.device, ByteView(place.chain.bytes), seq));
    if (!TRY(rows.step())) return std::optional<StoredItem>();
    StoredItem item;
    item.kind = rows.text(0);
    if (rows.blob(1).size() == Digest().size()) std::ranges::copy(rows.blob(1), item.link.emplace().begin());
    item.received = UtcTime(microseconds(rows.integer(2)));
    item.blob.assign(rows.blob(3).begin(), rows.blob(3).end());
    return std::optional(std::move(item));
}

/// A record's pictures follow its read at once.
Result<std::optional<Bytes>> find_read_before(Database& database, const StorePlace& place) {
    for (Seq back = 1; back <= max_media && back < place.seq; ++back) {
        std::optional<StoredItem> before = TRY(find_item(database, place, place.seq - back));
        if (before && before->kind == to_string(ItemKind::read))
            return std::optional(std::move(before->blob));
    }
    return std::optional<Bytes>();
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
    DatabaseSettings settings;
    settings.path = place.store;
    settings.create = false;
    Database database = TRY(Database::open(settings));
    std::optional<StoredItem> item = TRY(find_item(database, place, place.seq));
    if (!item || item->blob.empty())
        return fail(ErrorCode::not_found, "{}: holds no item {} of chain {} of device {}",
                    place.store.string(), place.seq, to_string(place.chain), place.device);
    FoundBlob found;
    found.blob = std::move(item->blob);
    found.received = item->received;
    found.seq = place.seq;
    if (place.seq == 1)
        found.previous = first_link(place.device, place.chain);
    else if (const std::optional<StoredItem> before = TRY(find_item(database, place, place.seq - 1)))
        found.previous = before->link;
    if (item->kind == to_string(ItemKind::plate) || item->kind == to_string(ItemKind::overview))
        found.read_blob = TRY(find_read_before(database, place));
    return found;
}

}  // namespace portcullis
