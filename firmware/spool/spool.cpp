#include "spool/spool.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "base/log.hpp"
#include "spool/anchor_keeper.hpp"
#include "spool/life.hpp"
#include "spool/shed.hpp"
#include "spool/spool_file.hpp"

namespace portcullis {

namespace {

// A receipt that frees a whole spool is worked off in pieces, so that the reader's append never waits long.
constexpr int release_batch_rows = 64;
// A nearly full disk makes a spool shed only what is at most this part of it: the last few records help
// nobody by going.
constexpr std::uint64_t disk_full_share = 4;
// How often an idle spool is looked at, and how often its age is written though nothing happens: so much of
// it is forgotten when the power goes.
constexpr std::chrono::minutes ageing_interval{1};
constexpr std::chrono::hours age_kept_every{1};
constexpr std::chrono::hours shedding_told_every{1};

const Clock& system_clock() {
    static const SystemClock clock;
    return clock;
}

Result<void> check_settings(const SpoolSettings& settings) {
    if (!is_device_name(settings.device))
        return fail(ErrorCode::configuration,
                    "spool: '{}' is no device name; take 1 to {} of a-z, 0-9 and '-'", settings.device,
                    max_device_name_bytes);
    return {};
}

std::uint64_t bytes_of(const SealedRecord& record) {
    std::uint64_t bytes = 0;
    for (const SealedItem& item : record.items)
        bytes += item.blob.size();
    return bytes;
}

Result<void> check_item(const SealedItem& item, const ChainHead& head) {
    if (item.kind == ItemKind::tombstone)
        return fail(ErrorCode::invalid_argument, "tombstones are made by the spool itself");
    if (item.blob.empty() || item.blob.size() > max_blob_bytes)
        return fail(ErrorCode::invalid_argument, "item {} has {} bytes; 1 to {} are allowed", item.seq,
                    item.blob.size(), max_blob_bytes);
    if (item.seq != head.next_seq)
        return fail(ErrorCode::refused, "item {} does not continue the chain; seq {} comes next", item.seq,
                    head.next_seq);
    if (item.link != next_link(head.link, item.seq, sha256(item.blob)))
        return fail(ErrorCode::refused, "the link of item {} does not continue the chain", item.seq);
    return {};
}

/// The head after record, if record continues `head`.
Result<ChainHead> continue_head(ChainHead head, const SealedRecord& record) {
    if (record.items.empty()) return fail(ErrorCode::invalid_argument, "a record without items");
    if (record.chain != head.chain)
        return fail(ErrorCode::refused, "a record of chain {}, but the spool's chain is {}",
                    to_string(record.chain), to_string(head.chain));
    for (const SealedItem& item : record.items) {
        TRY(check_item(item, head));
        head.next_seq += 1;
        head.link = item.link;
    }
    return head;
}

/// How much the disk lacks for another `bytes` with the reserve intact. Pages that the file has free count as
/// room, for it never shrinks.
Result<std::uint64_t> disk_lacks(Database& database, const std::filesystem::path& path, std::uint64_t bytes) {
    std::error_code error;
    const auto space = std::filesystem::space(path, error);
    if (error)
        return fail(
            Error::from_errno(fmt::format("cannot ask for free space at {}", path.string()), error.value()));
    const std::int64_t free_pages = TRY(database.integer("PRAGMA freelist_count"));
    const std::int64_t page_bytes = TRY(database.integer("PRAGMA page_size"));
    const std::uint64_t room = space.available + static_cast<std::uint64_t>(free_pages * page_bytes);
    const std::uint64_t wanted = spool_disk_reserve_bytes + bytes;
    return room < wanted ? wanted - room : 0;
}

/// What may be stored before the record comes in. When the disk gets full we shed while we still can: on a
/// disk without a free page not even a DELETE works, for the -wal file cannot grow. Twice the record's size
/// at most, so that a disk filled by somebody else does not cost us the whole spool at once.
Result<SpoolLimit> room_for(Database& database, const SpoolSettings& settings, const Life& life,
                            const SealedRecord& record) {
    const std::uint64_t bytes = bytes_of(record);
    if (bytes > settings.quota_bytes || record.items.size() > settings.quota_items)
        return fail(ErrorCode::exhausted,
                    "a record of {} items and {} bytes is over the whole quota; raise it",
                    record.items.size(), bytes);
    SpoolLimit limit{settings.quota_bytes - bytes, settings.quota_items - record.items.size(),
                     settings.quota_age};
    const std::uint64_t spare = std::min(TRY(disk_lacks(database, settings.path, bytes)), 2 * bytes);
    if (spare > 0 && life.bytes > disk_full_share * spare)
        limit.bytes = std::min(limit.bytes, life.bytes - spare);
    return limit;
}

/// The owner's file, compared with its anchor.
Result<SpoolFile> open_beside(const SpoolSettings& settings, AnchorKeeper& anchor, Opening opening) {
    SpoolFile file = TRY(open_owned_file(settings.path, settings.device, settings.guest_patience,
                                         [&anchor] { anchor.about_to(LifeReason::set_aside); }));
    return anchor.meet(std::move(file), settings.path, settings.guest_patience, opening);
}

}  // namespace

struct Spool::State {
    State(SpoolSettings given, TombstoneMaker signer, const Clock& time, SpoolFile opened,
          const ChainHead& stands, std::optional<AnchorKeeper> keeper)
        : settings(std::move(given)),
          maker(std::move(signer)),
          clock(time),
          file(std::move(opened)),
          head(stands),
          anchor(std::move(keeper)) {}

