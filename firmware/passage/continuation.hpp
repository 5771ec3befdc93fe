#pragma once
// Continuation: whether one passage may go on with another, by where and when they were seen alone. Pure
// functions.

#include "core/passage.hpp"

namespace portcullis {

/// Between the end of one and the beginning of the other: for so long the way of a plate is known.
inline constexpr milliseconds at_once{2000};

/// Whether what enters after something left may be the same, further along its way. soon: within at_once.
[[nodiscard]] bool goes_on(const Passage& first, const Passage& then, bool soon);
/// One vehicle that two tracks took turns with: both in one place at the beginning and at the end of the time
/// that they share. Of two vehicles one is behind or beside the other.
[[nodiscard]] bool are_together(const Passage& a, const Passage& b);
/// Without a text to tell: a vehicle that keeps its speed from the beginning of the first to the end of the
/// second was, when the first was lost and when the second began, where these two were. Within at_once, or
/// together.
[[nodiscard]] bool are_one_way(const Passage& first, const Passage& then);

/// The same where the widths are not to be trusted, as of plates too far to be read: the second began ahead
/// of where the first was lost, on one line, as fast as between the two. What follows in a lane begins
/// behind. Within at_once.
[[nodiscard]] bool are_in_line(const Passage& first, const Passage& then);

/// Which way it went; of few frames one bad quad makes a wrong way.
[[nodiscard]] Direction way_of(const Passage& passage);

}  // namespace portcullis
