#include "collector/ingest/schema.hpp"

namespace portcullis {

Schema store_schema() {
    constexpr std::int32_t application_id = 0x50434353;  // "PCCS"
    return {"collector's store", application_id, 1, R"sql(
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
CREATE INDEX gap_place ON gap(chain_id, first);
-- Each item looks for the gap that it closes: not among thousands of closed ones.
CREATE INDEX gap_open ON gap(chain_id, first) WHERE closed_at IS NULL;
CREATE INDEX gap_closed ON gap(chain_id, last) WHERE closed_at IS NOT NULL;
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
)sql"};
}

}  // namespace portcullis
