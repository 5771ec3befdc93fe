#pragma once
// Canary reads: rows of a case file that no camera ever read, with an invented plate each, so that a copy
// that leaks names the one for whom it was made. They stand in no index and no store, so no search and no
// hotlist meets them; which they are is told to the auditor alone. Reentrant, but for the functions it is
// given.

#include <functional>
#include <optional>

#include "casefile/case_request.hpp"

namespace portcullis {

/// A row of a case file.
struct CaseRead {
    CasePlace place;
    UtcTime captured{};
    std::string text;       // empty: unread
    std::string published;  // with its ambiguity sets
    float confidence = 0;
    std::string jurisdiction;
    std::string lane;
    Direction direction = Direction::unknown;
    std::vector<std::string> pictures;  // names of parts
};

struct Canary {
    std::string plate;
    UtcTime captured{};
};

inline constexpr std::size_t min_canaries = 2;
inline constexpr std::size_t max_canaries = 5;
/// Of a file with so many reads.
[[nodiscard]] std::size_t canaries_for(std::size_t reads);

struct Inventor {
    /// A number below `bound`, which is 1 or more. Nobody must be able to guess it.
    std::function<std::uint64_t(std::uint64_t bound)> random;
    /// A plate in a format of that jurisdiction; nothing when none is known.
    std::function<std::optional<std::string>(const std::string& jurisdiction)> plate;
    /// Somebody has that plate, as far as we know. Errors: the index's.
    std::function<Result<bool>(const std::string& plate)> known;
};

/// Adds canaries to `reads` (1 or more) and puts all in the order of their time; gives the canaries. Each
/// takes its place and its look from a read that is there, at a seq that is not. Errors: exhausted (no plate
/// could be invented that nobody has), Inventor::known's.
[[nodiscard]] Result<std::vector<Canary>> add_canaries(std::vector<CaseRead>& reads,
                                                       const Inventor& inventor);

}  // namespace portcullis
