#pragma once
// Life: the single row that says what a spool is and where it stands. Read and written inside the
// transaction that changes the rows, so that both always agree. For the sources of this room only.

#include <optional>
#include <string>

#include "base/clock.hpp"
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
    /// How long the device has run with this spool, and the boot clock when that was reckoned last.
    microseconds age{0};
    microseconds boot{0};
    /// No overview stands before this seq.
    Seq overviews_from = 1;

    /// Lets the age go on to now. The boot clock of another boot began at nought, so what it shows has passed
    /// in any case; how long the device was off nobody knows.
    void pass_time(BootTime now);
    /// Of a row with this at_us. One that claims to come from later is as old as the spool.
    [[nodiscard]] microseconds age_of(std::int64_t at_us) const;
};

/// Tables of a new spool, and its life row with a new random chain id.
[[nodiscard]] Result<Schema> spool_schema(const std::string& device);
[[nodiscard]] Result<Life> load_life(Database& database);
[[nodiscard]] Result<void> store_life(Database& database, const Life& life);

/// corrupt unless a column holds exactly as many bytes as a digest.
[[nodiscard]] Result<Digest> to_digest(ByteView bytes);

}  // namespace portcullis
