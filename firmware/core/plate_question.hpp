#pragma once
// PlateQuestion: what somebody looks for among the plates that were read. It comes from outside: checked()
// before anything else. Values; pure functions, reentrant. The plate is personal data: never in a log, an
// error message or a file name.

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "core/passage.hpp"

namespace portcullis {

/// Of a plate's text, and of a question's, wildcards included.
inline constexpr std::size_t max_plate_letters = 24;
inline constexpr std::size_t max_lane_bytes = 64;

/// Characters that are taken for each other become one: O 0, I 1, B 8, S 5. Of the same length as before.
[[nodiscard]] std::string fold_look_alikes(std::string_view plate);

struct PlateQuestion {
    /// A-Z and 0-9; `?` is any one character, `*` any number of them. Empty: whatever the plate.
    std::string plate{};
    bool look_alike = false;        // O is 0, and so on, on both sides
    std::optional<UtcTime> from{};  // captured then or later
    std::optional<UtcTime> to{};    // and before then
    std::string device{};           // its name; "north-*": all whose names begin so; empty: all
    std::string lane{};             // empty: all
    std::optional<Direction> direction{};

    /// Not a whole plate: it cannot be looked up, so each passage of the window is opened.
    [[nodiscard]] bool is_partial() const;
    bool operator==(const PlateQuestion&) const = default;
};

/// With its plate in capitals, without blanks, hyphens and dots, folded if it asks for look-alikes. Errors:
/// invalid_argument (says which field and what is allowed; never what it held).
[[nodiscard]] Result<PlateQuestion> checked(PlateQuestion question);

/// Whether the question is about this text, A-Z and 0-9. An unread plate, which has none, is an answer only
/// when the question names no plate.
[[nodiscard]] bool fits(const PlateQuestion& question, std::string_view text);
/// Whether a device is one of those that the question names.
[[nodiscard]] bool fits_device(const PlateQuestion& question, std::string_view device);

}  // namespace portcullis
