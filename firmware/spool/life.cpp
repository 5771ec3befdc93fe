#include "spool/life.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>

namespace portcullis {

namespace {

constexpr std::int32_t application_id = 0x70637370;  // "pcsp"
constexpr std::int32_t version = 2;

constexpr std::string_view life_table =
    R"(CREATE TABLE life(
  id INTEGER PRIMARY KEY CHECK(id = 1), device TEXT NOT NULL, chain BLOB NOT NULL, next_seq INTEGER NOT NULL,
  link BLOB NOT NULL, items INTEGER NOT NULL, bytes INTEGER NOT NULL, received INTEGER NOT NULL, receipt BLOB,
  shed_reads INTEGER NOT NULL, shed_plates INTEGER NOT NULL, shed_overviews INTEGER NOT NULL,
  shed_checkpoints INTEGER NOT NULL, age_us INTEGER NOT NULL, boot_us INTEGER NOT NULL,
  overviews_from INTEGER NOT NULL) STRICT;)";

// A row of kind tombstone stands for the seqs first..seq and counts what it replaced; for every other row
// first = seq. at_us is the life's age when it came. The blob comes last: reading the columns before it
// touches none of its pages. No index beside the seq: each would cost a page more to write with every record.
constexpr std::string_view items_table =
    R"(CREATE TABLE items(
  seq INTEGER PRIMARY KEY, first INTEGER NOT NULL, kind TEXT NOT NULL, at_us INTEGER NOT NULL,
  link BLOB NOT NULL, bytes INTEGER NOT NULL, reads INTEGER NOT NULL DEFAULT 0,
  plates INTEGER NOT NULL DEFAULT 0, overviews INTEGER NOT NULL DEFAULT 0,
  checkpoints INTEGER NOT NULL DEFAULT 0, blob BLOB NOT NULL) STRICT;)";

// Version 1 wrote UTC into at_us; such rows count as if they had come with the upgrade (Life::age_of).
constexpr std::string_view life_table_1 =
    R"(CREATE TABLE life(
  id INTEGER PRIMARY KEY CHECK(id = 1), device TEXT NOT NULL, chain BLOB NOT NULL, next_seq INTEGER NOT NULL,
  link BLOB NOT NULL, items INTEGER NOT NULL, bytes INTEGER NOT NULL, received INTEGER NOT NULL, receipt BLOB,
  shed_reads INTEGER NOT NULL, shed_plates INTEGER NOT NULL, shed_overviews INTEGER NOT NULL,
  shed_checkpoints INTEGER NOT NULL) STRICT;)";

OlderSchema version_1() {
    return {1, fmt::format("{}{}", life_table_1, items_table),
            fmt::format(
                "ALTER TABLE life RENAME TO old_life; {} INSERT INTO life SELECT *, 0, 0, 1 FROM old_life; "
                "DROP TABLE old_life; DROP INDEX IF EXISTS item_overview; "
                "DROP INDEX IF EXISTS item_whole; DROP INDEX IF EXISTS item_unsigned",
                life_table)};
}

// Three hundred years; keeps sums of times far from overflow.
constexpr std::uint64_t longest_us = std::uint64_t{1} << 53;

Result<ChainId> random_chain() {
    ChainId chain;
    if (::getrandom(chain.bytes.data(), chain.bytes.size(), 0) != static_cast<ssize_t>(chain.bytes.size()))
        return fail(Error::from_errno("cannot get random bytes for a chain id", errno));
    return chain;
}

}  // namespace

void Life::pass_time(BootTime now) {
    const microseconds shows = now.time_since_epoch();
    age += shows >= boot ? shows - boot : shows;
    boot = shows;
}

microseconds Life::age_of(std::int64_t at_us) const {
    return at_us < 0 || at_us > age.count() ? age : age - microseconds(at_us);
}

Result<Digest> to_digest(ByteView bytes) {
    Digest digest;
    if (bytes.size() != digest.size())
        return fail(ErrorCode::corrupt, "a digest of {} bytes; the file is damaged", bytes.size());
    std::copy(bytes.begin(), bytes.end(), digest.begin());
    return digest;
}

Result<Schema> spool_schema(const std::string& device) {
    const ChainId chain = TRY(random_chain());
    return Schema{
        "spool",
        application_id,
        version,
        fmt::format(
            "{}{} INSERT INTO life VALUES(1, '{}', x'{}', 1, x'{}', 0, 0, 0, NULL, 0, 0, 0, 0, 0, 0, 1)",
            life_table, items_table, device, to_string(chain), to_hex(first_link(device, chain))),
        {version_1()}};
}

Result<Life> load_life(Database& database) {
    Statement row = TRY(database.prepare(
        "SELECT device, chain, next_seq, link, items, bytes, received, receipt, shed_reads, shed_plates, "
        "shed_overviews, shed_checkpoints, age_us, boot_us, overviews_from FROM life"));
    TRY(row.bind());
    if (!TRY(row.step())) return fail(ErrorCode::corrupt, "the life row is missing; the file is damaged");
    Life life;
    life.device = row.text(0);
    const ByteView chain = row.blob(1);
    if (chain.size() != life.head.chain.bytes.size() || row.integer(2) < 1 || row.count(12) > longest_us ||
        row.count(13) > longest_us)
        return fail(ErrorCode::corrupt, "the life row makes no sense; the file is damaged");
    std::copy(chain.begin(), chain.end(), life.head.chain.bytes.begin());
    life.head.next_seq = row.count(2);
    life.head.link = TRY(to_digest(row.blob(3)));
    life.items = row.count(4);
    life.bytes = row.count(5);
    life.received = row.count(6);
    if (!row.is_null(7)) life.receipt = TRY(to_digest(row.blob(7)));
    life.shed_reads = row.count(8);
    life.shed_plates = row.count(9);
    life.shed_overviews = row.count(10);
    life.shed_checkpoints = row.count(11);
    life.age = microseconds(row.count(12));
    life.boot = microseconds(row.count(13));
    life.overviews_from = row.count(14);
    return life;
}

Result<void> store_life(Database& database, const Life& life) {
    Statement row = TRY(database.prepare(
        "UPDATE life SET next_seq = ?, link = ?, items = ?, bytes = ?, received = ?, receipt = ?, "
        "shed_reads = ?, shed_plates = ?, shed_overviews = ?, shed_checkpoints = ?, age_us = ?, boot_us = ?, "
        "overviews_from = ?"));
    const auto run = [&](const auto& receipt) {
        return row.run(life.head.next_seq, life.head.link, life.items, life.bytes, life.received, receipt,
                       life.shed_reads, life.shed_plates, life.shed_overviews, life.shed_checkpoints,
                       std::int64_t{life.age.count()}, std::int64_t{life.boot.count()}, life.overviews_from);
    };
    return life.receipt ? run(*life.receipt) : run(nullptr);
}

}  // namespace portcullis
