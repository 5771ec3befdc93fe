#pragma once
// PlateIndex: which passages had which plate, in a SQLite file of the opener's own (index.db, mode 0600). It
// is derived from the sealed store and can be made anew from it while its epochs' keys live. An epoch is one
// recipient's key here: the rows of a read belong to the key that opened it, and go with it.
//
// Thread-bound; several processes may have the file open (`portcullis index rebuild` beside the opener).
// Errors, where nothing else is said: the database room's.

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "database/database.hpp"
#include "index/row_place.hpp"

namespace portcullis {

/// The purpose with which the keys are derived.
inline constexpr std::string_view index_purpose = "plate index";
/// A search opens no more passages than this: beyond, it is narrowed by who asks.
inline constexpr std::size_t max_candidates = 10'000;
/// Rows that one sweep() deletes, in some 100 ms: of so long the opener gives no verdict.
inline constexpr std::uint64_t rows_a_sweep = 2000;
inline constexpr std::size_t max_holes = 64;

/// A secret out of the recipient's key with this id (EnvelopeOpener::derive). Errors: that function's.
using DeriveSecret = std::function<Result<SecretKey>(const std::string& key_id, ByteView salt)>;

/// Whether somebody may see what this device read. Empty: whatever it is.
using Sees = std::function<bool(std::string_view device)>;

/// What was judged in this span, by the opener's clock, may be missing.
struct IndexHole {
    UtcTime first{};
    UtcTime last{};
    bool operator==(const IndexHole&) const = default;
};

/// A row that may be an answer; nothing of it is opened yet.
struct Candidate {
    std::int64_t epoch = 0;
    RowPlace place;
    Bytes cell;
};

struct Findings {
    std::vector<IndexedPassage> passages;  // newest first
    std::size_t damaged = 0;               // rows that did not open: somebody changed the file
};

class PlateIndex {
  public:
    /// Makes it when it is not there. Errors: corrupt (set it aside: it can be rebuilt).
    [[nodiscard]] static Result<PlateIndex> open(const std::filesystem::path& path, UtcTime now);
    /// For a second process beside the opener: each of its transactions is durable at once, and what the
    /// opener knows of the file's life stays as it is. Errors: not_found.
    [[nodiscard]] static Result<PlateIndex> attach(const std::filesystem::path& path);

    /// From now on these recipients' keys are held; derive is called until others are. The rows of all others
    /// are not found any more; sweep() deletes them.
    [[nodiscard]] Result<void> use_keys(std::vector<std::string> key_ids, DeriveSecret derive);

    /// Deletes the next rows whose key is not held, overwritten in the file and, with the last of them, in
    /// its -wal. True: there are more; false: none is left. Not for a second process.
    [[nodiscard]] Result<bool> sweep();

    /// Once for each passage, however often it is given. False: it was there. It is found from now on, and
    /// durable after settle(). With an error it is missing, which holes() tells from the next success on.
    [[nodiscard]] Result<bool> add(const IndexedPassage& passage, const std::string& key_id, UtcTime now);
    /// Many in one transaction: all or none. Gives how many were new.
    [[nodiscard]] Result<std::size_t> add_all(std::span<const IndexedPassage> passages,
                                              const std::string& key_id, UtcTime now);
    /// Something was added that a power cut could still take.
    [[nodiscard]] bool is_unsettled() const { return unsettled_; }
    /// What was added is durable when it returns.
    [[nodiscard]] Result<void> settle(UtcTime now);

    /// The rows that must be opened to answer, of devices that may be seen; `question` is checked(). Errors:
    /// exhausted (more than max_candidates: says so).
    [[nodiscard]] Result<std::vector<Candidate>> candidates(const PlateQuestion& question,
                                                            const Sees& sees = {});
    /// Opens them, and gives those that fit.
    [[nodiscard]] Findings open_all(std::span<const Candidate> candidates,
                                    const PlateQuestion& question) const;

    /// Epochs whose key was held and gave no secret: their rows are kept and not found.
    [[nodiscard]] std::size_t locked_epochs() const { return locked_; }
    /// Oldest first.
    [[nodiscard]] Result<std::vector<IndexHole>> holes();
    /// All that was judged before `upto` has been given again.
    [[nodiscard]] Result<void> close_holes(UtcTime upto);
    [[nodiscard]] Result<std::uint64_t> rows();

  private:
    using EpochId = std::int64_t;
    struct Epoch {
        EpochId id = 0;
        Bytes salt;
        IndexKey key;
    };
    struct Tags {
        Tag exact{};
        Tag folded{};
    };

    PlateIndex(std::unique_ptr<Database> database, bool owner)
        : database_(std::move(database)), owner_(owner) {}
    [[nodiscard]] Result<void> begin_life(UtcTime now);
    [[nodiscard]] Result<void> add_hole(UtcTime first, UtcTime last);
    [[nodiscard]] Result<void> sync_commits(bool on);

    /// Gives those whose key is not held.
    [[nodiscard]] Result<std::vector<EpochId>> load_epochs();
    [[nodiscard]] Result<void> delete_some(EpochId epoch);
    [[nodiscard]] Result<const Epoch*> epoch_of(const std::string& key_id);
    [[nodiscard]] Result<const Epoch*> make_epoch(const std::string& key_id);
    [[nodiscard]] const Epoch* epoch_with(EpochId id) const;
    [[nodiscard]] Result<std::int64_t> source_of(const IndexedPassage& passage);

    [[nodiscard]] Result<std::size_t> add_in_one(std::span<const IndexedPassage> passages,
                                                 const std::string& key_id, UtcTime now);
    [[nodiscard]] Result<bool> add_one(const Epoch& epoch, const IndexedPassage& passage);
    [[nodiscard]] Result<bool> is_there(const IndexedPassage& passage, std::int64_t source);
    /// How many rows of this epoch have this plate: the first n whose tag is free.
    [[nodiscard]] Result<std::uint64_t> count(const Epoch& epoch, TagKind kind, std::string_view plate);
    [[nodiscard]] Result<bool> has(const Epoch& epoch, TagKind kind, const Tag& tag);
    [[nodiscard]] Result<Tags> free_tags(const Epoch& epoch, std::string_view plate);

    [[nodiscard]] Result<std::vector<Candidate>> look_up(const PlateQuestion& question, const Sees& sees);
    [[nodiscard]] Result<std::vector<Candidate>> walk_window(const PlateQuestion& question, const Sees& sees);
    [[nodiscard]] std::optional<IndexedPassage> open_one(const Candidate& candidate) const;

    std::unique_ptr<Database> database_;
    bool owner_;                     // the opener, whose file it is
    std::vector<std::string> held_;  // key ids
    DeriveSecret derive_;
    std::vector<EpochId> gone_;            // their keys are not held: to be swept
    std::map<std::string, Epoch> epochs_;  // by key id: those that can be searched
    std::int64_t version_ = 0;             // of the file when they were loaded
    std::size_t locked_ = 0;
    bool wal_due_ = false;
    bool unsettled_ = false;
    bool syncs_ = true;
    std::optional<UtcTime> missing_since_;
};

}  // namespace portcullis
