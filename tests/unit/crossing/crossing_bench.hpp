#pragma once
// A day at a gate, told in minutes from midnight.

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "crossing/crossing.hpp"

namespace portcullis::test {

inline const UtcTime midnight{std::chrono::sys_days(std::chrono::year(2026) / 11 / 26)};

inline UtcTime minute(double minutes) {
    return midnight + microseconds(static_cast<std::int64_t>(minutes * 60e6));
}

/// Each vehicle stays for at most 12 hours, and the window is the day with a day on both sides.
inline CrossingQuestion day_at_the_gate() {
    CrossingQuestion question;
    question.entry.places = {{"gate-in", ""}};
    question.exit.places = {{"gate-out", ""}};
    question.from = midnight - std::chrono::hours(24);
    question.to = midnight + std::chrono::hours(48);
    question.longest = std::chrono::hours(12);
    return question;
}

struct Seen {
    double at = 0;  // minutes
    std::string text;
};

class Gate {
  public:
    std::vector<Seen> in{};
    std::vector<Seen> out{};
    CrossingQuestion question = day_at_the_gate();

    [[nodiscard]] Crossings find() const { return find_crossings(sightings(in), sightings(out), question); }
    /// "0-1" for each pair, "in 2 alone" for each that is left, in their order.
    [[nodiscard]] std::vector<std::string> told() const {
        const Crossings found = find();
        std::vector<std::string> told;
        for (const Crossing& one : found.matched)
            told.push_back(std::to_string(one.entry) + "-" + std::to_string(one.exit));
        for (const LoneSighting& one : found.entries)
            told.push_back("in " + std::to_string(one.place) + " " + to_string(one.why));
        for (const LoneSighting& one : found.exits)
            told.push_back("out " + std::to_string(one.place) + " " + to_string(one.why));
        return told;
    }

  private:
    static std::vector<PlateSighting> sightings(const std::vector<Seen>& seen) {
        std::vector<PlateSighting> all;
        for (const Seen& one : seen)
            all.push_back({minute(one.at), one.text});
        return all;
    }
};

using Told = std::vector<std::string>;

}  // namespace portcullis::test
