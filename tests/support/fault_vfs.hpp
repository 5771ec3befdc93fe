#pragma once
// FaultVfs: SQLite's way to the disk under a test's control. It fails chosen calls, ends the program's or the
// machine's life at a chosen call, and knows what a power cut leaves. While it lives it is SQLite's default.
// Thread-bound.
//
// The model of the disk, stricter than ext4: a write stays in the page cache until its file is synced, a name
// that came or went until the folder is (SQLite does so with the first sync of a journal that it made). When
// the power goes each such write is there, or not, or in pieces of 512 bytes; names come and go in order.
// Locks, -shm and temporary files are the real ones; the folder must be used by nobody else.

#include <cstdint>
#include <functional>
#include <memory>
#include <random>

namespace portcullis::test {

class FaultVfs {
  public:
    /// The calls that SQLite makes, and `library`: those that the product makes of SQLite itself.
    enum class Call { open, read, write, sync, truncate, remove, size, lock, map, library };
    /// The `at`-th call of this kind (from 1) gives `code`; with `lasts` all after it do as well. A write
    /// that fails has written its first half.
    struct Fault {
        Call call;
        int code;
        std::uint64_t at = 1;
        bool lasts = false;
    };
    /// What a power cut leaves of what was not synced.
    enum class Unsynced { lost, torn, kept };

    /// With checkpoint_pages SQLite works off the -wal file at that many pages, whatever the product sets, so
    /// that short tests meet it.
    explicit FaultVfs(int checkpoint_pages = 0);
    FaultVfs(const FaultVfs&) = delete;
    FaultVfs& operator=(const FaultVfs&) = delete;
    /// All databases must be closed.
    ~FaultVfs();

    void fail(const Fault& fault);
    /// Whether the fault has struck; mend() ends it.
    [[nodiscard]] bool struck() const;
    void mend();
    /// While it lives no fault strikes and no call is counted for it.
    class Asleep {
      public:
        explicit Asleep(FaultVfs& disk);
        Asleep(const Asleep&) = delete;
        Asleep& operator=(const Asleep&) = delete;
        ~Asleep();

      private:
        FaultVfs& disk_;
        bool was_asleep_;
    };

    /// The power goes in the `call`-th call from now that changes something: all calls fail from then on.
    void cut_power_at(std::uint64_t call);
    void cut_power() { cut_power_at(0); }
    /// The same, but only the program dies, before that call: what it wrote stays in the page cache.
    void kill_at(std::uint64_t call);
    void kill() { kill_at(0); }
    [[nodiscard]] bool dead() const;

    /// After all databases were closed. With power: makes the files what the cut left of them.
    void restore_power(Unsynced unsynced, std::mt19937& random);
    void start_again();

    struct State;

  private:
    std::unique_ptr<State> state_;
};

/// Who is asked before each call that the product makes of SQLite: what he gives other than SQLITE_OK is what
/// the call gives, and it is not made. None when empty.
void ask_before_sqlite(std::function<int()> ask);

}  // namespace portcullis::test
