#pragma once
// Which passages of an entry and an exit are of one vehicle, out of the plate index. Before
// anything is opened an entry `crossings` stands in the audit log, with the question sealed to the auditor.
// No plate leaves it: who wants one looks at the passage, with an entry of its own. Thread-bound.

#include "collector/link/crossing_exchange.hpp"
#include "collector/opener/search_desk.hpp"

namespace portcullis {

/// One answer opens no more rows of the index: a day of 10,000 vehicles. Some 0.2 s, in which the opener
/// gives no verdict.
inline constexpr std::size_t max_crossing_rows = 20'000;
/// The question's text is padded to this.
inline constexpr std::size_t asked_crossings_bytes = 2048;

/// Canonical JSON of a checked question, padded with blanks.
[[nodiscard]] std::string asked_text(const CrossingQuestion& question);

/// As SearchDesk::answer, by whose auditor it goes. Errors: refused (the words are for him: what is wrong
/// with the question, a device that is not his, that it would open too much), others (nothing could be opened
/// or entered, and nothing is told).
[[nodiscard]] Result<CrossingAnswer> answer_crossings(const CrossingQuestion& asked, Access access,
                                                      const Sees& sees, PlateIndex& index, AccessDesk& desk,
                                                      const SearchDesk& searches);

}  // namespace portcullis
