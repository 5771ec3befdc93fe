#pragma once
// Life: the single row that says what a spool is and where it stands. Read and written inside the
// transaction that changes the rows, so that both always agree. For the sources of this room only.

#include <optional>
#include <string>

#include "core/chain.hpp"
#include "database/database.hpp"
#include "database/schema.hpp"

namespace portcullis {

struct Life {
    std::string device;
    ChainHead head;
    std::uint64_t items = 0;
    std::uint64_t bytes = 0;
    Seq received = 0;
    std::optional<Digest> receipt;
    std::uint64_t shed_reads = 0;
    std::uint64_t shed_plates = 0;
    std::uint64_t shed_overviews = 0;
    std::uint64_t shed_checkpoints = 0;
};

/// Tables of a new spool, and its life row with a new random chain id.
[[nodiscard]] Result<Schema> spool_schema(const std::string& device);
[[nodiscard]] Result<Life> load_life(Database& database);
[[nodiscard]] Result<void> store_life(Database& database, const Life& life);

/// corrupt unless a column holds exactly as many bytes as a digest.
[[nodiscard]] Result<Digest> to_digest(ByteView bytes);

}  // namespace portcullis
