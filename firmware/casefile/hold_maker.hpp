#pragma once
// HoldMaker: keeps the reads of one approved request beyond the end of their epoch, sealed to a key that is
// this hold's alone. In this order: both signatures and what the access policy allows; the hold's key is
// there; the rows that are to be opened are counted; their entry, and the approval's, are durable; so is an
// entry for each read that is kept; reads and pictures are opened, judged, and sealed anew; the signed
// record; its entry. What was cut off is done anew by the next try, with entries of its own. Thread-bound.

#include <functional>

#include "casefile/case_people.hpp"
#include "casefile/case_search.hpp"
#include "casefile/held_reads.hpp"

namespace portcullis {

/// All that it works with; borrowed, and outlives it.
struct HoldWorld {
    AuditLog& log;
    const AccessPolicy& policy;
    const EnvelopeOpener& opener;
    const std::vector<RecipientKey>& keys;  // the opener's
    PlateIndex* index;                      // nullptr: reads can only be named
    const TrustStore& people;
    const std::vector<X509Ptr>& auditor;  // to whom what was asked is sealed
    const SigningKey& recorder;           // signs the record
    std::filesystem::path holds;          // the folder
    std::vector<std::string> hold_keys;   // ids of the keys in the holds' key store
    /// Nothing when it is not there; pictures: with them.
    std::function<Result<std::optional<SealedRead>>(const CasePlace& place, bool pictures)> source;
    std::function<std::uint64_t(const std::string& account)> uid_of;  // for the entries
};

class HoldMaker {
  public:
    explicit HoldMaker(HoldWorld world) : world_(std::move(world)) {}

    /// request, approval: as they were signed. A hold that is made already is given again. Errors: refused
    /// (the words are for who asked), others (call it again).
    [[nodiscard]] Result<HoldRecord> make(ByteView request, ByteView approval, UtcTime now);

  private:
    struct Work;
    [[nodiscard]] Result<HoldRecord> make_known(Work& work);
    [[nodiscard]] Result<void> check_key(const Work& work, const std::vector<HoldRecord>& others) const;
    [[nodiscard]] Result<void> find(Work& work);
    [[nodiscard]] Result<void> begin(const Work& work, std::uint64_t opened);
    [[nodiscard]] Result<void> enter_reads(const Work& work);
    [[nodiscard]] Result<void> keep_all(Work& work);
    [[nodiscard]] Result<void> keep(Work& work, const CasePlace& place);
    [[nodiscard]] Result<void> keep_part(const Work& work, HeldRead& held, std::size_t number, Seq seq,
                                         ByteView blob) const;
    [[nodiscard]] Result<HoldRecord> record(const Work& work);
    [[nodiscard]] Result<void> enter_record(const HoldRecord& record, const Work& work);
    [[nodiscard]] Failure refuse(const Work& work, std::string words);
    [[nodiscard]] Access entry(const Work& work, std::string_view what) const;

    HoldWorld world_;
};

}  // namespace portcullis
