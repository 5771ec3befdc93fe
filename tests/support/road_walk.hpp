#pragma once
// RoadWalk: drawn traffic (road_traffic.hpp) walked by the pipeline's own stages (detect with its tracker,
// read with its vote), in one thread, and what they made of it held against the truth. Thread-bound.

#include <string>

#include "pipeline/settings.hpp"
#include "support/road_traffic.hpp"

namespace portcullis::test {

/// Sums over roads.
struct PassageFigures {
    std::size_t frames = 0;
    std::size_t vehicles = 0;  // that must be recorded: clear in at least due_frames frames
    std::size_t captured = 0;  // of these: at least one record shows its plate
    std::size_t records = 0;
    std::size_t duplicates = 0;      // records beyond the first of a vehicle
    std::size_t false_records = 0;   // none of the patches was a plate
    std::size_t mixed = 0;           // records with patches of more than one vehicle
    std::size_t wrong_pictures = 0;  // the record shows another vehicle than the one most patches are of
    std::size_t withheld = 0;        // records without a picture, for it contradicted the read
    std::size_t wrong_directions = 0;
    std::size_t texts = 0;         // captured vehicles, by their first record:
    std::size_t voted_right = 0;   //   the vote is wholly right
    std::size_t best_right = 0;    //   the reading of the best patch (patch_score) alone would have been
    std::size_t surest_right = 0;  //   the reading with the highest confidence alone would have been

    PassageFigures& operator+=(const PassageFigures& other);
    [[nodiscard]] double capture_percent() const;
    [[nodiscard]] double duplicate_percent() const;  // of the records
};

/// As the reader walks it, without pictures.
[[nodiscard]] PipelineSettings walk_settings();

/// So many seconds of the road, then to its end.
[[nodiscard]] PassageFigures walk_road(const RoadRules& rules, std::uint64_t seed, double seconds,
                                       const PipelineSettings& settings = walk_settings());

/// The kinds of road that the figures are told for.
[[nodiscard]] std::vector<RoadRules> all_roads();

}  // namespace portcullis::test