    SpoolSettings settings;
    TombstoneMaker maker;
    const Clock& clock;
    SpoolFile file;
    ChainHead head;
    std::optional<AnchorKeeper> anchor;  // the owner's
    bool damaged = false;                // damage was met, and the file could not be opened anew yet
    BootTime ageing_due{};
    BootTime shedding_log_due{};
    std::uint64_t forerunners = 0;  // as the maker counts them
    std::optional<Seq> anew_after;  // tombstones behind it may be a forerunner's
    std::string anew_told;
    std::optional<BootTime> door_opens;  // the door is shut until then

    [[nodiscard]] Result<void> insert(const SealedRecord& record, microseconds age) {
        Statement row = TRY(file.database.prepare(
            "INSERT INTO items(seq, first, kind, at_us, link, bytes, blob) VALUES(?, ?, ?, ?, ?, ?, ?)"));
        for (const SealedItem& item : record.items)
            TRY(row.run(item.seq, item.seq, to_string(item.kind), std::int64_t{age.count()}, item.link,
                        std::uint64_t{item.blob.size()}, item.blob));
        return {};
    }

    [[nodiscard]] Result<void> append(const SealedRecord& record) {
        auto transaction = TRY(Transaction::begin(file.database));
        Life life = TRY(load_life(file.database));
        const ChainHead next = TRY(continue_head(life.head, record));
        life.pass_time(clock.since_boot());
        const SpoolLimit limit = TRY(room_for(file.database, settings, life, record));
        const bool shed = TRY(make_room(file.database, life, limit, maker, clock.utc()));
        TRY(insert(record, life.age));
        life.head = next;
        life.items += record.items.size();
        life.bytes += bytes_of(record);
        TRY(store_life(file.database, life));
        TRY(transaction.commit());
        head = life.head;
        anchor->follow(head, record);
        if (shed) tell_shedding(life);
        return {};
    }

    [[nodiscard]] Result<void> open_anew() {
        damaged = true;
        { const Database closed = std::move(file.database); }
        SpoolFile opened = TRY(open_beside(settings, *anchor, Opening::anew));
        const Life life = TRY(load_life(opened.database));
        file.database = std::move(opened.database);
        if (opened.set_aside) file.set_aside = std::move(opened.set_aside);
        head = life.head;
        door_opens.reset();
        damaged = false;
        forerunners = 0;  // it is looked through anew
        return {};
    }

