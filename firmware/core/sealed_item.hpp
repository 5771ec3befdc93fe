#pragma once
// What crosses the wall: sealed bytes and their place in the chain, nothing readable. Values.

#include <optional>
#include <string_view>
#include <vector>

#include "core/chain.hpp"

namespace portcullis {

enum class ItemKind {
    read,        // AuthEnvelopedData( SignedData( canonical record JSON ) )
    plate,       // AuthEnvelopedData( padded JPEG ); its plaintext digest stands in the read of its record
    overview,    // the same
    checkpoint,  // SignedData( Checkpoint ): not encrypted, holds no plate data
    tombstone,   // SignedData( Tombstone ): stands in the place of items that the spool had to shed
    life,        // SignedData( LifeStatement ): why a chain begins, that the reader started, what it lost
    health       // AuthEnvelopedData( SignedData( HealthPayload ) ): how the reader is, for its own audience
};
/// Signed words of the device about its chain, each with the link of the item before it.
[[nodiscard]] constexpr bool is_statement(ItemKind kind) {
    return kind == ItemKind::checkpoint || kind == ItemKind::life;
}
/// Sealed words of the device that name their own place and the link before it: whoever opens them can tell
/// whether they stand where they belong. A picture names nothing; its read does.
[[nodiscard]] constexpr bool is_sealed_text(ItemKind kind) {
    return kind == ItemKind::read || kind == ItemKind::health;
}
[[nodiscard]] std::string_view to_string(ItemKind kind);
[[nodiscard]] std::optional<ItemKind> item_kind_from_string(std::string_view text);
/// Last part of the MQTT topic lpr/v1/dev/<device>/...: read, media or chk.
[[nodiscard]] std::string_view topic_leaf(ItemKind kind);

/// No sealed blob is larger; gate, spool, broker and ingest refuse more.
inline constexpr std::size_t max_blob_bytes = std::size_t{4} * 1024 * 1024;

struct SealedItem {
    Seq seq = 0;
    ItemKind kind = ItemKind::read;
    Bytes blob;
    Digest link{};  // link(seq), after this item
};

/// The items of one capture record (first its read, then its pictures), or one checkpoint, life statement or
/// health record. Seqs are consecutive.
struct SealedRecord {
    ChainId chain;
    std::vector<SealedItem> items;
};

}  // namespace portcullis
