#include "database/disk_meter.hpp"

#include <map>
#include <set>
#include <string>

#include "database/passing_vfs.hpp"

namespace portcullis {

struct DiskMeter::State : PassingVfs {
    DiskUse main;
    DiskUse wal;
    DiskUse others;                                          // temporary files
    std::map<std::string, std::set<std::int64_t>> unsynced;  // blocks, by the name of their file
};

namespace {

struct File {
    sqlite3_file base;
    DiskMeter::State* state;
    DiskUse* use;
    std::set<std::int64_t>* unsynced;  // shared by all who have the same file open
};

constexpr sqlite3_io_methods passing = passing_methods<File>();

int write_file(sqlite3_file* file, const void* from, int bytes, sqlite3_int64 offset) {
    const File& self = own<File>(file);
    self.use->writes += 1;
    self.use->bytes += static_cast<std::uint64_t>(bytes);
    constexpr auto block = static_cast<sqlite3_int64>(disk_block_bytes);
    for (sqlite3_int64 one = offset / block; one * block < offset + bytes; ++one)
        if (self.unsynced->insert(one).second) self.use->blocks += 1;
    return passing.xWrite(file, from, bytes, offset);
}

int sync_file(sqlite3_file* file, int flags) {
    own<File>(file).use->syncs += 1;
    own<File>(file).unsynced->clear();
    return passing.xSync(file, flags);
}

constexpr sqlite3_io_methods methods = [] {
    sqlite3_io_methods made = passing;
    made.xWrite = write_file;
    made.xSync = sync_file;
    return made;
}();

int open_file(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags, int* given) {
    auto& state = *static_cast<DiskMeter::State*>(vfs->pAppData);
    DiskUse& use = (flags & SQLITE_OPEN_MAIN_DB) != 0 ? state.main
                   : (flags & SQLITE_OPEN_WAL) != 0   ? state.wal
                                                      : state.others;
    own<File>(file) = File{{nullptr}, &state, &use, &state.unsynced[name != nullptr ? name : ""]};
    sqlite3_file* const real = below<File>(file);
    real->pMethods = nullptr;
    const int code = state.below->xOpen(state.below, name, real, flags, given);
    // SQLite closes what has methods, also after a failure; the way below then wants its own close.
    if (real->pMethods == nullptr) return code;
    own<File>(file).base.pMethods = &methods;
    ++state.open_files;
    return code;
}

}  // namespace

DiskMeter::DiskMeter() : state_(std::make_unique<State>()) {
    state_->stand_above<File>(sqlite3_vfs_find(nullptr), "disk-meter", state_.get(), open_file);
    state_->begin();
}

DiskMeter::~DiskMeter() {
    PORTCULLIS_ASSERT(state_->open_files == 0);
    state_->end();
}

DiskUse DiskMeter::main_files() const {
    return state_->main;
}

DiskUse DiskMeter::wal_files() const {
    return state_->wal;
}

}  // namespace portcullis
