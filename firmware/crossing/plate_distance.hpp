#pragma once
// How far two texts of plates are apart, as a reader errs. Pure functions, reentrant.

#include <string>
#include <string_view>
#include <vector>

namespace portcullis {

/// One of O0, I1, B8, S5 taken for the other.
inline constexpr int look_alike_step = 1;
/// Any other letter taken for another, one left out, or one too many.
inline constexpr int error_step = 4;

/// The cheapest way from one text to the other in those steps; at most max_plate_letters of each count.
[[nodiscard]] int plate_distance(std::string_view one, std::string_view other);

/// The folded text, and it with each letter left out, ascending and without repetition: of two texts that
/// are at most one error and any number of look-alikes apart, at least one stands in both lists.
[[nodiscard]] std::vector<std::string> neighbourhood(std::string_view text);

}  // namespace portcullis
