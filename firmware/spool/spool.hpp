#pragma once
// Spool: the wall between reader and uplink, a durable bounded queue of sealed items in one SQLite file. The
// reader owns it (open: appends, sheds, releases), its user alone may write it. The uplink attaches: it
// peeks, and opens every file read-only. Both at the same time, each from one thread: thread-bound.
//
// A guest can do one thing to the owner: hold read locks, which keep it from appending, or its -wal file from
// being worked off. The owner waits guest_patience for a lock, or until the -wal has wal_most_bytes; then it
// shuts the door: new lock files, and for shut_out_time no guest may read. So a hostile guest costs the road
// guest_patience every shut_out_time, and the disk wal_most_bytes and one record.
//
// Promises: append() is durable when it returns; a record's items and the chain head commit together; seq is
// never reused; nothing leaves save by a receipt whose link equals ours, or by shedding under quota, which
// leaves a signed tombstone in place.
//
// Errors everywhere: timeout (the file is locked although the door is shut), exhausted (disk full), denied
// (read-only), io, corrupt; for a guest closed (the owner opened the file anew, or set it aside: attach
// anew). After any of them the spool stands as it was before the call. After corrupt the owner calls
// reopen(); the same record, sealed anew for the head that stands then, is taken.

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/sealed_item.hpp"
#include "core/statement.hpp"
#include "spool/anchor.hpp"

namespace portcullis {

/// When the disk has less than this free, append sheds too: room for the -wal file, without which nothing can
/// be deleted any more.
inline constexpr std::uint64_t spool_disk_reserve_bytes = std::uint64_t{16} << 20;

struct SpoolSettings {
    std::filesystem::path path;
    std::string device;
    /// Of the sealed blobs together. The file itself gets a few per cent larger, its -wal up to 8 MiB.
    std::uint64_t quota_bytes = std::uint64_t{2} << 30;
    std::uint64_t quota_items = 500'000;
    /// What the device has run for longer than this since it came is shed (security design §8: 72 h). The
    /// time that counts is the boot clock's, kept across starts: no step of the calendar's clock sheds
    /// anything, and while the device is off nothing ages.
    std::chrono::hours quota_age = std::chrono::hours(72);
    milliseconds guest_patience{2000};
    std::uint64_t wal_most_bytes = std::uint64_t{32} << 20;
    milliseconds shut_out_time = std::chrono::minutes(5);
    /// The owner's note of how far its chain went (anchor.hpp), in a folder of its own. Empty, for tools and
    /// tests: none is kept, nothing is noticed, and there are no life statements.
    std::filesystem::path anchor = {};
    AnchorWriter write_anchor = {};
};

/// Signs tombstones and knows its own again (record/statement_codec.hpp, seal/statement.hpp); only the reader
/// can. Nothing is signed for standing in the file: only what this process shed itself, and what an own
/// signature vouches for. Without verify, tombstones that stand in the file are left
/// as they are. With verify_forerunner, what a key before the present one signed is signed anew: a tombstone
/// may have to wait until that key is not believed any more.
struct TombstoneMaker {
    using Sign = std::function<Result<Bytes>(const Tombstone&)>;
    using Verify = std::function<Result<Tombstone>(ByteView)>;

    TombstoneMaker() = default;
    template <class Signer>
    requires std::is_invocable_r_v < Result<Bytes>, Signer,
    const Tombstone& >
        TombstoneMaker(Signer signer, Verify verifier = {})  // NOLINT(google-explicit-constructor)
        : sign(std::move(signer)),
    verify(std::move(verifier)) {}
    explicit operator bool() const { return static_cast<bool>(sign); }

    Sign sign;
    Verify verify;
    Verify verify_forerunner = {};
    /// 0 when none is known; another number with each change of the key: then the spool looks.
    std::function<std::uint64_t()> forerunners = {};
};

/// One row. A tombstone stands for the seqs first..item.seq, and item.link is the link after the last of
/// them.
/// Adjacent tombstones merge: what was peeked as 5..7 may come back as 5..9, and a seq that was published
/// whole may later be declared shed.
struct SpooledItem {
    SealedItem item;
    Seq first = 0;
};

struct SpoolStats {
    ChainId chain;
    Seq last_seq = 0;  // of the last appended item; 0 when there was none yet
    Seq received = 0;  // the last seq that the collector gave a receipt for
    std::uint64_t items = 0;
    std::uint64_t bytes = 0;
    microseconds oldest_age{0};  // the device's running time since the oldest row came; 0 when empty
    std::uint64_t shed_reads = 0;
    std::uint64_t shed_plates = 0;
    std::uint64_t shed_overviews = 0;
    std::uint64_t shed_checkpoints = 0;
};

class Spool {
  public:
    /// For the reader: makes the file if need be, checks it (every page up to 256 MiB, or when damage was
    /// seen before), and holds it against a second reader. A corrupt file is set aside as <name>.broken-<n>,
    /// a new one with a new chain takes its place (error log; see set_aside()). So is one that does not reach
    /// as far as the anchor says, as <name>.rolled-back-<n>. Errors: configuration (device name; file of
    /// another device), unsupported (file or anchor written by a newer version), refused (another reader has
    /// it; file of another program), denied (the anchor is not ours to read). clock must outlive the spool.
    [[nodiscard]] static Result<Spool> open(SpoolSettings settings, TombstoneMaker maker, const Clock& clock);
    [[nodiscard]] static Result<Spool> open(SpoolSettings settings, TombstoneMaker maker);
    /// For the uplink, which needs no right to write: not_found until the reader has made the file. For peek,
    /// releasable, stats and what only looks.
    [[nodiscard]] static Result<Spool> attach(SpoolSettings settings, const Clock& clock);
    [[nodiscard]] static Result<Spool> attach(SpoolSettings settings);