    /// The owner's file is open; else it is opened first.
    [[nodiscard]] Result<void> ready() {
        if (damaged) return with_context(open_anew(), "spool: cannot be opened anew");
        if (!file.database.is_open()) return with_context(reopen(), "spool: cannot be opened anew");
        return {};
    }

    [[nodiscard]] Result<void> shed_aged() {
        if (clock.since_boot() < ageing_due) return {};
        ageing_due = clock.since_boot() + ageing_interval;
        Life life = TRY(load_life(file.database));
        const microseconds kept = life.age;
        life.pass_time(clock.since_boot());
        if (life.items == 0) return {};
        const bool over = TRY(oldest_age(file.database, life))
        > settings.quota_age;
        if (!over && life.age - kept < age_kept_every) return {};
        TRY(age_rows());
        if (over) ageing_due = {};  // there may be more
        return {};
    }

    [[nodiscard]] Result<void> age_rows() {
        auto transaction = TRY(Transaction::begin(file.database));
        Life life = TRY(load_life(file.database));
        life.pass_time(clock.since_boot());
        const SpoolLimit limit{settings.quota_bytes, settings.quota_items, settings.quota_age};
        const bool shed = TRY(make_room(file.database, life, limit, maker, clock.utc()));
        TRY(store_life(file.database, life));
        TRY(transaction.commit());
        if (shed) tell_shedding(life);
        return {};
    }

    [[nodiscard]] Result<void> sign_anew() {
        if (!maker.verify_forerunner || !maker.forerunners) return {};
        const std::uint64_t known = maker.forerunners();
        if (std::exchange(forerunners, known) != known) anew_after = 0;
        if (!anew_after) return {};
        auto done = without_guests([&] { return sign_piece_anew(); });
        if (!done && done.error().code() == ErrorCode::corrupt)
            return told(std::move(done), "cannot sign older tombstones anew");
        const std::string why = done ? "" : done.error().message();
        if (std::exchange(anew_told, why) != why && !done)
            log_error("spool", "older tombstones cannot be signed with the new key, trying again: {}", why);
        return {};
    }

    [[nodiscard]] Result<void> sign_piece_anew() {
        auto transaction = TRY(Transaction::begin(file.database));
        Life life = TRY(load_life(file.database));
        const auto done = TRY(sign_tombstones_anew(file.database, life, maker, *anew_after, clock.utc()));
        if (done.tombstones > 0) {
            TRY(store_life(file.database, life));
            TRY(transaction.commit());
        }
        anew_after = done.reached;
        return {};
    }

    [[nodiscard]] bool is_guest() const { return !maker; }

    [[nodiscard]] bool moved() const {
        return (file.database.is_open() && file.database.moved()) ||
               (is_guest() && !(shared_memory_of(settings.path) == file.shared_memory));
    }

    /// What the owner does when a guest holds it up.
    [[nodiscard]] Result<void> shut_out(std::string_view what) {
        log_error(
            "spool",
            "{}: whoever reads it is shut out for {} s; cure=\"look what holds {} open: only the uplink "
            "should, and never for long\"",
            what, std::chrono::duration_cast<std::chrono::seconds>(settings.shut_out_time).count(),
            settings.path.string());
        door_opens = clock.since_boot() + settings.shut_out_time;
        { const Database gone = std::move(file.database); }
        return reopen();
    }

    [[nodiscard]] Result<void> reopen() {
        file.database = TRY(open_behind_shut_door(settings.path, settings.guest_patience));
        return {};
    }

    void open_door() {
        if (!door_opens || clock.since_boot() < *door_opens) return;
        door_opens.reset();
        set_door(settings.path, Door::open);
        log_info("spool", "guests may read it again: file={}", settings.path.string());
    }

    /// A transaction of the owner's: what a guest's lock holds up is done again behind a shut door.
    template <class Attempt>
    [[nodiscard]] auto without_guests(Attempt attempt) -> decltype(attempt()) {
        open_door();
        if (!file.database.is_open()) TRY(reopen());
        auto outcome = attempt();
        if (!outcome && outcome.error().code() == ErrorCode::timeout && !door_opens) {
            TRY(shut_out("the spool is locked by another process"));
            outcome = attempt();
        }
        if (outcome) bound_wal();
        return outcome;
    }

