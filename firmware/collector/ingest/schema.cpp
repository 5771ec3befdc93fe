#include "collector/ingest/schema.hpp"

namespace portcullis {

namespace {

// Tables that are as they were in version 1.
constexpr std::string_view kept_tables = R"sql(
-- Apart from its row: a link or a verdict that is set later must not rewrite a picture.
CREATE TABLE blob(item_id INTEGER PRIMARY KEY REFERENCES item(id), bytes BLOB NOT NULL) STRICT;
CREATE TABLE tombstone(
    id INTEGER PRIMARY KEY, chain_id INTEGER NOT NULL REFERENCES chain(id),
    first INTEGER NOT NULL, last INTEGER NOT NULL, link BLOB NOT NULL, digest BLOB NOT NULL,
    bytes BLOB NOT NULL, received_at INTEGER NOT NULL,
    UNIQUE(chain_id, last, first)) STRICT;
CREATE TABLE gap(
    id INTEGER PRIMARY KEY, chain_id INTEGER NOT NULL REFERENCES chain(id),
    first INTEGER NOT NULL, last INTEGER NOT NULL, noticed_at INTEGER NOT NULL,
    closed_at INTEGER, declared INTEGER NOT NULL DEFAULT 0) STRICT;
)sql";

constexpr std::string_view kept_indexes = R"sql(
CREATE INDEX gap_place ON gap(chain_id, first);
-- Each item looks for the gap that it closes: not among thousands of closed ones.
CREATE INDEX gap_open ON gap(chain_id, first) WHERE closed_at IS NULL;
CREATE INDEX gap_closed ON gap(chain_id, last) WHERE closed_at IS NOT NULL;
)sql";

constexpr std::string_view first_tables = R"sql(
CREATE TABLE chain(
    id INTEGER PRIMARY KEY AUTOINCREMENT, device TEXT NOT NULL, chain BLOB NOT NULL,
    upto INTEGER NOT NULL, upto_link BLOB NOT NULL, last INTEGER NOT NULL,
    confirmed INTEGER NOT NULL, confirmed_link BLOB NOT NULL, proven INTEGER NOT NULL,
    mismatch INTEGER NOT NULL, checkpoint INTEGER NOT NULL,
    duplicates INTEGER NOT NULL, conflicts INTEGER NOT NULL,
    first_seen_at INTEGER NOT NULL, last_seen_at INTEGER NOT NULL,
    UNIQUE(device, chain)) STRICT;
CREATE TABLE item(
    id INTEGER PRIMARY KEY AUTOINCREMENT, chain_id INTEGER NOT NULL REFERENCES chain(id),
    seq INTEGER NOT NULL, kind TEXT NOT NULL, digest BLOB NOT NULL, link BLOB, signed_previous BLOB,
    received_at INTEGER NOT NULL, authenticity TEXT, key_trust TEXT, verdict_at INTEGER,
    waits INTEGER NOT NULL DEFAULT 0,
    UNIQUE(chain_id, seq)) STRICT;
CREATE INDEX item_to_judge ON item(id) WHERE verdict_at IS NULL AND waits = 0;
CREATE INDEX item_anchor ON item(chain_id, seq) WHERE signed_previous IS NOT NULL;
CREATE TABLE quarantine(
    id INTEGER PRIMARY KEY AUTOINCREMENT, device TEXT NOT NULL, chain BLOB NOT NULL, seq INTEGER NOT NULL,
    kind TEXT NOT NULL, digest BLOB NOT NULL, reason TEXT NOT NULL,
    authenticity TEXT NOT NULL, key_trust TEXT NOT NULL,
    received_at INTEGER NOT NULL, quarantined_at INTEGER NOT NULL, size INTEGER NOT NULL,
    bytes BLOB NOT NULL) STRICT;
CREATE INDEX quarantine_place ON quarantine(device, chain, seq);
CREATE INDEX quarantine_reason ON quarantine(reason, id, size);
CREATE TABLE incident(
    id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, device TEXT NOT NULL, chain BLOB NOT NULL,
    seq INTEGER NOT NULL, what TEXT NOT NULL) STRICT;
)sql";

constexpr std::string_view second_tables = R"sql(
-- A branch is what a device sealed a second time from `base` + 1 on (a fork); 0 is the chain itself.
CREATE TABLE chain(
    id INTEGER PRIMARY KEY AUTOINCREMENT, device TEXT NOT NULL, chain BLOB NOT NULL,
    branch INTEGER NOT NULL DEFAULT 0, base INTEGER NOT NULL DEFAULT 0, base_link BLOB,
    upto INTEGER NOT NULL, upto_link BLOB NOT NULL, last INTEGER NOT NULL,
    confirmed INTEGER NOT NULL, confirmed_link BLOB NOT NULL, proven INTEGER NOT NULL,
    mismatch INTEGER NOT NULL, checkpoint INTEGER NOT NULL,
    promised INTEGER NOT NULL DEFAULT 0, promised_item INTEGER NOT NULL DEFAULT 0,
    held INTEGER NOT NULL DEFAULT 0,
    duplicates INTEGER NOT NULL, conflicts INTEGER NOT NULL,
    first_seen_at INTEGER NOT NULL, last_seen_at INTEGER NOT NULL, grown_at INTEGER NOT NULL DEFAULT 0,
    vouched INTEGER NOT NULL DEFAULT 0,
    UNIQUE(device, chain, branch)) STRICT;
