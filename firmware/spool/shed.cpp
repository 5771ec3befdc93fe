#include "spool/shed.hpp"

#include <algorithm>

namespace portcullis {

namespace {

struct Run {
    Seq first = 0;
    Seq last = 0;
    std::int64_t at_us = 0;
    Digest link{};
    std::uint64_t bytes = 0;
    bool is_signed = true;  // of a tombstone: has its blob (and its true size)
    std::string kind;
    std::uint64_t reads = 0, plates = 0, overviews = 0, checkpoints = 0;
};

constexpr std::string_view columns =
    "SELECT seq, first, kind, at_us, link, bytes, reads, plates, overviews, checkpoints FROM items WHERE ";

Result<std::optional<Run>> find(Database& database, std::string_view where, Seq seq) {
    Statement row = TRY(database.prepare(fmt::format("{}{} LIMIT 1", columns, where)));
    TRY(row.bind(seq));
    if (!TRY(row.step())) return std::optional<Run>{};
    Run run;
    run.last = row.count(0);
    run.first = row.count(1);
    run.kind = row.text(2);
    run.at_us = row.integer(3);
    run.link = TRY(to_digest(row.blob(4)));
    run.bytes = row.count(5);
    run.reads = row.count(6);
    run.plates = row.count(7);
    run.overviews = row.count(8);
    run.checkpoints = row.count(9);
    run.is_signed = run.bytes != 0;
    return std::optional<Run>(std::move(run));
}

bool is_tombstone(const Run& run) {
    return run.kind == to_string(ItemKind::tombstone);
}

// Counts a whole row as one of its kind, in the run and in the life of the spool.
void count_whole(Run& run, Life& life) {
    const auto count = [&](ItemKind kind, std::uint64_t& here, std::uint64_t& total) {
        if (run.kind != to_string(kind)) return;
        here = 1;
        ++total;
    };
    count(ItemKind::read, run.reads, life.shed_reads);
    count(ItemKind::plate, run.plates, life.shed_plates);
    count(ItemKind::overview, run.overviews, life.shed_overviews);
    count(ItemKind::checkpoint, run.checkpoints, life.shed_checkpoints);
}

std::uint64_t charged(const Run& run) {
    return is_tombstone(run) && !run.is_signed ? tombstone_bytes_reserved : run.bytes;
}

Result<void> remove(Database& database, Life& life, const Run& run) {
    Statement row = TRY(database.prepare("DELETE FROM items WHERE seq = ?"));
    TRY(row.run(run.last));
    life.items -= 1;
    life.bytes -= charged(run);
    return {};
}

// `later` comes directly after `run`.
void join(Run& run, const Run& later) {
    run.last = later.last;
    run.link = later.link;
    run.at_us = std::min(run.at_us, later.at_us);
    run.reads += later.reads;
    run.plates += later.plates;
    run.overviews += later.overviews;
    run.checkpoints += later.checkpoints;
}

// An unsigned tombstone: bytes = 0 until sign_all() gives it its blob.
Result<void> insert(Database& database, Life& life, const Run& run) {
    Statement row =
        TRY(database.prepare("INSERT INTO items(seq, first, kind, at_us, link, bytes, reads, plates, "
                             "overviews, checkpoints, blob) "
                             "VALUES(?, ?, 'tombstone', ?, ?, 0, ?, ?, ?, ?, x'')"));
    TRY(row.run(run.last, run.first, run.at_us, run.link, run.reads, run.plates, run.overviews,
                run.checkpoints));
    life.items += 1;
    life.bytes += tombstone_bytes_reserved;
    return {};
}

Result<void> shed_row(Database& database, Life& life, Run run) {
    TRY(remove(database, life, run));
    count_whole(run, life);
    if (auto before = TRY(find(database, "seq = ?", run.first - 1)); before && is_tombstone(*before)) {
        TRY(remove(database, life, *before));
        join(*before, run);
        run = std::move(*before);
    }
    if (auto after = TRY(find(database, "seq > ? ORDER BY seq", run.last)); after && is_tombstone(*after)) {
        TRY(remove(database, life, *after));
        join(run, *after);
    }
    return insert(database, life, run);
}

// A record goes whole: its pictures mean nothing without their read.
Result<void> shed_record(Database& database, Life& life, Run oldest) {
    const Seq begin = oldest.last;
    TRY(shed_row(database, life, std::move(oldest)));
    for (;;) {
        auto next = TRY(find(database, "kind <> 'tombstone' AND seq > ? ORDER BY seq", begin));
        if (!next || next->kind == to_string(ItemKind::read) || next->kind == to_string(ItemKind::checkpoint))
            return {};
        TRY(shed_row(database, life, std::move(*next)));
    }
}

Result<void> sign(Database& database, Life& life, const Run& run, const TombstoneMaker& maker, UtcTime now) {
    const Bytes blob = TRY(with_context(maker({.device = life.device,
                                               .chain = life.head.chain,
                                               .first = run.first,
                                               .last = run.last,
                                               .link = run.link,
                                               .reads = run.reads,
                                               .plates = run.plates,
                                               .overviews = run.overviews,
                                               .checkpoints = run.checkpoints,
                                               .time = now}),
                                        "cannot sign a tombstone"));
    if (blob.empty() || blob.size() > tombstone_bytes_reserved)
        return fail(ErrorCode::invalid_argument, "a signed tombstone of {} bytes; 1 to {} are foreseen",
                    blob.size(), tombstone_bytes_reserved);
    Statement row = TRY(database.prepare("UPDATE items SET blob = ?, bytes = ? WHERE seq = ?"));
    TRY(row.run(blob, std::uint64_t{blob.size()}, run.last));
    life.bytes = life.bytes - tombstone_bytes_reserved + blob.size();
    return {};
}

Result<void> sign_all(Database& database, Life& life, const TombstoneMaker& maker, UtcTime now) {
    Seq after = 0;
    while (auto run =
               TRY(find(database, "kind = 'tombstone' AND bytes = 0 AND seq > ? ORDER BY seq", after))) {
        TRY(sign(database, life, *run, maker, now));
        after = run->last;
    }
    return {};
}

}  // namespace

Result<bool> make_room(Database& database, Life& life, const SpoolLimit& limit, const TombstoneMaker& maker,
                       UtcTime now) {
    bool shed = false;
    while (life.bytes > limit.bytes || life.items > limit.items) {
        if (auto overview = TRY(find(database, "kind = 'overview' AND seq > ? ORDER BY seq", 0))) {
            TRY(shed_row(database, life, std::move(*overview)));
        } else if (auto oldest = TRY(find(database, "kind <> 'tombstone' AND seq > ? ORDER BY seq", 0))) {
            TRY(shed_record(database, life, std::move(*oldest)));
        } else {
            return fail(ErrorCode::exhausted,
                        "nothing is left to shed; raise the spool's quota or free disk space");
        }
        shed = true;
    }
    TRY(sign_all(database, life, maker, now));
    return shed;
}

}  // namespace portcullis
