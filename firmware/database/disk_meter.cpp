#include "database/disk_meter.hpp"

#include <sqlite3.h>

#include <map>
#include <set>
#include <string>

#include "base/assert.hpp"

namespace portcullis {

struct DiskMeter::State {
    sqlite3_vfs vfs{};
    sqlite3_vfs* below = nullptr;
    DiskUse main;
    DiskUse wal;
    DiskUse others;                                          // temporary files
    std::map<std::string, std::set<std::int64_t>> unsynced;  // blocks, by the name of their file
    int open_files = 0;
};

namespace {

/// The file of the way below lies directly behind it.
struct File {
    sqlite3_file base;
    DiskMeter::State* state;
    DiskUse* use;
    std::set<std::int64_t>* unsynced;  // shared by all who have the same file open
};

File& own(sqlite3_file* file) {
    return *reinterpret_cast<File*>(file);
}
sqlite3_file* below(sqlite3_file* file) {
    return reinterpret_cast<sqlite3_file*>(reinterpret_cast<File*>(file) + 1);
}

int close_file(sqlite3_file* file) {
    --own(file).state->open_files;
    return below(file)->pMethods->xClose(below(file));
}
int read_file(sqlite3_file* file, void* into, int bytes, sqlite3_int64 offset) {
    return below(file)->pMethods->xRead(below(file), into, bytes, offset);
}
int write_file(sqlite3_file* file, const void* from, int bytes, sqlite3_int64 offset) {
    own(file).use->writes += 1;
    own(file).use->bytes += static_cast<std::uint64_t>(bytes);
    constexpr auto block = static_cast<sqlite3_int64>(disk_block_bytes);
    for (sqlite3_int64 one = offset / block; one * block < offset + bytes; ++one)
        if (own(file).unsynced->insert(one).second) own(file).use->blocks += 1;
    return below(file)->pMethods->xWrite(below(file), from, bytes, offset);
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
    return below(file)->pMethods->xTruncate(below(file), size);
}
int sync_file(sqlite3_file* file, int flags) {
    own(file).use->syncs += 1;
    own(file).unsynced->clear();
    return below(file)->pMethods->xSync(below(file), flags);
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
    return below(file)->pMethods->xFileSize(below(file), size);
}
int lock_file(sqlite3_file* file, int kind) {
    return below(file)->pMethods->xLock(below(file), kind);
}
int unlock_file(sqlite3_file* file, int kind) {
    return below(file)->pMethods->xUnlock(below(file), kind);
}
int check_reserved_lock(sqlite3_file* file, int* result) {
    return below(file)->pMethods->xCheckReservedLock(below(file), result);
}
int control_file(sqlite3_file* file, int operation, void* argument) {
    return below(file)->pMethods->xFileControl(below(file), operation, argument);
}
int sector_size(sqlite3_file* file) {
    return below(file)->pMethods->xSectorSize(below(file));
}
int device_characteristics(sqlite3_file* file) {
    return below(file)->pMethods->xDeviceCharacteristics(below(file));
}
int map_shared(sqlite3_file* file, int page, int bytes, int extend, void volatile** memory) {
    return below(file)->pMethods->xShmMap(below(file), page, bytes, extend, memory);
}
int lock_shared(sqlite3_file* file, int offset, int count, int flags) {
    return below(file)->pMethods->xShmLock(below(file), offset, count, flags);
}
void shared_barrier(sqlite3_file* file) {
    below(file)->pMethods->xShmBarrier(below(file));
}
int unmap_shared(sqlite3_file* file, int remove) {
    return below(file)->pMethods->xShmUnmap(below(file), remove);
}

// Version 2: without xFetch, so that no page is read past us.
constexpr sqlite3_io_methods methods = {2,
                                        close_file,
                                        read_file,
                                        write_file,
                                        truncate_file,
                                        sync_file,
                                        file_size,
                                        lock_file,
                                        unlock_file,
                                        check_reserved_lock,
                                        control_file,
                                        sector_size,
                                        device_characteristics,
                                        map_shared,
                                        lock_shared,
                                        shared_barrier,
                                        unmap_shared,
                                        nullptr,
                                        nullptr};

int open_file(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags, int* given) {
    auto& state = *static_cast<DiskMeter::State*>(vfs->pAppData);
    DiskUse& use = (flags & SQLITE_OPEN_MAIN_DB) != 0 ? state.main
                   : (flags & SQLITE_OPEN_WAL) != 0   ? state.wal
                                                      : state.others;
    own(file) = File{{nullptr}, &state, &use, &state.unsynced[name != nullptr ? name : ""]};
    below(file)->pMethods = nullptr;
    const int code = state.below->xOpen(state.below, name, below(file), flags, given);
    // SQLite closes what has methods, also after a failure; the way below then wants its own close.
    if (below(file)->pMethods == nullptr) return code;
    own(file).base.pMethods = &methods;
    ++state.open_files;
    return code;
}

}  // namespace

DiskMeter::DiskMeter() : state_(std::make_unique<State>()) {
    State& state = *state_;
    state.below = sqlite3_vfs_find(nullptr);
    PORTCULLIS_ASSERT(state.below != nullptr);
    state.vfs = *state.below;
    state.vfs.pNext = nullptr;
    state.vfs.szOsFile = static_cast<int>(sizeof(File)) + state.below->szOsFile;
    state.vfs.zName = "disk-meter";
    state.vfs.pAppData = &state;
    state.vfs.xOpen = open_file;
    state.vfs.xDelete = [](sqlite3_vfs* vfs, const char* name, int sync_folder) {
        sqlite3_vfs* const way = static_cast<State*>(vfs->pAppData)->below;
        return way->xDelete(way, name, sync_folder);
    };
    state.vfs.xAccess = [](sqlite3_vfs* vfs, const char* name, int flags, int* result) {
        sqlite3_vfs* const way = static_cast<State*>(vfs->pAppData)->below;
        return way->xAccess(way, name, flags, result);
    };
    state.vfs.xFullPathname = [](sqlite3_vfs* vfs, const char* name, int bytes, char* out) {
        sqlite3_vfs* const way = static_cast<State*>(vfs->pAppData)->below;
        return way->xFullPathname(way, name, bytes, out);
    };
    PORTCULLIS_ASSERT(sqlite3_vfs_register(&state.vfs, 1) == SQLITE_OK);
}

DiskMeter::~DiskMeter() {
    PORTCULLIS_ASSERT(state_->open_files == 0);
    sqlite3_vfs_unregister(&state_->vfs);
    sqlite3_vfs_register(state_->below, 1);
}

DiskUse DiskMeter::main_files() const {
    return state_->main;
}

DiskUse DiskMeter::wal_files() const {
    return state_->wal;
}

}  // namespace portcullis
