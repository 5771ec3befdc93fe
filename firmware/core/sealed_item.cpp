#include "core/sealed_item.hpp"

#include <array>
#include <utility>

namespace portcullis {

namespace {

struct KindRow {
    ItemKind kind;
    std::string_view name;
    std::string_view leaf;
};

constexpr std::array<KindRow, 7> kinds{{
    {ItemKind::read, "read", "read"},
    {ItemKind::plate, "plate", "media"},
    {ItemKind::overview, "overview", "media"},
    {ItemKind::checkpoint, "checkpoint", "chk"},
    {ItemKind::tombstone, "tombstone", "chk"},
    {ItemKind::life, "life", "chk"},
    {ItemKind::health, "health", "read"},
}};

const KindRow& row_of(ItemKind kind) {
    return kinds[static_cast<std::size_t>(kind)];
}

}  // namespace

std::string_view to_string(ItemKind kind) {
    return row_of(kind).name;
}
std::string_view topic_leaf(ItemKind kind) {
    return row_of(kind).leaf;
}

std::optional<ItemKind> item_kind_from_string(std::string_view text) {
    for (const KindRow& row : kinds)
        if (row.name == text) return row.kind;
    return std::nullopt;
}

}  // namespace portcullis