    /// A guest in the middle of reading keeps the -wal file from being begun anew: it grows with each record.
    void bound_wal() {
        std::error_code missing;
        const auto bytes = std::filesystem::file_size(settings.path.string() + "-wal", missing);
        if (missing || bytes <= settings.wal_most_bytes) return;
        const auto held_up = file.database.integer("PRAGMA wal_checkpoint(TRUNCATE)");
        if (held_up && *held_up == 0) return;
        if (door_opens) return;  // no guest's doing
        if (const auto done = shut_out("the spool's -wal file cannot be worked off"); !done)
            log_error("spool", "{}; trying again with the next record", done.error().message());
    }

    [[nodiscard]] Result<std::vector<SpooledItem>> peek(Seq after_seq, std::size_t max_items,
                                                        std::size_t max_bytes) {
        Statement row = TRY(file.database.prepare(
            "SELECT seq, first, kind, link, bytes, blob FROM items WHERE seq > ? ORDER BY seq LIMIT ?"));
        TRY(row.bind(after_seq, std::uint64_t{max_items}));
        std::vector<SpooledItem> found;
        std::uint64_t bytes = 0;
        while (TRY(row.step())) {
            bytes += row.count(4);
            if (!found.empty() && bytes > max_bytes) break;
            const auto kind = item_kind_from_string(row.text(2));
            if (!kind) return fail(ErrorCode::corrupt, "row {} is of no known kind", row.count(0));
            const ByteView blob = row.blob(5);
            const Digest link = TRY(to_digest(row.blob(3)));
            found.push_back({{row.count(0), *kind, Bytes(blob.begin(), blob.end()), link}, row.count(1)});
        }
        return found;
    }

    [[nodiscard]] Result<SpoolStats> stats() {
        Life life = TRY(load_life(file.database));
        life.pass_time(clock.since_boot());
        const std::int64_t came = TRY(file.database.integer(fmt::format(
            "SELECT coalesce((SELECT at_us FROM items ORDER BY seq LIMIT 1), {})", life.age.count())));
        return SpoolStats{.chain = life.head.chain,
                          .last_seq = life.head.next_seq - 1,
                          .received = life.received,
                          .items = life.items,
                          .bytes = life.bytes,
                          .oldest_age = life.age_of(came),
                          .shed_reads = life.shed_reads,
                          .shed_plates = life.shed_plates,
                          .shed_overviews = life.shed_overviews,
                          .shed_checkpoints = life.shed_checkpoints};
    }

    /// The outcome at the room's door: with context, and damage is remembered for the next opening. What a
    /// guest read without locks counts for nothing, and is no damage.
    template <class T>
    [[nodiscard]] Result<T> told(Result<T>&& outcome, std::string_view what) {
        if (is_guest() && moved())
            return fail(ErrorCode::closed, "spool: {}: the reader opened the file anew", what);
        if (!outcome && outcome.error().code() == ErrorCode::corrupt && !is_guest())
            mark_suspect(settings.path);
        return with_context(std::move(outcome), fmt::format("spool: {}", what));
    }

    [[nodiscard]] Result<std::uint64_t> releasable(const ChainId& chain, Seq upto, const Digest& link,
                                                   Seq after_seq) {
        const bool fits = TRY(check_receipt(chain, upto, link));
        if (!fits) return std::uint64_t{0};
        Statement rows = TRY(file.database.prepare("SELECT count(*) FROM items WHERE seq > ? AND seq <= ?"));
        TRY(rows.bind(after_seq, upto));
        TRY(rows.step());
        return rows.count(0);
    }

