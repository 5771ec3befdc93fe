#include "index/plate_index.hpp"

#include <openssl/rand.h>

#include <algorithm>

#include "database/schema.hpp"
#include "index/row_place.hpp"
#include "seal/openssl.hpp"

namespace portcullis {

namespace {

constexpr std::size_t salt_bytes = 32;

Schema index_schema() {
    constexpr std::int32_t application_id = 0x50434958;  // "PCIX"
    return {"plate index", application_id, 1, R"sql(
CREATE TABLE state(one INTEGER PRIMARY KEY CHECK(one = 1), unsettled INTEGER NOT NULL, settled INTEGER NOT NULL) STRICT;
CREATE TABLE hole(first INTEGER NOT NULL, last INTEGER NOT NULL) STRICT;
CREATE TABLE epoch(id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, salt BLOB NOT NULL) STRICT;
CREATE TABLE source(id INTEGER PRIMARY KEY, device TEXT NOT NULL, chain BLOB NOT NULL, UNIQUE(device, chain)) STRICT;
CREATE TABLE passage(id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL REFERENCES epoch, source INTEGER NOT NULL REFERENCES source,
  seq INTEGER NOT NULL, minute INTEGER NOT NULL, exact BLOB NOT NULL, folded BLOB NOT NULL, cell BLOB NOT NULL) STRICT;
CREATE UNIQUE INDEX passage_exact ON passage(epoch, exact);
CREATE UNIQUE INDEX passage_folded ON passage(epoch, folded);
CREATE INDEX passage_place ON passage(source, seq);
CREATE INDEX passage_time ON passage(source, minute);
)sql"};
}

DatabaseSettings file_settings(const std::filesystem::path& path) {
    constexpr unsigned own = 0600;
    DatabaseSettings file;
    file.path = path;
    file.mode = own;
    return file;
}

std::int64_t count_of(UtcTime time) {
    return time.time_since_epoch().count();
}

}  // namespace

Result<PlateIndex> PlateIndex::open(const std::filesystem::path& path, UtcTime now) {
    auto database =
        std::make_unique<Database>(TRY(with_context(Database::open(file_settings(path)), "plate index")));
    TRY(with_context(adopt_schema(*database, index_schema()), path.string()));
    PlateIndex index(std::move(database), true);
    TRY(with_context(index.begin_life(now), "plate index"));
    return index;
}

Result<PlateIndex> PlateIndex::attach(const std::filesystem::path& path) {
    DatabaseSettings file = file_settings(path);
    file.create = false;
    auto database = std::make_unique<Database>(TRY(with_context(Database::open(file), "plate index")));
    TRY(with_context(check_schema(*database, index_schema()), path.string()));
    return PlateIndex(std::move(database), false);
}

/// What came before the file, and what a crash may have taken, is told as a hole.
Result<void> PlateIndex::begin_life(UtcTime now) {
    Transaction transaction = TRY(Transaction::begin(*database_));
    auto select = TRY(database_->prepare("SELECT unsettled, settled FROM state"));
    TRY(select.bind());
    const bool fresh = !TRY(select.step());
    const bool unsettled = fresh || select.integer(0) != 0;
    const UtcTime since = fresh ? UtcTime() : UtcTime(microseconds(select.integer(1)));
    select.reset();
    if (unsettled) TRY(add_hole(since, now));
    auto write =
        TRY(database_->prepare("INSERT OR REPLACE INTO state(one, unsettled, settled) VALUES(1, 0, ?)"));
    TRY(write.run(count_of(now)));
    return transaction.commit();
}

/// Beyond max_holes the two oldest become one.
Result<void> PlateIndex::add_hole(UtcTime first, UtcTime last) {
    std::vector<IndexHole> all = TRY(holes());
    all.push_back({std::min(first, last), last});
    if (all.size() > max_holes) {
        all[1].first = std::min(all[0].first, all[1].first);
        all.erase(all.begin());
    }
    TRY(database_->execute("DELETE FROM hole"));
    auto insert = TRY(database_->prepare("INSERT INTO hole(first, last) VALUES(?, ?)"));
    for (const IndexHole& hole : all)
        TRY(insert.run(count_of(hole.first), count_of(hole.last)));
    return {};
}

Result<std::vector<IndexHole>> PlateIndex::holes() {
    auto select = TRY(database_->prepare("SELECT first, last FROM hole ORDER BY last LIMIT ?"));
    TRY(select.bind(static_cast<std::uint64_t>(max_holes)));
    std::vector<IndexHole> all;
    while (TRY(select.step()))
        all.push_back({UtcTime(microseconds(select.integer(0))), UtcTime(microseconds(select.integer(1)))});
    return all;
}

Result<void> PlateIndex::close_holes(UtcTime upto) {
    auto remove = TRY(database_->prepare("DELETE FROM hole WHERE last <= ?"));
    return remove.run(count_of(upto));
}

Result<std::uint64_t> PlateIndex::rows() {
    const std::int64_t count = TRY(database_->integer("SELECT count(*) FROM passage"));
    return static_cast<std::uint64_t>(count);
}

/// A sync of the disk with each read would cost more than opening it; one a second is enough (settle).
Result<void> PlateIndex::sync_commits(bool on) {
    if (on == syncs_) return {};
    TRY(database_->execute(on ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL"));
    syncs_ = on;
    return {};
}

Result<void> PlateIndex::use_keys(std::vector<std::string> key_ids, DeriveSecret derive) {
    held_ = std::move(key_ids);
    derive_ = std::move(derive);
    epochs_.clear();
    gone_ = TRY(with_context(load_epochs(), "plate index"));
    return {};
}

Result<std::vector<PlateIndex::EpochId>> PlateIndex::load_epochs() {
    version_ = TRY(database_->data_version());
    auto select = TRY(database_->prepare("SELECT id, key, salt FROM epoch ORDER BY id"));
    TRY(select.bind());
    std::map<std::string, Epoch> usable;
    std::vector<EpochId> gone;
    locked_ = 0;
    while (TRY(select.step())) {
        const EpochId id = select.integer(0);
        const std::string key_id(select.text(1));
        Bytes salt(select.blob(2).begin(), select.blob(2).end());
        if (std::ranges::find(held_, key_id) == held_.end()) {
            gone.push_back(id);
            continue;
        }
        const auto known = epochs_.find(key_id);
        if (known != epochs_.end() && known->second.id == id && known->second.salt == salt) {
            usable.insert(*known);
            continue;
        }
        const Result<SecretKey> secret = derive_(key_id, salt);
        if (secret)
            usable.emplace(key_id, Epoch{id, std::move(salt), IndexKey(*secret)});
        else
            ++locked_;
    }
    epochs_ = std::move(usable);
    return gone;
}

Result<bool> PlateIndex::sweep() {
    if (!gone_.empty()) TRY(with_context(delete_some(gone_.back()), "plate index"));
    if (!gone_.empty()) return true;
    if (!wal_due_) return false;
    static_cast<void>(
        TRY(with_context(database_->integer("PRAGMA wal_checkpoint(TRUNCATE)"), "plate index")));
    wal_due_ = false;
    return false;
}

Result<void> PlateIndex::delete_some(EpochId epoch) {
    TRY(sync_commits(true));
    Transaction transaction = TRY(Transaction::begin(*database_));
    auto remove = TRY(database_->prepare(
        "DELETE FROM passage WHERE id IN (SELECT id FROM passage WHERE epoch = ? LIMIT ?)"));
    TRY(remove.run(epoch, rows_a_sweep));
    const bool last = database_->changes() < rows_a_sweep;
    auto remove_epoch = TRY(database_->prepare("DELETE FROM epoch WHERE id = ?"));
    if (last) TRY(remove_epoch.run(epoch));
    TRY(transaction.commit());
    wal_due_ = true;  // what was deleted stands in the -wal file until that is worked off
    if (last) gone_.pop_back();
    return {};
}

const PlateIndex::Epoch* PlateIndex::epoch_with(EpochId id) const {
    for (const auto& [key_id, epoch] : epochs_)
        if (epoch.id == id) return &epoch;
    return nullptr;
}

/// Inside a transaction: nobody else makes or removes one meanwhile.
Result<const PlateIndex::Epoch*> PlateIndex::epoch_of(const std::string& key_id) {
    if (TRY(database_->data_version()) != version_) static_cast<void>(TRY(load_epochs()));
    const auto known = epochs_.find(key_id);
    if (known != epochs_.end()) return &known->second;
    return make_epoch(key_id);
}

Result<const PlateIndex::Epoch*> PlateIndex::make_epoch(const std::string& key_id) {
    Bytes salt(salt_bytes);
    if (RAND_bytes(u8(salt), static_cast<int>(salt.size())) != 1)
        return fail(openssl_error(ErrorCode::internal, "no random bytes"));
    const SecretKey secret = TRY(derive_(key_id, salt));
    auto insert = TRY(database_->prepare("INSERT INTO epoch(key, salt) VALUES(?, ?)"));
    TRY(insert.run(std::string_view(key_id), ByteView(salt)));
    const EpochId id = database_->last_row_id();
    return &epochs_.insert_or_assign(key_id, Epoch{id, std::move(salt), IndexKey(secret)}).first->second;
}

Result<std::int64_t> PlateIndex::source_of(const IndexedPassage& passage) {
    auto select = TRY(database_->prepare("SELECT id FROM source WHERE device = ? AND chain = ?"));
    TRY(select.bind(std::string_view(passage.device), ByteView(passage.chain.bytes)));
    if (TRY(select.step())) return select.integer(0);
    select.reset();
    auto insert = TRY(database_->prepare("INSERT INTO source(device, chain) VALUES(?, ?)"));
    TRY(insert.run(std::string_view(passage.device), ByteView(passage.chain.bytes)));
    return database_->last_row_id();
}

Result<bool> PlateIndex::add(const IndexedPassage& passage, const std::string& key_id, UtcTime now) {
    const std::size_t added = TRY(add_all(std::span(&passage, 1), key_id, now));
    return added == 1;
}

Result<std::size_t> PlateIndex::add_all(std::span<const IndexedPassage> passages, const std::string& key_id,
                                        UtcTime now) {
    const bool known = epochs_.contains(key_id);
    Result<std::size_t> added = add_in_one(passages, key_id, now);
    if (added) return added;
    if (!missing_since_) missing_since_ = now;
    if (!known) epochs_.erase(key_id);  // made in a transaction that was not kept: it is none
    return fail(std::move(added.error()).with("plate index"));
}

Result<std::size_t> PlateIndex::add_in_one(std::span<const IndexedPassage> passages,
                                           const std::string& key_id, UtcTime now) {
    // The first after a pause is synced: that there is something to settle must outlive a power cut.
    TRY(sync_commits(!unsettled_));
    Transaction transaction = TRY(Transaction::begin(*database_));
    const Epoch* epoch = TRY(epoch_of(key_id));
    std::size_t added = 0;
    for (const IndexedPassage& passage : passages)
        if (TRY(add_one(*epoch, passage))) ++added;
    if (added == 0) return added;
    if (owner_ && !unsettled_) TRY(database_->execute("UPDATE state SET unsettled = 1"));
    if (missing_since_) TRY(add_hole(*missing_since_, now));
    TRY(transaction.commit());
    unsettled_ = owner_;
    missing_since_.reset();
    return added;
}

Result<bool> PlateIndex::add_one(const Epoch& epoch, const IndexedPassage& passage) {
    const std::int64_t source = TRY(source_of(passage));
    if (TRY(is_there(passage, source))) return false;
    Bytes plain = TRY(encode_cell(passage));
    const Cleanse cleanse(plain);
    const Tags tags = TRY(free_tags(epoch, passage.text));
    const std::int64_t minute = minute_of(passage.captured);
    const RowPlace place{passage.device, passage.chain, passage.seq, minute, tags.exact, tags.folded};
    const Bytes cell = TRY(epoch.key.seal(plain, bound_to(place, epoch.salt)));
    auto insert = TRY(database_->prepare(
        "INSERT INTO passage(epoch, source, seq, minute, exact, folded, cell) VALUES(?, ?, ?, ?, ?, ?, ?)"));
    TRY(insert.run(epoch.id, source, passage.seq, minute, ByteView(tags.exact), ByteView(tags.folded),
                   ByteView(cell)));
    return true;
}

Result<bool> PlateIndex::has(const Epoch& epoch, TagKind kind, const Tag& tag) {
    auto select = TRY(database_->prepare(kind == TagKind::exact
                                             ? "SELECT 1 FROM passage WHERE epoch = ? AND exact = ?"
                                             : "SELECT 1 FROM passage WHERE epoch = ? AND folded = ?"));
    TRY(select.bind(epoch.id, ByteView(tag)));
    return select.step();
}

/// Rows of one plate have the numbers 0, 1, 2 .. without a gap: those of an epoch go together.
Result<std::uint64_t> PlateIndex::count(const Epoch& epoch, TagKind kind, std::string_view plate) {
    const auto taken = [&](std::uint64_t n) { return has(epoch, kind, epoch.key.tag(kind, plate, n)); };
    std::uint64_t free = 0;  // the first that was found free
    while (TRY(taken(free)))
        free = 2 * free + 1;
    std::uint64_t low = free / 2;  // below it all are taken
    while (low < free) {
        const std::uint64_t middle = low + (free - low) / 2;
        if (TRY(taken(middle)))
            low = middle + 1;
        else
            free = middle;
    }
    return free;
}

Result<PlateIndex::Tags> PlateIndex::free_tags(const Epoch& epoch, std::string_view plate) {
    Tags tags;
    if (plate.empty()) {
        tags.exact = TRY(stray_tag());
        tags.folded = TRY(stray_tag());
        return tags;
    }
    const std::string folded = fold_look_alikes(plate);
    tags.exact = epoch.key.tag(TagKind::exact, plate, TRY(count(epoch, TagKind::exact, plate)));
    tags.folded = epoch.key.tag(TagKind::folded, folded, TRY(count(epoch, TagKind::folded, folded)));
    return tags;
}

Result<void> PlateIndex::settle(UtcTime now) {
    TRY(with_context(sync_commits(true), "plate index"));
    auto write = TRY(database_->prepare("UPDATE state SET unsettled = 0, settled = ?"));
    TRY(with_context(write.run(count_of(now)), "plate index"));
    unsettled_ = false;
    return {};
}

}  // namespace portcullis
