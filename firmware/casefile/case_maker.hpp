#pragma once
// CaseMaker: makes one approved case file. In this order: both signatures and what the access policy allows;
// the limits; the rows of the index that may be answers are counted; their entry, and the approval's, are
// durable; they are opened; an entry for each read that goes out is durable; the reads are opened; the
// canaries' entry is durable; the file gets its name. What was refused has an entry too. Thread-bound.

#include <functional>

#include "audit/audit_log.hpp"
#include "casefile/case_canary.hpp"
#include "casefile/case_file.hpp"
#include "casefile/case_limits.hpp"
#include "casefile/case_people.hpp"
#include "index/plate_index.hpp"

namespace portcullis {

/// A read as the store has it, and its pictures, sealed.
struct SealedRead {
    Bytes blob;
    UtcTime received{};
    ClockDoubt clock = ClockDoubt::none;  // of its verdict
    std::vector<std::pair<Seq, Bytes>> pictures;
    /// Of a legal hold: blob and pictures are opened already, and these are the recipients_digest of the
    /// envelopes that they came in, of the read first.
    std::vector<Digest> opened_from = {};

    [[nodiscard]] bool is_open() const { return !opened_from.empty(); }
};

/// The read, whichever way it was kept.
[[nodiscard]] OpenedRead opened(const SealedRead& sealed, const EnvelopeOpener& opener);
/// One of its pictures.
[[nodiscard]] OpenedMedia opened_picture(const SealedRead& sealed, std::size_t number,
                                         const EnvelopeOpener& opener);

/// All that it works with; borrowed, and outlives it.
struct CaseWorld {
    AuditLog& log;
    const AccessPolicy& policy;
    const EnvelopeOpener& opener;
    PlateIndex* index;  // nullptr: reads can only be named
    const TrustStore& people;
    const std::vector<X509Ptr>& auditor;  // to whom what was asked, and the canaries, are sealed
    const SigningKey& key;                // signs the manifest
    CaseLimits limits;
    /// Nothing when it is not there, or may not be shown; pictures: with them.
    std::function<Result<std::optional<SealedRead>>(const CasePlace& place, bool pictures)> source;
    /// The picture with the lines on it, encoded anew.
    std::function<Result<Bytes>(ByteView jpeg, const std::vector<std::string>& lines)> mark;
    Inventor inventor;                                                // known is filled in here
    std::function<std::uint64_t(const std::string& account)> uid_of;  // for the entries
};

class CaseMaker {
  public:
    explicit CaseMaker(CaseWorld world) : world_(std::move(world)) {}

    /// request, approval: as they were signed. Errors: refused (the words are for who asked: what is not
    /// allowed, over a limit, made before, more found than was asked for, nothing found), others (nothing was
    /// made).
    [[nodiscard]] Result<CaseManifest> make(ByteView request, ByteView approval,
                                            const std::filesystem::path& folder, UtcTime now);

  private:
    struct Work;
    [[nodiscard]] Result<CaseManifest> make_known(Work& work, const std::filesystem::path& folder);
    [[nodiscard]] Result<void> find(Work& work);
    [[nodiscard]] Result<void> begin(Work& work, std::uint64_t opened);
    [[nodiscard]] Result<void> enter_reads(Work& work);
    [[nodiscard]] Result<void> open_all(Work& work, CaseFileWriter& writer);
    [[nodiscard]] Result<void> open_one(Work& work, const CasePlace& place, CaseFileWriter& writer);
    [[nodiscard]] Result<void> add_pictures(Work& work, CaseRead& row, const ReadPayload& read,
                                            const SealedRead& sealed, CaseFileWriter& writer);
    [[nodiscard]] Result<void> mark(Work& work);
    /// An entry says what was refused; an alarm is told in the log as well.
    [[nodiscard]] Failure refuse(const Work& work, std::string words, std::string_view what);
    [[nodiscard]] Access entry(const Work& work, std::string_view what) const;

    CaseWorld world_;
};

}  // namespace portcullis
