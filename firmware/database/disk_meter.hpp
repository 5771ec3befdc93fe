#pragma once
// DiskMeter: counts what SQLite writes and syncs while it lives, for figures of flash wear. It becomes
// SQLite's default way to the disk and passes every call on to the one before, so it sees each database that
// is opened after it was made; those must be closed before it goes. Thread-bound, with the databases that it
// sees.

#include <cstdint>
#include <memory>

namespace portcullis {

/// What the page cache hands on whole, however little of it was written.
inline constexpr std::uint64_t disk_block_bytes = 4096;

struct DiskUse {
    std::uint64_t writes = 0;  // calls
    std::uint64_t bytes = 0;   // of those calls
    std::uint64_t syncs = 0;
    /// Each block that was touched between two syncs of its file, once. What the file system's journal and
    /// the flash make of them comes on top.
    std::uint64_t blocks = 0;
};

class DiskMeter {
  public:
    DiskMeter();
    DiskMeter(const DiskMeter&) = delete;
    DiskMeter& operator=(const DiskMeter&) = delete;
    ~DiskMeter();

    /// Since it was made; of all databases' main files, and of their -wal files.
    [[nodiscard]] DiskUse main_files() const;
    [[nodiscard]] DiskUse wal_files() const;

    struct State;

  private:
    std::unique_ptr<State> state_;
};

}  // namespace portcullis
