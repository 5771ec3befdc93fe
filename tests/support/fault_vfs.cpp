#include "support/fault_vfs.hpp"

#include <doctest/doctest.h>

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "database/passing_vfs.hpp"

namespace portcullis::test {

namespace {

using Call = FaultVfs::Call;
using Unsynced = FaultVfs::Unsynced;

constexpr std::size_t sector_bytes = 512;
constexpr int journals = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;

/// A write at `offset`, or the cut of the file to `offset` bytes.
struct Change {
    std::size_t offset;
    Bytes data;
    bool truncates = false;
};

struct Inode {
    Bytes durable;
    std::vector<Change> unsynced;
};

struct NameChange {
    std::string name;
    Inode* inode;  // null: the name went
};

void apply(Bytes& content, std::size_t offset, ByteView data) {
    if (content.size() < offset + data.size()) content.resize(offset + data.size());
    std::copy(data.begin(), data.end(), content.begin() + static_cast<std::ptrdiff_t>(offset));
}

void apply(Bytes& content, const Change& change) {
    if (change.truncates)
        content.resize(change.offset);
    else
        apply(content, change.offset, change.data);
}

void apply_torn(Bytes& content, const Change& change, std::mt19937& random) {
    const auto fate = random() % 3;
    if (fate == 0) return;
    if (fate == 1 || change.truncates) return apply(content, change);
    for (std::size_t done = 0; done < change.data.size();) {
        const std::size_t place = change.offset + done;
        const std::size_t piece = std::min(sector_bytes - place % sector_bytes, change.data.size() - done);
        if (random() % 2 == 0) apply(content, place, ByteView(change.data).subspan(done, piece));
        done += piece;
    }
}

Bytes survivor(const Inode& inode, Unsynced unsynced, std::mt19937& random) {
    Bytes content = inode.durable;
    for (const Change& change : inode.unsynced) {
        if (unsynced == Unsynced::kept) apply(content, change);
        if (unsynced == Unsynced::torn) apply_torn(content, change, random);
    }
    return content;
}

Bytes content_of(const std::string& name) {
    std::ifstream in(name, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const ByteView bytes = as_bytes(text);
    return {bytes.begin(), bytes.end()};
}

void put(const std::string& name, const Bytes& content) {
    std::ofstream out(name, std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size()));
    REQUIRE(out.flush());
}

bool is_there(const char* name) {
    return ::access(name, F_OK) == 0;
}

bool changes_something(Call call) {
    return call == Call::write || call == Call::sync || call == Call::truncate || call == Call::remove;
}

int pages_of_new_connections = 0;

int set_checkpoint_pages(sqlite3* connection, char** /*error*/, const sqlite3_api_routines* /*api*/) {
    return sqlite3_wal_autocheckpoint(connection, pages_of_new_connections);
}

/// The words of a PRAGMA on their way to SQLite (SQLITE_FCNTL_PRAGMA): 0 for the answer, its name, its value.
bool sets_checkpoint_pages(int operation, void* argument) {
    return operation == SQLITE_FCNTL_PRAGMA && pages_of_new_connections > 0 &&
           std::string_view(static_cast<char**>(argument)[1]) == "wal_autocheckpoint";
}

using Extension = void (*)();

}  // namespace

namespace {
FaultVfs::State* living = nullptr;  // the one whose faults the calls of SQLite itself meet
std::function<int()> asked_first;
}  // namespace

void ask_before_sqlite(std::function<int()> ask) {
    asked_first = std::move(ask);
}

struct FaultVfs::State : PassingVfs {
    std::vector<std::unique_ptr<Inode>> inodes;
    std::map<std::string, Inode*> names;          // as the running program sees them
    std::map<std::string, Inode*> durable_names;  // as a power cut leaves them
    std::vector<NameChange> unsynced_names;

    std::optional<Fault> fault;
    std::uint64_t calls_of_fault = 0;
    bool struck = false;
    bool asleep = false;

    std::optional<std::uint64_t> calls_to_live;
    bool only_killed = false;
    bool dead = false;