CREATE TABLE item(
    id INTEGER PRIMARY KEY AUTOINCREMENT, chain_id INTEGER NOT NULL REFERENCES chain(id),
    seq INTEGER NOT NULL, kind TEXT NOT NULL, digest BLOB NOT NULL, link BLOB, signed_previous BLOB,
    received_at INTEGER NOT NULL, authenticity TEXT, key_trust TEXT, clock TEXT, verdict_at INTEGER,
    waits INTEGER NOT NULL DEFAULT 0,
    UNIQUE(chain_id, seq)) STRICT;
CREATE TABLE quarantine(
    id INTEGER PRIMARY KEY AUTOINCREMENT, device TEXT NOT NULL, chain BLOB NOT NULL, seq INTEGER NOT NULL,
    first INTEGER NOT NULL DEFAULT 0, kind TEXT NOT NULL, digest BLOB NOT NULL, reason TEXT NOT NULL,
    authenticity TEXT NOT NULL, key_trust TEXT NOT NULL,
    received_at INTEGER NOT NULL, quarantined_at INTEGER NOT NULL, size INTEGER NOT NULL,
    kept INTEGER NOT NULL DEFAULT 0, weighed INTEGER NOT NULL DEFAULT 0,
    bytes BLOB NOT NULL) STRICT;
CREATE TABLE incident(
    id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, last_at INTEGER NOT NULL,
    device TEXT NOT NULL, chain BLOB NOT NULL, seq INTEGER NOT NULL, last_seq INTEGER NOT NULL,
    times INTEGER NOT NULL DEFAULT 1, what TEXT NOT NULL) STRICT;
-- The receipts that were given: a read names the newest that its device had when it was captured.
CREATE TABLE receipt(
    id INTEGER PRIMARY KEY AUTOINCREMENT, chain_id INTEGER NOT NULL REFERENCES chain(id),
    upto INTEGER NOT NULL, digest BLOB NOT NULL, at INTEGER NOT NULL) STRICT;
-- What was heard of each device; its status is a hint, nobody signed it.
CREATE TABLE device(
    name TEXT PRIMARY KEY, heard_at INTEGER NOT NULL, silent_since INTEGER,
    status_chain BLOB, status_last INTEGER NOT NULL DEFAULT 0, tail_since INTEGER, tail_told INTEGER NOT NULL DEFAULT 0,
    statement_chain INTEGER NOT NULL DEFAULT 0, statement_at INTEGER NOT NULL DEFAULT 0,
    returns INTEGER NOT NULL DEFAULT 0, returns_at INTEGER NOT NULL DEFAULT 0) STRICT;
-- What ingest has to know after a restart.
CREATE TABLE note(name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
)sql";

// Version 2 made it for statements that no device sent yet: it is empty.
constexpr std::string_view second_life = R"sql(
-- What a device's signed life statements say of its chain's beginnings.
CREATE TABLE life(
    id INTEGER PRIMARY KEY, chain_id INTEGER NOT NULL REFERENCES chain(id), seq INTEGER NOT NULL,
    reason TEXT NOT NULL, boots INTEGER NOT NULL, previous BLOB, previous_last INTEGER NOT NULL,
    previous_link BLOB, received_at INTEGER NOT NULL,
    UNIQUE(chain_id, seq)) STRICT;
)sql";

constexpr std::string_view third_life = R"sql(
-- What a device's signed life statements say: why its chains begin, its starts, what it lost before it had a
-- place. Counts only while an item of kind life stands in its place.
CREATE TABLE life(
    id INTEGER PRIMARY KEY, chain_id INTEGER NOT NULL REFERENCES chain(id), seq INTEGER NOT NULL,
    reason TEXT NOT NULL, boots INTEGER NOT NULL, previous BLOB NOT NULL, previous_last INTEGER NOT NULL,
    previous_link BLOB NOT NULL, records_lost INTEGER NOT NULL, frames_dropped INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    UNIQUE(chain_id, seq)) STRICT;
)sql";

constexpr std::string_view second_indexes = R"sql(
CREATE INDEX item_to_judge ON item(id) WHERE verdict_at IS NULL AND waits = 0;
CREATE INDEX item_anchor ON item(chain_id, seq) WHERE signed_previous IS NOT NULL;
CREATE INDEX item_unknown ON item(id) WHERE authenticity = 'unopened' OR key_trust = 'stranger';
CREATE INDEX quarantine_place ON quarantine(device, chain, seq);
CREATE INDEX quarantine_reason ON quarantine(reason, id, size);
CREATE INDEX quarantine_kept ON quarantine(device, chain, seq, size) WHERE kept = 1;
CREATE INDEX quarantine_unweighed ON quarantine(id) WHERE weighed = 0 AND reason = 'conflicting';
CREATE INDEX quarantine_unknown ON quarantine(id) WHERE authenticity = 'unopened' OR key_trust = 'stranger';
CREATE INDEX incident_same ON incident(device, chain, what, id);
CREATE INDEX receipt_chain ON receipt(chain_id, id);
CREATE INDEX receipt_digest ON receipt(digest);
)sql";