    // False: nothing to do. The link is compared once, with the row that goes last.
    [[nodiscard]] Result<bool> check_receipt(const ChainId& chain, Seq upto, const Digest& link) {
        const Life life = TRY(load_life(file.database));
        if (chain != life.head.chain)
            return fail(ErrorCode::refused, "the receipt speaks of another chain ({}, ours is {})",
                        to_string(chain), to_string(life.head.chain));
        if (upto >= life.head.next_seq)
            return fail(ErrorCode::refused, "the receipt speaks of seq {}, but {} was the last", upto,
                        life.head.next_seq - 1);
        if (upto <= life.received) return false;
        Statement row = TRY(file.database.prepare("SELECT link FROM items WHERE seq = ?"));
        TRY(row.bind(upto));
        if (!TRY(row.step())) return false;  // inside a merged tombstone
        if (std::ranges::equal(row.blob(0), link)) return true;
        return fail(ErrorCode::refused,
                    "the receipt's link for seq {} is not ours: it speaks of another chain", upto);
    }

    [[nodiscard]] Result<std::uint64_t> release_batch(Seq upto, const Digest& receipt) {
        auto transaction = TRY(Transaction::begin(file.database));
        Life life = TRY(load_life(file.database));
        Statement sums =
            TRY(file.database.prepare("SELECT count(*), coalesce(sum(bytes), 0), coalesce(max(seq), 0) FROM "
                                      "(SELECT seq, bytes FROM items WHERE seq <= ? ORDER BY seq LIMIT ?)"));
        TRY(sums.bind(upto, release_batch_rows));
        TRY(sums.step());
        const std::uint64_t rows = sums.count(0);
        const std::uint64_t bytes = sums.count(1);
        const Seq last = sums.count(2);
        sums.reset();
        if (rows == 0) return rows;
        Statement forget = TRY(file.database.prepare("DELETE FROM items WHERE seq <= ?"));
        TRY(forget.run(last));
        life.items -= rows;
        life.bytes -= bytes;
        life.received = last;
        if (last == upto) life.receipt = receipt;
        TRY(store_life(file.database, life));
        TRY(transaction.commit());
        return rows;
    }

