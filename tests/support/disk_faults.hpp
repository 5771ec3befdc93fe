#pragma once
// What a disk, or want of memory, does to SQLite, row by row, and the loop that lets each call of a script
// meet each row.
#include <doctest/doctest.h>

#include <sqlite3.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "support/fault_vfs.hpp"
#include "support/rounds.hpp"

namespace portcullis::test {

struct DiskFault {
    std::string_view name;
    FaultVfs::Call call;
    int code;
    bool lasts = false;  // until somebody has said that something is wrong
};

inline constexpr std::array disk_faults = {
    DiskFault{"one write finds the disk full", FaultVfs::Call::write, SQLITE_FULL},
    DiskFault{"disk full", FaultVfs::Call::write, SQLITE_FULL, true},
    DiskFault{"write error", FaultVfs::Call::write, SQLITE_IOERR_WRITE},
    DiskFault{"read-only", FaultVfs::Call::write, SQLITE_READONLY, true},
    DiskFault{"sync error", FaultVfs::Call::sync, SQLITE_IOERR_FSYNC},
    DiskFault{"no sync works", FaultVfs::Call::sync, SQLITE_IOERR_FSYNC, true},
    DiskFault{"read error", FaultVfs::Call::read, SQLITE_IOERR_READ},
    DiskFault{"no read works", FaultVfs::Call::read, SQLITE_IOERR_READ, true},
    DiskFault{"cannot open", FaultVfs::Call::open, SQLITE_CANTOPEN},
    DiskFault{"nothing can be opened", FaultVfs::Call::open, SQLITE_CANTOPEN, true},
    DiskFault{"truncate error", FaultVfs::Call::truncate, SQLITE_IOERR_TRUNCATE},
    DiskFault{"remove error", FaultVfs::Call::remove, SQLITE_IOERR_DELETE},
    DiskFault{"size error", FaultVfs::Call::size, SQLITE_IOERR_FSTAT},
    DiskFault{"lock error", FaultVfs::Call::lock, SQLITE_IOERR_LOCK},
    DiskFault{"no shared memory", FaultVfs::Call::map, SQLITE_IOERR_SHMMAP},
    DiskFault{"no memory for a call of SQLite", FaultVfs::Call::library, SQLITE_NOMEM},
    DiskFault{"no memory for any call of SQLite", FaultVfs::Call::library, SQLITE_NOMEM, true},
};

/// The outcome of the first of `tries` that succeeds; after each that fails, which it may only under a fault
/// and never as if the file were corrupt, the disk is mended.
template <class Attempt>
auto try_on(FaultVfs& disk, int tries, Attempt attempt) {
    auto outcome = attempt();
    for (int done = 1; !outcome && done < tries; ++done) {
        CAPTURE(outcome.error().message());
        REQUIRE(disk.struck());
        REQUIRE(outcome.error().code() != ErrorCode::corrupt);
        disk.mend();
        outcome = attempt();
    }
    REQUIRE(outcome);
    return std::move(*outcome);
}

/// script(disk) for each row of the table and each stride-th call, until it meets no failure any more; of the
/// calls of SQLite itself, which are ten times as many, each fifth of those unless all are asked for
/// (PORTCULLIS_ROUNDS of 10 or more). Gives how many runs met one.
template <class Script>
std::uint64_t fail_each_call(int checkpoint_pages, std::uint64_t stride, Script script) {
    constexpr std::uint64_t most_calls = 20'000;
    std::uint64_t runs = 0;
    std::uint64_t first = 0;
    for (const DiskFault& row : disk_faults) {
        const bool many = row.call == FaultVfs::Call::library && rounds_or(1) < 10;
        const std::uint64_t step = many ? 5 * stride : stride;
        first = first % step + 1;  // other calls in each row
        bool met = true;
        for (std::uint64_t call = first; met; call += step) {
            INFO(std::string(row.name));
            CAPTURE(call);
            REQUIRE(call < most_calls);
            FaultVfs disk(checkpoint_pages);
            disk.fail({row.call, row.code, call, row.lasts});
            script(disk);
            met = disk.struck();
            runs += met ? 1 : 0;
        }
    }
    MESSAGE(runs << " calls failed");
    return runs;
}

}  // namespace portcullis::test
