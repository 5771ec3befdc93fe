#include "spool/salvage.hpp"

#include <algorithm>
#include <vector>

#include "base/log.hpp"
#include "spool/life.hpp"

namespace portcullis {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t piece_bytes = std::uint64_t{16} << 20;
constexpr std::uint64_t piece_items = 2048;
constexpr std::chrono::minutes scan_interval{1};
constexpr int patience_tries = 10;  // then what cannot be read is taken for lost

struct Row {
    SpooledItem spooled;
    Tombstone counts;  // of a tombstone
};

void remove_database(const fs::path& path) {
    std::error_code ignored;
    for (const char* part : {"", "-wal", "-shm", ".owner", ".suspect"})
        fs::remove(path.string() + part, ignored);
}

bool was_set_aside(const fs::path& file, const fs::path& spool) {
    const std::string name = file.filename().string();
    for (const char* why : {".broken-", ".rolled-back-"}) {
        const std::string begin = spool.filename().string() + why;
        if (name.starts_with(begin) && name.size() > begin.size() &&
            name.find_first_not_of("0123456789", begin.size()) == std::string::npos)
            return true;
    }
    return false;
}

/// Oldest first, by when they were last written.
std::vector<fs::path> files_set_aside(const fs::path& spool) {
    std::vector<std::pair<fs::file_time_type, fs::path>> found;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(spool.parent_path(), ignored))
        if (was_set_aside(entry.path(), spool))
            found.emplace_back(entry.last_write_time(ignored), entry.path());
    std::ranges::sort(found);
    std::vector<fs::path> files;
    files.reserve(found.size());
    for (auto& [time, file] : found)
        files.push_back(std::move(file));
    return files;
}

