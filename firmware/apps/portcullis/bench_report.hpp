#pragma once
// The figures of `portcullis bench accuracy`, a source and in total, for people and as JSON. Thread-bound.

#include <map>
#include <string>

#include "apps/portcullis/bench_score.hpp"

namespace portcullis::bench {

/// Sums over pictures.
struct Tally {
    std::size_t pictures = 0;
    std::size_t unreadable = 0;  // files; counted as pictures without a read
    std::size_t looked_for = 0;  // pictures that are no crops: false reads are an average over them
    std::size_t plates = 0;
    std::size_t plates_to_find = 0;  // of pictures that are no crops
    std::size_t texts = 0;
    std::size_t found = 0;
    std::size_t exact = 0;
    std::size_t right = 0;
    std::size_t false_reads = 0;
    std::vector<Answer> answers;
    std::vector<double> times_ms;

    void add(Kind kind, const PictureScore& score, std::optional<double> ms);
};

struct Report {
    std::map<std::string, Tally> sources;
    std::map<std::string, Tally> totals;  // "all scenes", "all crops", "all negatives", "total"

    void add(const LabelledPicture& picture, const PictureScore& score, std::optional<double> ms);
};

/// "-" where there is nothing to count.
[[nodiscard]] std::string table(const Report& report);
/// One object, indented; null where there is nothing to count.
[[nodiscard]] std::string json(const Report& report, const std::string& model);

/// The most memory that this process has held at once (VmHWM), MB of 10^6 bytes; empty: not told by the
/// system.
[[nodiscard]] std::optional<double> peak_memory_mb();

}  // namespace portcullis::bench
