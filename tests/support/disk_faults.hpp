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

/// Whether `outcome` is a success. A failure, which there may only be under a fault, mends the disk.
template <class T>
bool went_well(FaultVfs& disk, const Result<T>& outcome) {
    if (outcome) return true;
    CAPTURE(outcome.error().message());
    REQUIRE(disk.struck());
    disk.mend();
    return false;
}

/// script(disk) with each step-th call of the row failing, until it meets no failure any more. Gives how many
/// runs met one.
template <class Script>
std::uint64_t fail_calls(const DiskFault& row, int checkpoint_pages, std::uint64_t first, std::uint64_t step,
                         Script& script) {
    constexpr std::uint64_t most_calls = 20'000;
    std::uint64_t runs = 0;
    for (std::uint64_t call = first;; call += step) {
        INFO(std::string(row.name));
        CAPTURE(call);
        REQUIRE(call < most_calls);
        FaultVfs disk(checkpoint_pages);
        disk.fail({row.call, row.code, call, row.lasts});
        script(disk);
        if (!disk.struck()) return runs;
        ++runs;
    }
}

/// script(disk) for each row of the table and each stride-th call; of the calls of SQLite itself, which are
/// ten times as many, each fifth of those unless all are asked for (PORTCULLIS_ROUNDS of 10 or more). Gives
/// how many runs met a failure.
template <class Script>
std::uint64_t fail_each_call(int checkpoint_pages, std::uint64_t stride, Script script) {
    std::uint64_t runs = 0;
    std::uint64_t first = 0;
    for (const DiskFault& row : disk_faults) {
        const bool many = row.call == FaultVfs::Call::library && rounds_or(1) < 10;
        const std::uint64_t step = many ? 5 * stride : stride;
        first = first % step + 1;  // other calls in each row
        runs += fail_calls(row, checkpoint_pages, first, step, script);
    }
    MESSAGE(runs << " calls failed");
    return runs;
}

/// For work whose calls of the disk others walk: each stride-th call of SQLite itself, which is each way out
/// of the product's own code; all of them with PORTCULLIS_ROUNDS of 10 or more.
template <class Script>
std::uint64_t fail_each_way_out(std::uint64_t stride, Script script) {
    const std::uint64_t step = rounds_or(1) >= 10 ? 1 : stride;
    std::uint64_t runs = 0;
    std::uint64_t first = 0;
    for (const DiskFault& row : disk_faults) {
        if (row.call != FaultVfs::Call::library) continue;
        first += step / 2 + 1;
        runs += fail_calls(row, 0, first, step, script);
    }
    MESSAGE(runs << " calls failed");
    return runs;
}

}  // namespace portcullis::test