Result<void> insert(Database& database, const Row& row, microseconds age) {
    Statement insert = TRY(
        database.prepare("INSERT INTO items(seq, first, kind, at_us, link, bytes, reads, plates, overviews, "
                         "checkpoints, blob) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    const SealedItem& item = row.spooled.item;
    return insert.run(item.seq, row.spooled.first, to_string(item.kind), std::int64_t{age.count()}, item.link,
                      std::uint64_t{item.blob.size()}, row.counts.reads, row.counts.plates,
                      row.counts.overviews, row.counts.checkpoints, item.blob);
}

/// An empty spool file becomes that of another chain, from `next` on.
Result<void> become(Database& database, Life& life, const ChainHead& next) {
    Statement chain = TRY(database.prepare("UPDATE life SET chain = ?"));
    TRY(chain.run(next.chain.bytes));
    life.head = next;
    life.received = next.next_seq - 1;
    life.items = life.bytes = 0;
    return {};
}

}  // namespace

fs::path rest_of(const fs::path& spool) {
    return spool.string() + ".rest";
}

/// A file that was set aside, read row by row and never written.
struct Salvage::Source {
    fs::path file;
    Database database;
    Life life;

    [[nodiscard]] static Result<std::unique_ptr<Source>> open(const fs::path& file,
                                                              const std::string& device) {
        Database database = TRY(Database::open({.path = file, .read_only = true}));
        const Schema schema = TRY(spool_schema(device));
        TRY(check_schema(database, schema));
        Life life = TRY(load_life(database));
        if (life.device != device) return fail(ErrorCode::configuration, "it is of device '{}'", life.device);
        return std::make_unique<Source>(Source{file, std::move(database), std::move(life)});
    }

    /// The next row behind `head` if it continues it; nothing when none does any more. An error when it
    /// cannot be read now.
    [[nodiscard]] Result<std::optional<Row>> behind(const ChainHead& head, const TombstoneMaker& maker) {
        std::optional<Row> row = TRY(read_behind(head.next_seq - 1));
        if (!row || row->spooled.first != head.next_seq) return std::optional<Row>();
        if (row->spooled.item.kind == ItemKind::tombstone) return vouched_for(std::move(*row), maker);
        const SealedItem& item = row->spooled.item;
        if (item.seq != head.next_seq || item.link != next_link(head.link, item.seq, sha256(item.blob)))
            return std::optional<Row>();
        return row;
    }

    /// The first row that was not received. The link before it is known of a chain of which nothing was; else
    /// its own link counts if the row behind it, or the chain's end, says the same.
    [[nodiscard]] Result<std::optional<Row>> first(const TombstoneMaker& maker) {
        if (life.received == 0)
            return behind({life.head.chain, 1, first_link(life.device, life.head.chain)}, maker);
        std::optional<Row> row = TRY(read_behind(life.received));
        if (!row || row->spooled.first != life.received + 1) return std::optional<Row>();
        if (row->spooled.item.kind == ItemKind::tombstone) return vouched_for(std::move(*row), maker);
        const ChainHead after{life.head.chain, row->spooled.item.seq + 1, row->spooled.item.link};
        const bool ends = after.next_seq == life.head.next_seq && after.link == life.head.link;
        if (!ends && !TRY(behind(after, maker))) return std::optional<Row>();
        return row;
    }

    int tries_left = patience_tries;

  private:
    [[nodiscard]] Result<std::optional<Row>> read_behind(Seq seq) {
        const auto read = [&]() -> Result<std::optional<Row>> {
            Statement row = TRY(database.prepare(
                "SELECT seq, first, kind, link, blob FROM items WHERE seq > ? AND length(blob) <= ? "
                "ORDER BY seq LIMIT 1"));
            TRY(row.bind(seq, std::uint64_t{max_blob_bytes}));
            if (!TRY(row.step())) return std::optional<Row>();
            const auto kind = item_kind_from_string(row.text(2));
            const ByteView blob = row.blob(4);
            if (!kind || blob.empty()) return std::optional<Row>();
            const Digest link = TRY(to_digest(row.blob(3)));
            Row found;
            found.spooled = {{row.count(0), *kind, Bytes(blob.begin(), blob.end()), link}, row.count(1)};
            return std::optional<Row>(std::move(found));
        };
        Result<std::optional<Row>> row = read();
        if (!row && (row.error().code() == ErrorCode::corrupt || --tries_left <= 0))
            return std::optional<Row>();
        return row;
    }

    [[nodiscard]] std::optional<Row> vouched_for(Row row, const TombstoneMaker& maker) const {
        if (!maker.verify) return std::nullopt;
        auto own = maker.verify(row.spooled.item.blob);
        // It is signed anew where it is copied to.
        if (!own && maker.verify_forerunner) own = maker.verify_forerunner(row.spooled.item.blob);
        const SealedItem& item = row.spooled.item;
        if (!own || own->device != life.device || own->chain != life.head.chain ||
            own->first != row.spooled.first || own->last != item.seq || own->link != item.link)
            return std::nullopt;
        row.counts = *own;
        return row;
    }
};

Salvage::Salvage(SpoolSettings settings, TombstoneMaker maker, const Clock& clock)
    : settings_(std::move(settings)), maker_(std::move(maker)), clock_(clock) {}
Salvage::~Salvage() = default;

void Salvage::look() {
    const auto done = step();
    looked_ = true;
    if (done) {
        told_.clear();
    } else if (told_ != done.error().message()) {
        told_ = done.error().message();
        log_warning("spool", "what was set aside waits: {}", told_);
    }
}

Result<void> Salvage::step() {
    // Of the run before, or of a piece that could not be made.
    if (!rest_ && (!looked_ || source_) && fs::exists(rest_of(settings_.path))) {
        SpoolSettings rest = settings_;
        rest.path = rest_of(settings_.path);
        rest.anchor.clear();
        rest_ = TRY(Spool::open(std::move(rest), maker_, clock_));
    }
    if (rest_ && !TRY(is_drained())) return {};
    if (!source_) TRY(find_source());
    if (source_) return next_piece();
    if (rest_) remove_rest();
    return {};
}

Result<bool> Salvage::is_drained() {
    rest_->tick();
    TRY(rest_->shed_aged());
    return TRY(rest_->stats())
    .items == 0;
}

/// The one that the rest comes from, else the oldest.
Result<void> Salvage::find_source() {
    if (!rest_ && scan_due_ && clock_.since_boot() < *scan_due_) return {};
    scan_due_ = clock_.since_boot() + scan_interval;
    std::unique_ptr<Source> oldest;
    for (const fs::path& file : files_set_aside(settings_.path)) {
        if (hopeless_.contains(file)) continue;
        auto source = Source::open(file, settings_.device);
        if (!source) {
            const ErrorCode code = source.error().code();
            const bool for_good = code == ErrorCode::corrupt || code == ErrorCode::configuration ||
                                  ++failed_[file] >= patience_tries;
            if (!for_good) return fail(std::move(source.error()));
            hopeless_.insert(file);
            log_warning("spool", "nothing of it can be delivered, it is kept: file={} why=\"{}\"",
                        file.string(), source.error().message());
            continue;
        }
        if (rest_ && (*source)->life.head.chain == rest_->head().chain) {
            source_ = std::move(*source);
            return {};
        }
        if (!oldest) oldest = std::move(*source);
    }
    source_ = std::move(oldest);
    return {};
}

Result<void> Salvage::next_piece() {
    const fs::path path = rest_of(settings_.path);
    const bool goes_on = rest_ && rest_->head().chain == source_->life.head.chain;
    if (!goes_on) remove_rest();
    rest_.reset();
    SpoolSettings rest = settings_;
    rest.path = path;
    rest.anchor.clear();
    if (!goes_on) static_cast<void>(TRY(Spool::open(rest, maker_, clock_)));  // makes the file
    std::uint64_t taken = 0;
    {
        Database database = TRY(Database::open({.path = path, .create = false, .keep_wal = true}));
        auto transaction = TRY(Transaction::begin(database));
        Life life = TRY(load_life(database));
        life.pass_time(clock_.since_boot());
        std::optional<Row> row = TRY(goes_on ? source_->behind(life.head, maker_) : source_->first(maker_));
        if (row && !goes_on) TRY(become(database, life, {source_->life.head.chain, row->spooled.first, {}}));
        for (; row && taken < piece_items && life.bytes < piece_bytes;
             row = TRY(source_->behind(life.head, maker_))) {
            TRY(insert(database, *row, life.age));
            life.head.next_seq = row->spooled.item.seq + 1;
            life.head.link = row->spooled.item.link;
            life.items += 1;
            life.bytes += row->spooled.item.blob.size();
            ++taken;
        }
        if (taken > 0) {
            TRY(store_life(database, life));
            TRY(transaction.commit());
        }
    }
    rest_ = TRY(Spool::open(std::move(rest), maker_, clock_));
    if (taken == 0) finish_source();
    return {};
}

/// All that can be read of it was received.
void Salvage::finish_source() {
    const fs::path file = source_->file;
    const bool began = rest_->head().chain == source_->life.head.chain;
    const Seq reached = began ? rest_->head().next_seq : source_->life.received + 1;
    const Seq end = source_->life.head.next_seq;
    source_.reset();
    remove_rest();
    scan_due_.reset();  // there may be another
    if (reached >= end) {
        log_info("spool", "a spool that was set aside is delivered whole and removed: file={}",
                 file.string());
        remove_database(file);
        return;
    }
    const fs::path kept = settings_.path.string() + ".unread";
    remove_database(kept);
    std::error_code error;
    for (const char* part : {"-wal", ""})
        if (fs::exists(file.string() + part)) fs::rename(file.string() + part, kept.string() + part, error);
    if (error)
        hopeless_.insert(file);
    else
        remove_database(file);  // its lock file
    log_error("spool",
              "of a spool that was set aside all that can be read is delivered, from seq {} to {} it cannot: "
              "kept={}",
              reached, end - 1, kept.string());
}

void Salvage::remove_rest() {
    rest_.reset();
    remove_database(rest_of(settings_.path));
}

}  // namespace portcullis
