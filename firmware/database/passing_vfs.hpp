#pragma once
// PassingVfs: a way to the disk for SQLite that hands each call on to the way below it. Who wants to look on
// (DiskMeter) or to interfere (FaultVfs of the tests) derives his state from it and puts functions of his own
// in the place of those that he cares for. Thread-bound, with the databases that go this way.
//
// A file of such a way is a struct whose first two members are `sqlite3_file base` and `State* state`; the
// file of the way below lies directly behind it. (https://www.sqlite.org/vfs.html, "shims")

#include <sqlite3.h>

#include "base/assert.hpp"

namespace portcullis {

struct PassingVfs {
    sqlite3_vfs vfs{};
    sqlite3_vfs* below = nullptr;
    int open_files = 0;

    /// Becomes SQLite's default way, above `way`. name: a literal. open: sets the methods of a file that it
    /// opens, and counts it in open_files.
    template <class File, class State>
    void stand_above(sqlite3_vfs* way, const char* name, State* state, decltype(sqlite3_vfs::xOpen) open) {
        PORTCULLIS_ASSERT(way != nullptr);
        below = way;
        vfs = *way;
        vfs.pNext = nullptr;
        vfs.szOsFile = static_cast<int>(sizeof(File)) + way->szOsFile;
        vfs.zName = name;
        vfs.pAppData = state;
        vfs.xOpen = open;
        vfs.xDelete = [](sqlite3_vfs* self, const char* file, int sync_folder) {
            sqlite3_vfs* const next = static_cast<State*>(self->pAppData)->below;
            return next->xDelete(next, file, sync_folder);
        };
        vfs.xAccess = [](sqlite3_vfs* self, const char* file, int flags, int* result) {
            sqlite3_vfs* const next = static_cast<State*>(self->pAppData)->below;
            return next->xAccess(next, file, flags, result);
        };
        vfs.xFullPathname = [](sqlite3_vfs* self, const char* file, int bytes, char* out) {
            sqlite3_vfs* const next = static_cast<State*>(self->pAppData)->below;
            return next->xFullPathname(next, file, bytes, out);
        };
    }
    /// After stand_above, and whatever it set was changed.
    void begin() { PORTCULLIS_ASSERT(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK); }
    /// The way below is the default again. All files must be closed.
    void end() {
        sqlite3_vfs_unregister(&vfs);
        sqlite3_vfs_register(below, 1);
    }
};

template <class File>
[[nodiscard]] File& own(sqlite3_file* file) {
    return *reinterpret_cast<File*>(file);
}

template <class File>
[[nodiscard]] sqlite3_file* below(sqlite3_file* file) {
    return reinterpret_cast<sqlite3_file*>(reinterpret_cast<File*>(file) + 1);
}

/// The file's methods, each of which does what the way below does.
template <class File>
[[nodiscard]] constexpr sqlite3_io_methods passing_methods() {
    sqlite3_io_methods on{};
    on.iVersion = 2;  // without xFetch, so that no page is read past us
    on.xClose = [](sqlite3_file* file) {
        --own<File>(file).state->open_files;
        return below<File>(file)->pMethods->xClose(below<File>(file));
    };
    on.xRead = [](sqlite3_file* file, void* into, int bytes, sqlite3_int64 offset) {
        return below<File>(file)->pMethods->xRead(below<File>(file), into, bytes, offset);
    };
    on.xWrite = [](sqlite3_file* file, const void* from, int bytes, sqlite3_int64 offset) {
        return below<File>(file)->pMethods->xWrite(below<File>(file), from, bytes, offset);
    };
    on.xTruncate = [](sqlite3_file* file, sqlite3_int64 size) {
        return below<File>(file)->pMethods->xTruncate(below<File>(file), size);
    };
    on.xSync = [](sqlite3_file* file, int flags) {
        return below<File>(file)->pMethods->xSync(below<File>(file), flags);
    };
    on.xFileSize = [](sqlite3_file* file, sqlite3_int64* size) {
        return below<File>(file)->pMethods->xFileSize(below<File>(file), size);
    };
    on.xLock = [](sqlite3_file* file, int kind) {
        return below<File>(file)->pMethods->xLock(below<File>(file), kind);
    };
    on.xUnlock = [](sqlite3_file* file, int kind) {
        return below<File>(file)->pMethods->xUnlock(below<File>(file), kind);
    };
    on.xCheckReservedLock = [](sqlite3_file* file, int* result) {
        return below<File>(file)->pMethods->xCheckReservedLock(below<File>(file), result);
    };
    on.xFileControl = [](sqlite3_file* file, int operation, void* argument) {
        return below<File>(file)->pMethods->xFileControl(below<File>(file), operation, argument);
    };
    on.xSectorSize = [](sqlite3_file* file) {
        return below<File>(file)->pMethods->xSectorSize(below<File>(file));
    };
    on.xDeviceCharacteristics = [](sqlite3_file* file) {
        return below<File>(file)->pMethods->xDeviceCharacteristics(below<File>(file));
    };
    on.xShmMap = [](sqlite3_file* file, int page, int bytes, int extend, void volatile** memory) {
        return below<File>(file)->pMethods->xShmMap(below<File>(file), page, bytes, extend, memory);
    };
    on.xShmLock = [](sqlite3_file* file, int offset, int count, int flags) {
        return below<File>(file)->pMethods->xShmLock(below<File>(file), offset, count, flags);
    };
    on.xShmBarrier = [](sqlite3_file* file) { below<File>(file)->pMethods->xShmBarrier(below<File>(file)); };
    on.xShmUnmap = [](sqlite3_file* file, int remove) {
        return below<File>(file)->pMethods->xShmUnmap(below<File>(file), remove);
    };
    return on;
}

}  // namespace portcullis
