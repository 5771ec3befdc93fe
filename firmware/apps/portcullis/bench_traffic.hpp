#pragma once
// Made-up traffic at a place with an entry and an exit, and what two cameras make of it. Pure, reentrant.
//
// Vehicles: half of a day's are regulars, who come ten times a run, at any hour, but not while they are
// inside nor within 10 minutes after; half come once. Half of the plates are of one town's series (B, two
// letters, four digits: 6 million, so that many differ by one letter), half of a wide one (two letters, two
// digits, three letters). A twin is a vehicle with the text of one that is inside. Times of entry are even
// over the day. Stays: 68 % of 1 to 180 minutes, 30 % of 6 to 10 hours, 1.5 % of 12 to 23 hours, 0.5 % of 25
// to 60 hours, which is more than is asked for.
//
// Cameras, each passage for itself: it is missed; or unread; else each letter is read as another at random,
// or as its look-alike, and then one letter slips (is left out, or is one too many). Letters' errors are
// independent of each other and of the other camera: a worn plate that is misread alike at both is not
// modelled, it would be matched. The exit's clock is 0.3 s behind, and each instant is off by up to 0.5 s.

#include <string>
#include <vector>

#include "apps/portcullis/bench_options.hpp"
#include "base/clock.hpp"

namespace portcullis::bench {

struct TrafficSighting {
    UtcTime at{};
    std::string text;
    std::size_t stay = 0;  // the truth: which one's it is
};

struct Traffic {
    std::vector<TrafficSighting> entries;  // in no order that says anything
    std::vector<TrafficSighting> exits;
    std::size_t stays = 0;
    UtcTime from{};
    UtcTime to{};
};

[[nodiscard]] Traffic make_traffic(const CrossingsOptions& options);

}  // namespace portcullis::bench