    /// SQLITE_OK when the call may go on, else what it returns. `died` when this call is the one that the end
    /// fell into.
    int admit(Call call, bool changes, bool& died) {
        if (!dead && changes && calls_to_live && --*calls_to_live == 0) died = dead = true;
        if (dead) return SQLITE_IOERR;
        return strike(call);
    }
    int strike(Call call) {
        if (!fault || asleep || fault->call != call) return SQLITE_OK;
        ++calls_of_fault;
        if (calls_of_fault != fault->at && (calls_of_fault < fault->at || !fault->lasts)) return SQLITE_OK;
        struck = true;
        return fault->code;
    }
    int admit(Call call) {
        bool died = false;
        return admit(call, changes_something(call), died);
    }

    Inode* inode_at(const std::string& name) {
        if (const auto known = names.find(name); known != names.end()) return known->second;
        inodes.push_back(std::make_unique<Inode>());
        return names[name] = inodes.back().get();
    }
    /// Made by the product itself, which syncs file and folder.
    Inode* adopt(const std::string& name) {
        const bool known = names.contains(name);
        Inode* inode = inode_at(name);
        if (known) return inode;
        inode->durable = content_of(name);
        durable_names[name] = inode;
        return inode;
    }
    Inode* create(const std::string& name) {
        Inode* inode = inode_at(name);
        unsynced_names.push_back({name, inode});
        return inode;
    }
    void remove(const std::string& name) {
        names.erase(name);
        unsynced_names.push_back({name, nullptr});
    }
    void sync(Inode& inode) {
        for (const Change& change : inode.unsynced)
            apply(inode.durable, change);
        inode.unsynced.clear();
    }
    void sync_names(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i)
            if (unsynced_names[i].inode != nullptr)
                durable_names[unsynced_names[i].name] = unsynced_names[i].inode;
            else
                durable_names.erase(unsynced_names[i].name);
        unsynced_names.clear();
    }

    void revive() {
        REQUIRE(open_files == 0);
        dead = false;
        calls_to_live.reset();
    }
};

