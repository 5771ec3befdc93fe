#include "spool/spool_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/durable.hpp"
#include "base/file_lock.hpp"
#include "base/log.hpp"
#include "spool/life.hpp"

namespace portcullis {

namespace {

namespace fs = std::filesystem;

std::string suspect_mark(const fs::path& path) {
    return path.string() + ".suspect";
}

fs::path wal_of(const fs::path& path) {
    return path.string() + "-wal";
}

fs::path shm_of(const fs::path& path) {
    return path.string() + "-shm";
}

Result<fs::path> free_name(const fs::path& path, std::string_view why) {
    for (int n = 1; n <= max_broken_files; ++n) {
        fs::path name = fmt::format("{}.{}-{}", path.string(), why, n);
        std::error_code ignored;
        if (!fs::exists(name, ignored)) return name;
    }
    return fail(
        ErrorCode::exhausted,
        "{}: {} spools that were set aside (.{}-1 ...) lie beside it already; check the disk, then move "
        "them away",
        path.string(), max_broken_files, why);
}

// The main file goes first: from then on SQLite in another process sees that it moved and neither checkpoints
// into it nor deletes the -wal of the new file by name.
Result<fs::path> set_file_aside(const fs::path& path, std::string_view why) {
    fs::path broken = TRY(free_name(path, why));
    std::error_code error;
    fs::rename(path, broken, error);
    if (error)
        return fail(Error::from_errno(fmt::format("cannot set {} aside", path.string()), error.value()));
    std::error_code ignored;
    fs::rename(wal_of(path), wal_of(broken), ignored);
    fs::remove(shm_of(path), ignored);
    fs::remove(suspect_mark(path), ignored);
    TRY(sync_folder(path.parent_path()));
    return broken;
}

// What SQLite's own check cannot know: the rows cover oldest..next_seq-1 without a gap, each holds something,
// the last one carries the head's link, and the sums are right.
Result<void> check_rows(Database& database, const Life& life) {
    Statement sums =
        TRY(database.prepare("SELECT count(*), coalesce(sum(bytes), 0), coalesce(max(seq), 0) FROM items"));
    TRY(sums.bind());
    TRY(sums.step());
    const bool summed = sums.count(0) == life.items && sums.count(1) == life.bytes;
    const Seq last = sums.count(2);
    sums.reset();
    const std::int64_t gaps = TRY(database.integer(
        "SELECT count(*) FROM (SELECT first, lag(seq) OVER (ORDER BY seq) AS before FROM items) "
        "WHERE before IS NOT NULL AND first <> before + 1"));
    bool ends_well = life.items == 0;
    if (!ends_well) {
        Statement row = TRY(database.prepare("SELECT link FROM items WHERE seq = ?"));
        TRY(row.bind(last));
        ends_well = TRY(row.step())
        &&last + 1 == life.head.next_seq&& TRY(to_digest(row.blob(0)))
        == life.head.link;
    }
    const std::int64_t empty = TRY(database.integer("SELECT count(*) FROM items WHERE bytes = 0"));
    if (summed && gaps == 0 && empty == 0 && ends_well) return {};
    return fail(ErrorCode::corrupt, "the rows do not fit together; the file is damaged");
}

Result<void> check_device(const Life& life, const std::string& device) {
    if (life.device == device) return {};
    return fail(
        ErrorCode::configuration,
        "this spool belongs to device '{}', the settings say '{}'; put the old name back until its records "
        "are received, or give another path",
        life.device, device);
}

Result<void> check_pages(Database& database, const fs::path& path) {
    std::error_code ignored;
    const bool suspect = fs::exists(suspect_mark(path), ignored);
    if (!suspect && fs::file_size(path, ignored) > full_check_bytes) return {};
    TRY(database.check_integrity());
    fs::remove(suspect_mark(path), ignored);
    return {};
}

constexpr mode_t group_reads = 0640;
constexpr mode_t owner_only = 0600;

// For the flash's sake, measured (README.md, "Wear"). Small pages: a commit rewrites each page that it
// touches whole. Sealed bytes need no zeros over them: who copies the flash cannot open them, deleted or not.
DatabaseSettings owners_settings(const fs::path& path, milliseconds patience) {
    return {.path = path,
            .keep_wal = true,
            .mode = group_reads,
            .busy_timeout = patience,
            .page_bytes = 1024,
            .overwrite_deleted = false};
}

void tell_of_open_folder(const fs::path& path) {
    struct stat info {};
    const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
    if (::stat(folder.c_str(), &info) != 0 || (info.st_mode & (S_IWGRP | S_IWOTH)) == 0) return;
    log_error("spool",
              "others than the reader may write the spool's folder, and replace what is in it: folder={} "
              "cure=\"chmod go-w\"",
              folder.string());
}

Result<Database> open_checked(const fs::path& path, const std::string& device, milliseconds patience) {
    Database database = TRY(Database::open(owners_settings(path, patience)));
    const Schema schema = TRY(spool_schema(device));
    TRY(adopt_schema(database, schema));
    TRY(check_pages(database, path));
    const Life life = TRY(load_life(database));
    TRY(check_device(life, device));
    TRY(check_rows(database, life));
    return database;
}

}  // namespace

FileId shared_memory_of(const fs::path& path) {
    struct stat info {};
    if (::stat(shm_of(path).c_str(), &info) != 0) return {};
    return {info.st_dev, info.st_ino};
}

void set_door(const fs::path& path, Door door) {
    for (const fs::path& part : {path, wal_of(path), shm_of(path)})
        if (::chmod(part.c_str(), door == Door::open ? group_reads : owner_only) != 0 && errno != ENOENT)
            log_warning("spool", "cannot set the mode of {}", part.string());
}

Result<Database> open_behind_shut_door(const fs::path& path, milliseconds patience) {
    set_door(path, Door::shut);
    std::error_code ignored;
    fs::remove(shm_of(path), ignored);
    Database database = TRY(Database::open(owners_settings(path, patience)));
    static_cast<void>(TRY(database.integer("PRAGMA wal_checkpoint(TRUNCATE)")));
    return database;
}

void mark_suspect(const fs::path& path) {
    const UniqueFd mark(::open(suspect_mark(path).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, owner_only));
    if (!mark) log_warning("spool", "cannot mark {} as suspect", path.string());
}

Result<UniqueFd> lock_spool(const fs::path& path) {
    auto lock = lock_file(path.string() + ".owner");
    if (!lock && lock.error().code() == ErrorCode::refused)
        return fail(ErrorCode::refused,
                    "{}: another reader has this spool open; stop it or give this one its own path",
                    path.string());
    return lock;
}

Result<SpoolFile> open_owned_file(const fs::path& path, const std::string& device, milliseconds patience,
                                  const BeforeAside& before_aside) {
    tell_of_open_folder(path);
    // What is in the -shm stands in the -wal too; the locks of guests go with it, and come back honest.
    std::error_code ignored;
    fs::remove(shm_of(path), ignored);
    set_door(path, Door::open);
    auto database = open_checked(path, device, patience);
    if (database) return SpoolFile{std::move(*database), UniqueFd(), {}, {}};
    if (database.error().code() != ErrorCode::corrupt)
        return fail(std::move(database.error()).with(path.string()));
    const std::string what = database.error().message();
    before_aside();
    fs::path broken = TRY(set_file_aside(path, "broken"));
    log_error("spool",
              "corrupt file set aside, a new chain begins: file={} why=\"{}\" cure=\"keep the file: records "
              "that were not received are in it; check the disk\"",
              broken.string(), what);
    Database fresh = TRY(open_checked(path, device, patience));
    return SpoolFile{std::move(fresh), UniqueFd(), {}, std::move(broken)};
}

Result<SpoolFile> replace_rolled_back(SpoolFile file, const fs::path& path, const std::string& device,
                                      milliseconds patience) {
    { const Database closed = std::move(file.database); }
    file.set_aside = TRY(set_file_aside(path, "rolled-back"));
    set_door(path, Door::open);
    file.database = TRY(open_checked(path, device, patience));
    return file;
}

Result<SpoolFile> attach_spool_file(const fs::path& path, const std::string& device) {
    const FileId shared_memory = shared_memory_of(path);
    auto attach = [&]() -> Result<Database> {
        Database database = TRY(Database::open({.path = path, .read_only = true}));
        const Schema schema = TRY(spool_schema(device));
        TRY(check_schema(database, schema));
        const Life life = TRY(load_life(database));
        TRY(check_device(life, device));
        return database;
    };
    auto database = attach();
    if (database) return SpoolFile{std::move(*database), UniqueFd(), shared_memory, {}};
    Error error = std::move(database.error()).with(path.string());
    // SQLite's words speak of writing; a guest only reads.
    if (error.code() == ErrorCode::denied || error.code() == ErrorCode::io)
        return fail(
            error.code(),
            "{} (this process only reads it: is it in the spool's group, and did the reader run since "
            "it was installed?)",
            error.message());
    return fail(std::move(error));
}

}  // namespace portcullis
