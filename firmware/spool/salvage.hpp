#pragma once
// Salvage: what can still be read of a spool that was set aside (corrupt, or an older copy) is delivered
// after all: in a second spool, <spool>.rest, which the uplink attaches to beside the first. Oldest first, in
// pieces, each row only if it continues the links of the one before (a tombstone only with our own
// signature). At the first that does not, it ends: how far that chain went is declared by the life statement
// of the next one. What the disk cannot read just now is tried again. Thread-bound: the owner's thread.
// Nothing here fails the owner.
//
// A file that was delivered whole is removed. Of those with parts that nobody can read the newest is kept, as
// <spool>.unread.

#include <map>
#include <optional>
#include <set>

#include "spool/spool.hpp"

namespace portcullis {

/// The second spool's file.
[[nodiscard]] std::filesystem::path rest_of(const std::filesystem::path& spool);

class Salvage {
  public:
    /// settings: the first spool's; clock must outlive it.
    Salvage(SpoolSettings settings, TombstoneMaker maker, const Clock& clock);
    ~Salvage();
    Salvage(const Salvage&) = delete;
    Salvage& operator=(const Salvage&) = delete;

    /// About once a second: the next piece when the last one was received; new files that were set aside. A
    /// piece takes as long as an append of so many bytes.
    void look();
    /// The second spool, to release from; null while there is none. Its address stays the same.
    [[nodiscard]] Spool* rest() { return rest_ ? &*rest_ : nullptr; }
    /// Nothing is left to be delivered.
    [[nodiscard]] bool idle() const { return looked_ && told_.empty() && !rest_ && !source_; }

    struct Source;

  private:
    [[nodiscard]] Result<void> step();
    [[nodiscard]] Result<void> next_piece();
    [[nodiscard]] Result<bool> is_drained();
    [[nodiscard]] Result<void> find_source();
    void finish_source();
    void remove_rest();

    SpoolSettings settings_;
    TombstoneMaker maker_;
    const Clock& clock_;
    std::optional<Spool> rest_;
    std::unique_ptr<Source> source_;
    std::set<std::filesystem::path> hopeless_;
    std::map<std::filesystem::path, int> failed_;  // how often it could not be opened
    std::optional<BootTime> scan_due_;
    bool looked_ = false;
    std::string told_;
};

}  // namespace portcullis