namespace {

using State = FaultVfs::State;

struct File {
    sqlite3_file base;
    State* state;
    Inode* inode;     // null: a temporary file, left alone
    bool syncs_name;  // its first sync syncs the folder too
};

constexpr sqlite3_io_methods passing = passing_methods<File>();

int admit(sqlite3_file* file, Call call) {
    const File& self = own<File>(file);
    return self.inode == nullptr ? SQLITE_OK : self.state->admit(call);
}

int read_file(sqlite3_file* file, void* into, int bytes, sqlite3_int64 offset) {
    const int code = admit(file, Call::read);
    return code != SQLITE_OK ? code : passing.xRead(file, into, bytes, offset);
}

int write_file(sqlite3_file* file, const void* from, int bytes, sqlite3_int64 offset) {
    Inode* const inode = own<File>(file).inode;
    if (inode == nullptr) return passing.xWrite(file, from, bytes, offset);
    State& state = *own<File>(file).state;
    bool died = false;
    const int code = state.admit(Call::write, true, died);
    const auto remember = [&](int count) {
        const auto* begin = static_cast<const std::byte*>(from);
        inode->unsynced.push_back({static_cast<std::size_t>(offset), Bytes(begin, begin + count)});
    };
    // What the power cut fell into may have come through, in pieces.
    if (died && !state.only_killed) remember(bytes);
    if (state.dead) return code;
    const int count = code == SQLITE_OK ? bytes : bytes / 2;
    remember(count);
    const int written = passing.xWrite(file, from, count, offset);
    return code != SQLITE_OK ? code : written;
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
    if (const int code = admit(file, Call::truncate); code != SQLITE_OK) return code;
    if (Inode* const inode = own<File>(file).inode; inode != nullptr)
        inode->unsynced.push_back({static_cast<std::size_t>(size), {}, true});
    return passing.xTruncate(file, size);
}

// Nothing goes to the real disk: only the model decides what is durable.
int sync_file(sqlite3_file* file, int /*flags*/) {
    if (const int code = admit(file, Call::sync); code != SQLITE_OK) return code;
    File& self = own<File>(file);
    if (self.inode == nullptr) return SQLITE_OK;
    self.state->sync(*self.inode);
    if (self.syncs_name) self.state->sync_names(self.state->unsynced_names.size());
    self.syncs_name = false;
    return SQLITE_OK;
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
    const int code = admit(file, Call::size);
    return code != SQLITE_OK ? code : passing.xFileSize(file, size);
}

int lock_file(sqlite3_file* file, int kind) {
    const int code = admit(file, Call::lock);
    return code != SQLITE_OK ? code : passing.xLock(file, kind);
}

int control_file(sqlite3_file* file, int operation, void* argument) {
    if (sets_checkpoint_pages(operation, argument)) return SQLITE_OK;  // done: the test's word stands
    return passing.xFileControl(file, operation, argument);
}

int map_shared(sqlite3_file* file, int page, int bytes, int extend, void volatile** memory) {
    const int code = admit(file, Call::map);
    return code != SQLITE_OK ? code : passing.xShmMap(file, page, bytes, extend, memory);
}

int lock_shared(sqlite3_file* file, int offset, int count, int flags) {
    const int code = (flags & SQLITE_SHM_LOCK) != 0 ? admit(file, Call::lock) : SQLITE_OK;
    return code != SQLITE_OK ? code : passing.xShmLock(file, offset, count, flags);
}

constexpr sqlite3_io_methods methods = [] {
    sqlite3_io_methods made = passing;
    made.xRead = read_file;
    made.xWrite = write_file;
    made.xTruncate = truncate_file;
    made.xSync = sync_file;
    made.xFileSize = file_size;
    made.xLock = lock_file;
    made.xFileControl = control_file;
    made.xShmMap = map_shared;
    made.xShmLock = lock_shared;
    return made;
}();

int open_file(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags, int* given) {
    State& state = *static_cast<State*>(vfs->pAppData);
    File& self = own<File>(file);
    self = File{{nullptr}, &state, nullptr, false};
    const bool creates = name != nullptr && !is_there(name);
    bool died = false;
    if (name != nullptr)
        if (const int code = state.admit(Call::open, creates, died); code != SQLITE_OK) return code;
    const int code = state.below->xOpen(state.below, name, below<File>(file), flags, given);
    if (code != SQLITE_OK) return code;
    self.base.pMethods = &methods;
    ++state.open_files;
    if (name == nullptr || (flags & SQLITE_OPEN_DELETEONCLOSE) != 0) return SQLITE_OK;
    self.inode = creates ? state.create(name) : state.adopt(name);
    self.syncs_name = creates && (flags & journals) != 0;
    return SQLITE_OK;
}

int remove_file(sqlite3_vfs* vfs, const char* name, int sync_folder) {
    State& state = *static_cast<State*>(vfs->pAppData);
    if (const int code = state.admit(Call::remove); code != SQLITE_OK) return code;
    const int code = state.below->xDelete(state.below, name, 0);
    if (code != SQLITE_OK) return code;
    state.remove(name);
    if (sync_folder != 0) state.sync_names(state.unsynced_names.size());
    return SQLITE_OK;
}

}  // namespace

FaultVfs::FaultVfs(int checkpoint_pages) : state_(std::make_unique<State>()) {
    State& state = *state_;
    state.stand_above<File>(sqlite3_vfs_find("unix"), "fault", &state, open_file);
    state.vfs.xDelete = remove_file;
    state.begin();
    living = &state;
    pages_of_new_connections = checkpoint_pages;
    if (checkpoint_pages > 0)
        REQUIRE(sqlite3_auto_extension(reinterpret_cast<Extension>(set_checkpoint_pages)) == SQLITE_OK);
}

FaultVfs::~FaultVfs() {
    CHECK(state_->open_files == 0);
    sqlite3_cancel_auto_extension(reinterpret_cast<Extension>(set_checkpoint_pages));  // if it was asked for
    pages_of_new_connections = 0;
    living = nullptr;
    state_->end();
}

void FaultVfs::fail(const Fault& fault) {
    state_->fault = fault;
    state_->calls_of_fault = 0;
    state_->struck = false;
}

bool FaultVfs::struck() const {
    return state_->struck;
}

void FaultVfs::mend() {
    state_->fault.reset();
}

FaultVfs::Asleep::Asleep(FaultVfs& disk) : disk_(disk), was_asleep_(disk.state_->asleep) {
    disk_.state_->asleep = true;
}

FaultVfs::Asleep::~Asleep() {
    disk_.state_->asleep = was_asleep_;
}