    Spool(Spool&&) noexcept;
    Spool& operator=(Spool&&) noexcept;
    ~Spool();

    /// Where the chain stands: what the next record must continue. The owner's; always current there.
    [[nodiscard]] const ChainHead& head() const;
    /// Adds a record; durable when it returns. First it sheds what is over age and, over quota or when the
    /// disk is nearly full, oldest overviews, then oldest records. Errors: refused (does not continue the
    /// head: wrong chain, seq or link), invalid_argument (no items, an empty or oversized blob, a tombstone),
    /// exhausted (does not fit even so), and the maker's own.
    [[nodiscard]] Result<void> append(const SealedRecord& record);
    /// Sheds what is over age in a spool that nothing is appended to. Looks once a minute, however often it
    /// is called; the owner's.
    [[nodiscard]] Result<void> shed_aged();
    /// After a change of the signing key: signs anew, in place, what earlier keys of ours signed of the
    /// tombstones, in one transaction at most 8 of them, so that nothing waits long. append() and shed_aged()
    /// do so first; for an owner that calls neither. Cheap when there is nothing to do. What fails is told
    /// and tried again with the next call. Errors: corrupt. The owner's.
    [[nodiscard]] Result<void> sign_anew();

    /// What a life statement has to say of how this chain stands; it is said when a record with one was
    /// appended. report() is the same at any time, for losses alone. Nothing without an anchor. The owner's.
    [[nodiscard]] std::optional<LifeStatement> untold() const;
    [[nodiscard]] std::optional<LifeStatement> report() const;
    /// What this run lost so far: the anchor adds it to what earlier ones did.
    void count_losses(std::uint64_t records_lost, std::uint64_t frames_dropped);
    /// Writes the anchor as all stands now: for the owner's end, and for losses.
    void save_anchor();

    /// Damage at work is a state: closes the file and opens it as open() does, so it is read whole, and if it
    /// is damaged set aside for a new one. Then head() and set_aside() are those of the file that stands.
    /// Errors as open(); until it succeeds every call tries it first. The owner's.
    [[nodiscard]] Result<void> reopen();

    /// Rows with seq > after_seq in order: at most max_items, together at most max_bytes, but always one if
    /// there is one.
    [[nodiscard]] Result<std::vector<SpooledItem>> peek(Seq after_seq, std::size_t max_items,
                                                        std::size_t max_bytes);
    /// How many rows behind after_seq a receipt with these words would release; 0 for a receipt that is not
    /// new, or that ends inside a merged tombstone (a later one will cover it). Errors: refused when chain or
    /// link is not ours.
    [[nodiscard]] Result<std::uint64_t> releasable(const ChainId& chain, Seq upto, const Digest& link,
                                                   Seq after_seq = 0);
    /// The owner's: forgets all rows up to `upto`, because the collector's receipt (its SHA-256 is `receipt`)
    /// says so. Gives the number of rows; 0 and errors as releasable: then nothing is released.
    [[nodiscard]] Result<std::uint64_t> release(const ChainId& chain, Seq upto, const Digest& link,
                                                const Digest& receipt);
    /// SHA-256 of the last receipt that released something; the next record carries it.
    [[nodiscard]] Result<std::optional<Digest>> last_receipt_digest();

    [[nodiscard]] Result<SpoolStats> stats();
    /// The owner's duty about once a second: opens the door again when its time has come.
    void tick();
    /// A number that changes when the other process commits; costs microseconds.
    [[nodiscard]] Result<std::int64_t> version();
    /// A guest's file was opened anew by its owner, or set aside under us: let go of it, then attach anew (in
    /// one process, SQLite gives a second guest the lock file of the first).
    [[nodiscard]] bool moved() const;
    /// Where open() put a corrupt or older file; empty when all was well.
    [[nodiscard]] const std::optional<std::filesystem::path>& set_aside() const;

  private:
    struct State;
    explicit Spool(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace portcullis