constexpr std::string_view third_statements = R"sql(
CREATE INDEX item_statement ON item(id) WHERE verdict_at IS NULL AND kind IN ('checkpoint', 'life');
)sql";

// Of version 4 alone, in which health was signed and not sealed: of such items the opener says that they are
// no envelope.
constexpr std::string_view fourth_statements = R"sql(
CREATE INDEX item_statement ON item(id) WHERE verdict_at IS NULL AND kind IN ('checkpoint', 'life', 'health');
)sql";

// To whom items are sealed, as their envelopes name it in the clear: so that nobody has to read a million
// pictures to know it. NULL: not an envelope, or stored by an older version; the blob says it.
constexpr std::string_view sixth_audiences = R"sql(
CREATE TABLE audience(id INTEGER PRIMARY KEY, keys TEXT NOT NULL UNIQUE) STRICT;
ALTER TABLE item ADD COLUMN audience INTEGER;
)sql";

// Renamed rather than altered: a file must look as if this program had made it. The pictures stay where they
// are.
constexpr std::string_view first_to_second = R"sql(
DROP INDEX item_to_judge; DROP INDEX item_anchor; DROP INDEX quarantine_place; DROP INDEX quarantine_reason;
ALTER TABLE chain RENAME TO chain_1;
ALTER TABLE item RENAME TO item_1;
ALTER TABLE quarantine RENAME TO quarantine_1;
ALTER TABLE incident RENAME TO incident_1;
)sql";

constexpr std::string_view rows_of_first = R"sql(
INSERT INTO chain(id, device, chain, upto, upto_link, last, confirmed, confirmed_link, proven, mismatch,
    checkpoint, promised, promised_item, duplicates, conflicts, first_seen_at, last_seen_at, grown_at)
    SELECT id, device, chain, upto, upto_link, last, confirmed, confirmed_link, proven, mismatch, checkpoint,
    iif(mismatch = 0, upto, confirmed), (SELECT ifnull(max(id), 0) FROM item_1), duplicates, conflicts,
    first_seen_at, last_seen_at, last_seen_at FROM chain_1;
INSERT INTO item(id, chain_id, seq, kind, digest, link, signed_previous, received_at, authenticity, key_trust,
    clock, verdict_at, waits)
    SELECT id, chain_id, seq, kind, digest, link, signed_previous, received_at, authenticity, key_trust,
    iif(verdict_at IS NULL, NULL, 'none'), verdict_at, waits FROM item_1;
-- Of what the older version condemned nobody knows any more whether it had been receipted: it is kept until
-- its device's signature settles the place.
INSERT INTO quarantine(id, device, chain, seq, kind, digest, reason, authenticity, key_trust, received_at,
    quarantined_at, size, kept, bytes)
    SELECT id, device, chain, seq, kind, digest, reason, authenticity, key_trust, received_at, quarantined_at,
    size, reason = 'condemned' AND key_trust = 'stranger', bytes FROM quarantine_1;
INSERT INTO incident(id, at, last_at, device, chain, seq, last_seq, what)
    SELECT id, at, at, device, chain, seq, seq, what FROM incident_1;
DROP TABLE incident_1;
DROP TABLE quarantine_1;
DROP TABLE item_1;
DROP TABLE chain_1;
)sql";

std::string joined(std::initializer_list<std::string_view> parts) {
    std::string all;
    for (const std::string_view part : parts)
        all += part;
    return all;
}

}  // namespace

std::string store_indexes() {
    return joined({second_indexes, third_statements, kept_indexes});
}

Schema store_schema() {
    constexpr std::int32_t application_id = 0x50434353;  // "PCCS"
    OlderSchema first{1, joined({first_tables, kept_tables, kept_indexes}),
                      joined({first_to_second, second_tables, second_life, second_indexes, third_statements,
                              rows_of_first})};
    OlderSchema second{
        2, joined({second_tables, second_life, kept_tables, second_indexes, third_statements, kept_indexes}),
        joined({"DROP TABLE life;", third_life})};
    OlderSchema third{
        3, joined({second_tables, third_life, kept_tables, second_indexes, third_statements, kept_indexes}),
        joined({"DROP INDEX item_statement;", fourth_statements})};
    OlderSchema fourth{
        4, joined({second_tables, third_life, kept_tables, second_indexes, fourth_statements, kept_indexes}),
        joined({"DROP INDEX item_statement;", third_statements})};
    OlderSchema fifth{
        5, joined({second_tables, third_life, kept_tables, second_indexes, third_statements, kept_indexes}),
        std::string(sixth_audiences)};
    return {"collector's store",
            application_id,
            6,
            joined({second_tables, third_life, kept_tables, sixth_audiences, store_indexes()}),
            {std::move(first), std::move(second), std::move(third), std::move(fourth), std::move(fifth)}};
}

}  // namespace portcullis