void FaultVfs::cut_power_at(std::uint64_t call) {
    state_->only_killed = false;
    state_->calls_to_live = call;
    if (call == 0) state_->dead = true;
}

void FaultVfs::kill_at(std::uint64_t call) {
    cut_power_at(call);
    state_->only_killed = true;
}

bool FaultVfs::dead() const {
    return state_->dead;
}

void FaultVfs::start_again() {
    state_->revive();
}

void FaultVfs::restore_power(Unsynced unsynced, std::mt19937& random) {
    State& state = *state_;
    state.revive();
    std::set<std::string> all;
    for (const auto& [name, inode] : state.names)
        all.insert(name);
    for (const NameChange& change : state.unsynced_names)
        all.insert(change.name);
    const std::size_t changes = state.unsynced_names.size();
    state.sync_names(unsynced == Unsynced::lost   ? 0
                     : unsynced == Unsynced::kept ? changes
                                                  : random() % (changes + 1));
    std::vector<std::unique_ptr<Inode>> left;
    for (const std::string& name : all) {
        std::filesystem::remove(name);
        std::filesystem::remove(name + "-shm");
        const auto durable = state.durable_names.find(name);
        if (durable == state.durable_names.end()) continue;
        left.push_back(std::make_unique<Inode>(Inode{survivor(*durable->second, unsynced, random), {}}));
        durable->second = left.back().get();
        put(name, left.back()->durable);
    }
    state.names = state.durable_names;
    state.inodes = std::move(left);
}

}  // namespace portcullis::test

// The product's calls of SQLite come here first, for a program's own names go before a library's.
namespace {

/// SQLite's own calls of itself, within one of the product's, meet no fault: they would not be told of it.
struct Within {
    static inline thread_local int depth = 0;
    Within() { ++depth; }
    ~Within() { --depth; }
};

int library_fault() {
    using namespace portcullis::test;
    if (Within::depth > 0) return SQLITE_OK;
    if (const int code = asked_first ? asked_first() : SQLITE_OK) return code;
    return living == nullptr ? SQLITE_OK : living->strike(FaultVfs::Call::library);
}

template <class Function>
Function next(const char* name) {
    void* const found = ::dlsym(RTLD_NEXT, name);
    if (found == nullptr) std::abort();  // no doctest here: files are written after its end, too
    return reinterpret_cast<Function>(found);
}

}  // namespace

#define PORTCULLIS_PASS_ON(function, ...)                           \
    if (const int code = library_fault()) return code;              \
    static const auto below = next<decltype(&function)>(#function); \
    const Within within;                                            \
    return below(__VA_ARGS__)

extern "C" {

int sqlite3_prepare_v3(sqlite3* connection, const char* sql, int bytes, unsigned flags, sqlite3_stmt** out,
                       const char** tail) {
    *out = nullptr;
    PORTCULLIS_PASS_ON(sqlite3_prepare_v3, connection, sql, bytes, flags, out, tail);
}
int sqlite3_exec(sqlite3* connection, const char* sql, int (*row)(void*, int, char**, char**), void* argument,
                 char** error) {
    PORTCULLIS_PASS_ON(sqlite3_exec, connection, sql, row, argument, error);
}
int sqlite3_step(sqlite3_stmt* statement) {
    PORTCULLIS_PASS_ON(sqlite3_step, statement);
}
int sqlite3_bind_int64(sqlite3_stmt* statement, int place, sqlite3_int64 value) {
    PORTCULLIS_PASS_ON(sqlite3_bind_int64, statement, place, value);
}
int sqlite3_bind_null(sqlite3_stmt* statement, int place) {
    PORTCULLIS_PASS_ON(sqlite3_bind_null, statement, place);
}
int sqlite3_bind_text64(sqlite3_stmt* statement, int place, const char* text, sqlite3_uint64 bytes,
                        void (*release)(void*), unsigned char encoding) {
    PORTCULLIS_PASS_ON(sqlite3_bind_text64, statement, place, text, bytes, release, encoding);
}
int sqlite3_bind_blob64(sqlite3_stmt* statement, int place, const void* blob, sqlite3_uint64 bytes,
                        void (*release)(void*)) {
    PORTCULLIS_PASS_ON(sqlite3_bind_blob64, statement, place, blob, bytes, release);
}
}  // extern "C"
