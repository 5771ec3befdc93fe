#pragma once
// AuditLog: every access, in a SQLite file of its own, durable before anything is opened, each entry bound to
// the one before. It is only appended to. Thread-bound; one process appends, others may read and hand in what
// the witness signed.

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "audit/witness_request.hpp"
#include "database/database.hpp"

namespace portcullis {

/// Of one append: a batch of accesses costs one sync of the disk.
inline constexpr std::size_t max_accesses = 1000;

struct AuditHead {
    std::uint64_t entries = 0;
    Digest link{};
};

/// The newest access policy, or retention schedule, that was in force, by its entry.
struct AdoptedPolicy {
    std::uint64_t version = 0;
    Digest digest{};  // of the signed policy
};

/// As it stands in the file: nothing of it is believed yet.
struct AuditRow {
    std::uint64_t number = 0;
    std::string text;
    Bytes link;
    Bytes asked;
};

class AuditLog {
  public:
    /// For who writes: makes it when it is not there. Errors: the database room's.
    [[nodiscard]] static Result<AuditLog> open(const std::filesystem::path& path);
    /// For who hands in what the witness signed: a log that is there. Errors: not_found.
    [[nodiscard]] static Result<AuditLog> attach(const std::filesystem::path& path);
    /// For who looks: neither the file nor its folder need be writable.
    [[nodiscard]] static Result<AuditLog> read_only(const std::filesystem::path& path);

    /// All of them are durable when it returns, in this order; with an error none is there, and nothing may
    /// be opened. Errors: invalid_argument (no purpose, no case number, a text that is too long or not
    /// plain), refused (asked is no envelope), exhausted (disk full, more than max_accesses), the database
    /// room's.
    [[nodiscard]] Result<void> append(std::span<const Access> accesses, UtcTime now);

    [[nodiscard]] const ChainId& id() const { return id_; }
    [[nodiscard]] Result<AuditHead> head();
    /// The next rows behind `after`, at most `limit`, by their numbers.
    [[nodiscard]] Result<std::vector<AuditRow>> rows(std::uint64_t after, std::size_t limit);
    /// Shows the entries of `from` and later, newest first: up to a whole page (1,000) of older ones, for a
    /// clock may have been set back. Errors: corrupt (an entry that we did not write).
    [[nodiscard]] Result<void> since(UtcTime from, const std::function<void(const AuditEntry&)>& seen);
    /// Nothing when none was ever in force. Errors: corrupt.
    [[nodiscard]] Result<std::optional<AdoptedPolicy>> newest_policy(std::string_view what = adopts_policy);
    /// An entry of this kind with this case is there, granted.
    [[nodiscard]] Result<bool> has(std::string_view what, const std::string& case_number);
    /// Rows below number 1, where nothing of ours ever stood.
    [[nodiscard]] Result<std::uint64_t> strays();
    /// What the witness signed, by its number.
    [[nodiscard]] Result<std::vector<Bytes>> statements();

    /// What is to be signed next. Errors: refused (what was signed last is not here any more), corrupt.
    [[nodiscard]] Result<WitnessRequest> request();
    /// Takes the witness's answer in; gives how many statements were new. Errors: refused (not signed by
    /// these keys, or not about this log as it is: somebody changed it since), exhausted.
    [[nodiscard]] Result<std::size_t> admit(const std::vector<Bytes>& statements, const WitnessKeys& keys);

  private:
    AuditLog(std::unique_ptr<Database> database, ChainId id) : database_(std::move(database)), id_(id) {}
    [[nodiscard]] static Result<AuditLog> make(std::unique_ptr<Database> database);
    [[nodiscard]] Result<AuditHead> append_one(const AuditHead& head, const Access& access, UtcTime now);
    [[nodiscard]] Result<void> admit_one(const Witnessed& next, const Witnessed* last);
    /// The last one taken in, as far as it can be read at all.
    [[nodiscard]] Result<Bytes> last_statement();

    std::unique_ptr<Database> database_;
    ChainId id_;
};

}  // namespace portcullis
