#pragma once
// SearchDesk: answers questions to the plate index. Before anything is opened an entry stands in the audit
// log, with the question sealed to the auditor: he can read what was asked for, and nobody else.
// Thread-bound.

#include <functional>

#include "collector/link/search_exchange.hpp"
#include "collector/opener/access_desk.hpp"
#include "collector/opener/plate_register.hpp"

namespace portcullis {

/// The question's text is padded to this: its length tells nothing.
inline constexpr std::size_t asked_bytes = 512;

/// Canonical JSON of a checked question, padded with blanks.
[[nodiscard]] std::string asked_text(const PlateQuestion& question);

/// Those that may concern what was captured from then on, the oldest as one when they are too many.
[[nodiscard]] std::vector<ToldHole> told_holes(std::optional<UtcTime> from,
                                               const std::vector<IndexHole>& holes);

class SearchDesk {
  public:
    /// auditor: his certificate, whose key opens what was asked. Errors: configuration (no recipient's
    /// certificate: names the file).
    [[nodiscard]] static Result<SearchDesk> create(const std::filesystem::path& auditor);

    /// access: what the entries say of who asks; sees: the devices whose reads he may see. Errors: refused
    /// (the words are for him: what is wrong with the question, that it would open too much), others (nothing
    /// could be searched or entered, and nothing is shown).
    [[nodiscard]] Result<SearchAnswer> answer(const PlateQuestion& asked, Access access, const Sees& sees,
                                              PlateIndex& index, AccessDesk& desk) const;

    /// An entry about a question to the index, whose text is sealed to the auditor; count: the rows that are
    /// opened for it. Errors: AuditLog::append's; then nothing may be opened.
    [[nodiscard]] Result<void> enter(std::string asked, Access access, std::size_t count,
                                     AccessVerdict verdict, AccessDesk& desk) const;

  private:
    explicit SearchDesk(std::vector<X509Ptr> auditor) : auditor_(std::move(auditor)) {}

    std::vector<X509Ptr> auditor_;
};

}  // namespace portcullis