    // Not for each record.
    void tell_shedding(const Life& life) {
        const BootTime now = clock.since_boot();
        if (now < shedding_log_due) return;
        shedding_log_due = now + shedding_told_every;
        log_warning(
            "spool",
            "over quota or disk nearly full, shedding: items={} bytes={} shed_reads={} shed_overviews={} "
            "quota_items={} quota_bytes={} quota_age_h={}",
            life.items, life.bytes, life.shed_reads, life.shed_overviews, settings.quota_items,
            settings.quota_bytes, settings.quota_age.count());
    }
};

Spool::Spool(std::unique_ptr<State> state) : state_(std::move(state)) {}
Spool::Spool(Spool&&) noexcept = default;
Spool& Spool::operator=(Spool&&) noexcept = default;
Spool::~Spool() = default;

Result<Spool> Spool::open(SpoolSettings settings, TombstoneMaker maker) {
    return open(std::move(settings), std::move(maker), system_clock());
}

Result<Spool> Spool::open(SpoolSettings settings, TombstoneMaker maker, const Clock& clock) {
    TRY(check_settings(settings));
    if (!maker) return fail(ErrorCode::invalid_argument, "spool: the owner needs a tombstone maker");
    UniqueFd lock = TRY(with_context(lock_spool(settings.path), "spool"));
    AnchorKeeper anchor =
        TRY(AnchorKeeper::create(AnchorFile(settings.anchor, settings.write_anchor), settings.device));
    SpoolFile file = TRY(with_context(open_beside(settings, anchor, Opening::start), "spool"));
    file.owner_lock = std::move(lock);
    const Life life = TRY(load_life(file.database));
    return Spool(std::make_unique<State>(std::move(settings), std::move(maker), clock, std::move(file),
                                         life.head, std::move(anchor)));
}

Result<Spool> Spool::attach(SpoolSettings settings) {
    return attach(std::move(settings), system_clock());
}

Result<Spool> Spool::attach(SpoolSettings settings, const Clock& clock) {
    TRY(check_settings(settings));
    SpoolFile file = TRY(with_context(attach_spool_file(settings.path, settings.device), "spool"));
    const Life life = TRY(load_life(file.database));
    return Spool(std::make_unique<State>(std::move(settings), TombstoneMaker(), clock, std::move(file),
                                         life.head, std::nullopt));
}

const ChainHead& Spool::head() const {
    return state_->head;
}

Result<void> Spool::append(const SealedRecord& record) {
    PORTCULLIS_ASSERT(!state_->is_guest());
    TRY(sign_anew());
    return state_->told(state_->without_guests([&] { return state_->append(record); }), "cannot append");
}

Result<void> Spool::reopen() {
    PORTCULLIS_ASSERT(!state_->is_guest());
    mark_suspect(state_->settings.path);
    return with_context(state_->open_anew(), "spool");
}

Result<void> Spool::shed_aged() {
    PORTCULLIS_ASSERT(!state_->is_guest());
    TRY(sign_anew());
    return state_->told(state_->without_guests([&] { return state_->shed_aged(); }),
                        "cannot shed what is over age");
}

Result<void> Spool::sign_anew() {
    PORTCULLIS_ASSERT(!state_->is_guest());
    TRY(state_->ready());
    return state_->sign_anew();
}

std::optional<LifeStatement> Spool::untold() const {
    PORTCULLIS_ASSERT(!state_->is_guest());
    return state_->anchor->untold();
}

std::optional<LifeStatement> Spool::report() const {
    PORTCULLIS_ASSERT(!state_->is_guest());
    return state_->anchor->report();
}

void Spool::count_losses(std::uint64_t records_lost, std::uint64_t frames_dropped) {
    PORTCULLIS_ASSERT(!state_->is_guest());
    state_->anchor->count_losses(records_lost, frames_dropped);
}

void Spool::save_anchor() {
    PORTCULLIS_ASSERT(!state_->is_guest());
    state_->anchor->save();
}

Result<std::vector<SpooledItem>> Spool::peek(Seq after_seq, std::size_t max_items, std::size_t max_bytes) {
    TRY(state_->ready());
    return state_->told(state_->peek(after_seq, max_items, max_bytes), "cannot read");
}

Result<std::uint64_t> Spool::releasable(const ChainId& chain, Seq upto, const Digest& link, Seq after_seq) {
    return state_->told(state_->releasable(chain, upto, link, after_seq), "cannot read");
}

Result<std::uint64_t> Spool::release(const ChainId& chain, Seq upto, const Digest& link,
                                     const Digest& receipt) {
    PORTCULLIS_ASSERT(!state_->is_guest());
    TRY(state_->ready());
    const bool fits = TRY(state_->told(
        state_->without_guests([&] { return state_->check_receipt(chain, upto, link); }), "cannot release"));
    if (!fits) return std::uint64_t{0};
    std::uint64_t released = 0;
    for (;;) {
        const std::uint64_t rows = TRY(state_->told(
            state_->without_guests([&] { return state_->release_batch(upto, receipt); }), "cannot release"));
        if (rows == 0) return released;
        released += rows;
    }
}

Result<std::optional<Digest>> Spool::last_receipt_digest() {
    TRY(state_->ready());
    const auto load = [&] { return load_life(state_->file.database); };
    const Life life =
        TRY(state_->told(state_->is_guest() ? load() : state_->without_guests(load), "cannot read"));
    return life.receipt;
}

Result<SpoolStats> Spool::stats() {
    TRY(state_->ready());
    return state_->told(state_->stats(), "cannot count");
}

Result<std::int64_t> Spool::version() {
    TRY(state_->ready());
    return state_->file.database.data_version();
}

void Spool::tick() {
    PORTCULLIS_ASSERT(!state_->is_guest());
    state_->open_door();
}

bool Spool::moved() const {
    return state_->moved();
}

const std::optional<std::filesystem::path>& Spool::set_aside() const {
    return state_->file.set_aside;
}

}  // namespace portcullis
