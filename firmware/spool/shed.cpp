#include "spool/shed.hpp"

#include <algorithm>
#include <map>

#include "base/log.hpp"

namespace portcullis {

namespace {

struct Run {
    Seq first = 0;
    Seq last = 0;
    std::int64_t at_us = 0;
    Digest link{};
    std::uint64_t bytes = 0;
    std::string kind;
    std::uint64_t reads = 0, plates = 0, overviews = 0, checkpoints = 0;
};

bool is_tombstone(const Run& run) {
    return run.kind == to_string(ItemKind::tombstone);
}

constexpr std::string_view columns =
    "SELECT seq, first, kind, at_us, link, bytes, reads, plates, overviews, checkpoints FROM items WHERE ";

Result<std::optional<Run>> find(Database& database, std::string_view where, Seq seq) {
    Statement row = TRY(database.prepare(fmt::format("{}{} LIMIT 1", columns, where)));
    TRY(row.bind(seq));
    if (!TRY(row.step())) return std::optional<Run>{};
    Run run;
    run.last = row.count(0);
    run.kind = row.text(2);
    // Only a tombstone stands for more than itself, whatever the row says.
    run.first = is_tombstone(run) ? row.count(1) : run.last;
    run.at_us = row.integer(3);
    run.link = TRY(to_digest(row.blob(4)));
    run.bytes = row.count(5);
    run.reads = row.count(6);
    run.plates = row.count(7);
    run.overviews = row.count(8);
    run.checkpoints = row.count(9);
    return std::optional<Run>(std::move(run));
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
    count(ItemKind::life, run.checkpoints, life.shed_checkpoints);
    count(ItemKind::health, run.checkpoints, life.shed_checkpoints);
}

Result<void> remove(Database& database, Life& life, const Run& run) {
    Statement row = TRY(database.prepare("DELETE FROM items WHERE seq = ?"));
    TRY(row.run(run.last));
    life.items -= 1;
    life.bytes -= run.bytes;
    return {};
}

constexpr std::string_view oldest_whole = "kind <> 'tombstone' AND seq > ? ORDER BY seq";

// The search begins where the life says: what comes before holds none, so no row is looked at twice.
Result<std::optional<Run>> oldest_overview(Database& database, Life& life) {
    auto found = TRY(find(database, "kind = 'overview' AND seq >= ? ORDER BY seq", life.overviews_from));
    life.overviews_from = found ? found->last : life.head.next_seq;
    return found;
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

enum class SignedBy { nobody_of_us, key_in_use, forerunner };

bool says_the_same(const Result<Tombstone>& tombstone, const Run& run, const Life& life) {
    return tombstone && tombstone->device == life.device && tombstone->chain == life.head.chain &&
           tombstone->first == run.first && tombstone->last == run.last && tombstone->link == run.link &&
           tombstone->reads == run.reads && tombstone->plates == run.plates &&
           tombstone->overviews == run.overviews && tombstone->checkpoints == run.checkpoints;
}

/// One shedding: what it takes out of the file, as runs in memory that become tombstones at its end. A run
/// that stands in the file as a tombstone is joined only if our signature vouches for it: another process may
/// write the file, and what it made up must never be signed.
class Shedding {
  public:
    Shedding(Database& database, Life& life, const TombstoneMaker& maker)
        : database_(database), life_(life), maker_(maker) {}

    Result<void> shed_row(Run run) {
        TRY(remove(database_, life_, run));
        count_whole(run, life_);
        if (auto before = TRY(take_before(run.first))) {
            join(*before, run);
            run = std::move(*before);
        }
        if (auto after = TRY(take_after(run.last))) join(run, *after);
        life_.items += 1;
        life_.bytes += tombstone_bytes_reserved;
        runs_[run.last] = std::move(run);
        return {};
    }

    /// A record goes whole: its pictures mean nothing without their read. Gives the number of rows.
    Result<int> shed_record(Run oldest) {
        const Seq begin = oldest.last;
        TRY(shed_row(std::move(oldest)));
        for (int rows = 1;; ++rows) {
            auto next = TRY(find(database_, oldest_whole, begin));
            const auto kind = next ? item_kind_from_string(next->kind) : std::nullopt;
            if (!next || (kind && (is_sealed_text(*kind) || is_statement(*kind)))) return rows;
            TRY(shed_row(std::move(*next)));
        }
    }

    Result<void> shed_aged(microseconds limit) {
        for (int rows = 0; rows < max_aged_rows;) {
            auto oldest = TRY(find(database_, oldest_whole, 0));
            if (!oldest || life_.age_of(oldest->at_us) <= limit) return {};
            rows += TRY(shed_record(std::move(*oldest)));
        }
        return {};
    }

    Result<void> shed_over(const SpoolLimit& limit) {
        while (life_.bytes > limit.bytes || life_.items > limit.items) {
            if (auto overview = TRY(oldest_overview(database_, life_))) {
                TRY(shed_row(std::move(*overview)));
            } else if (auto oldest = TRY(find(database_, oldest_whole, 0))) {
                TRY(shed_record(std::move(*oldest)));
            } else {
                return fail(ErrorCode::exhausted,
                            "nothing is left to shed; raise the spool's quota or free disk space");
            }
        }
        return {};
    }

    Result<void> sign_all(UtcTime now) {
        for (const auto& [last, run] : runs_)
            TRY(sign(run, now));
        return {};
    }

    Result<SignedAnew> sign_anew(Seq after, UtcTime now) {
        SignedAnew done{after};
        for (int looked = 0; looked < max_rows_looked_at && done.tombstones < max_signed_anew; ++looked) {
            const auto row = TRY(find(database_, "seq > ? ORDER BY seq", *done.reached));
            if (!row) return SignedAnew{std::nullopt, done.tombstones};
            done.reached = row->last;
            if (!is_tombstone(*row) || TRY(signed_by(*row)) != SignedBy::forerunner) continue;
            TRY(remove(database_, life_, *row));
            life_.items += 1;
            life_.bytes += tombstone_bytes_reserved;
            TRY(sign(*row, now));
            ++done.tombstones;
        }
        return done;
    }

    [[nodiscard]] bool any() const { return !runs_.empty(); }

  private:
    [[nodiscard]] Run taken(std::map<Seq, Run>::iterator place) {
        Run run = std::move(place->second);
        runs_.erase(place);
        life_.items -= 1;
        life_.bytes -= tombstone_bytes_reserved;
        return run;
    }

    /// The run that ends directly before `first`, taken out of where it stands.
    Result<std::optional<Run>> take_before(Seq first) {
        if (const auto place = runs_.find(first - 1); place != runs_.end())
            return std::optional<Run>(taken(place));
        return take_own(TRY(find(database_, "seq = ?", first - 1)));
    }

    Result<std::optional<Run>> take_after(Seq last) {
        if (const auto place = runs_.upper_bound(last);
            place != runs_.end() && place->second.first == last + 1)
            return std::optional<Run>(taken(place));
        auto after = TRY(find(database_, "seq > ? ORDER BY seq", last));
        if (after && after->first != last + 1) after.reset();
        return take_own(std::move(after));
    }

    Result<std::optional<Run>> take_own(std::optional<Run> row) {
        if (!row || !is_tombstone(*row) || TRY(signed_by(*row)) == SignedBy::nobody_of_us)
            return std::optional<Run>{};
        TRY(remove(database_, life_, *row));
        return row;
    }

    Result<SignedBy> signed_by(const Run& run) {
        if (!maker_.verify) return SignedBy::nobody_of_us;
        Statement row = TRY(database_.prepare("SELECT blob FROM items WHERE seq = ?"));
        TRY(row.bind(run.last));
        if (!TRY(row.step())) return SignedBy::nobody_of_us;
        const ByteView blob = row.blob(0);
        if (says_the_same(maker_.verify(blob), run, life_)) return SignedBy::key_in_use;
        if (maker_.verify_forerunner && says_the_same(maker_.verify_forerunner(blob), run, life_))
            return SignedBy::forerunner;
        log_error("spool",
                  "a tombstone that this reader did not sign stands in the spool and is left as it is: "
                  "first={} last={} cure=\"look who writes the spool's file: only reader and uplink "
                  "may\"",
                  run.first, run.last);
        return SignedBy::nobody_of_us;
    }

    Result<void> sign(const Run& run, UtcTime now) {
        const Bytes blob = TRY(with_context(maker_.sign({.device = life_.device,
                                                         .chain = life_.head.chain,
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
        Statement row =
            TRY(database_.prepare("INSERT INTO items(seq, first, kind, at_us, link, bytes, reads, plates, "
                                  "overviews, checkpoints, blob) "
                                  "VALUES(?, ?, 'tombstone', ?, ?, ?, ?, ?, ?, ?, ?)"));
        TRY(row.run(run.last, run.first, run.at_us, run.link, std::uint64_t{blob.size()}, run.reads,
                    run.plates, run.overviews, run.checkpoints, blob));
        life_.bytes = life_.bytes - tombstone_bytes_reserved + blob.size();
        return {};
    }

    Database& database_;
    Life& life_;
    const TombstoneMaker& maker_;
    std::map<Seq, Run> runs_;  // by their last seq
};

}  // namespace

Result<bool> make_room(Database& database, Life& life, const SpoolLimit& limit, const TombstoneMaker& maker,
                       UtcTime now) {
    Shedding shedding(database, life, maker);
    TRY(shedding.shed_aged(limit.age));
    TRY(shedding.shed_over(limit));
    TRY(shedding.sign_all(now));
    return shedding.any();
}

Result<SignedAnew> sign_tombstones_anew(Database& database, Life& life, const TombstoneMaker& maker,
                                        Seq after, UtcTime now) {
    return Shedding(database, life, maker).sign_anew(after, now);
}

Result<microseconds> oldest_age(Database& database, const Life& life) {
    const auto oldest = TRY(find(database, oldest_whole, 0));
    return oldest ? life.age_of(oldest->at_us) : microseconds(0);
}

}  // namespace portcullis
