#pragma once
// PlateFormats: the grammars of the world's plates, from a data file (models/plate-formats/formats.toml names
// the source of each). They weigh what was read: where a look-alike is as likely as the chosen letter, the
// grammar that the rest of the text follows settles it; and they tell the jurisdiction. Immutable,
// thread-safe.
//
// The weighing is Bayes' rule. A format f of jurisdiction j holds for a plate with probability P(j) w(f);
// under it, each letter that its pattern allows at a place is equally likely. A share free_share of each
// jurisdiction's plates follows no format (personalised, old, diplomatic): nothing is ruled out. P(j) comes
// from the look of the plate where the reader tells it, else all jurisdictions are alike.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/reading.hpp"

namespace portcullis {

inline constexpr std::size_t max_plate_formats = 2000;
inline constexpr std::size_t max_format_characters = 16;  // of one pattern
inline constexpr std::size_t max_format_groups = 16;

/// A pattern's places, each a set of characters: bit 0 to 9 the digits, 10 to 35 the letters.
/// "A" any letter, "9" any digit, "X" either, "[BC1]" one of these.
/// Errors: invalid_argument (another sign, an empty or open set, no place or more than
/// max_format_characters).
[[nodiscard]] Result<std::vector<std::uint64_t>> parse_pattern(std::string_view pattern);

class PlateFormats {
  public:
    /// Errors: configuration (missing, not TOML, an unknown key, a pattern that is none, two formats of one
    /// name; the message names file, line and cure).
    [[nodiscard]] static Result<PlateFormats> load(const std::filesystem::path& file);

    /// The read, weighed: its characters and confidence, and its jurisdiction; `raw` stays. `look` is what
    /// the picture says of the jurisdiction (codes of jurisdictions or of groups); empty where it says
    /// nothing. A letter is only ever replaced by one of its own alternatives. A read without characters
    /// stays as it is.
    [[nodiscard]] Read weigh(Read read, std::span<const Jurisdiction> look) const;

    /// A plate text in one of the formats of that jurisdiction (of a group: of one of its members), the
    /// common ones more often; nothing when none is known. random: a number below its bound, 1 or more.
    [[nodiscard]] std::optional<std::string> invent(
        const std::string& jurisdiction,
        const std::function<std::uint64_t(std::uint64_t bound)>& random) const;

    [[nodiscard]] std::size_t size() const { return formats_.size(); }

  private:
    struct Format {
        std::size_t jurisdiction = 0;  // index into jurisdictions_
        double share = 0;              // of the jurisdiction's plates
        std::vector<std::uint64_t> places;
    };
    PlateFormats() = default;
    [[nodiscard]] std::vector<double> prior(std::span<const Jurisdiction> look) const;
    [[nodiscard]] Jurisdiction best_jurisdiction(std::span<const double> posterior) const;

    std::vector<Format> formats_;
    std::vector<std::string> jurisdictions_;
    std::map<std::string, std::vector<std::size_t>> groups_;  // "eu" -> its jurisdictions
};

}  // namespace portcullis
