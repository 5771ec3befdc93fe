#pragma once
// What an operator asks about crossings, and what he gets: one question and one answer, then the connection
// ends. An answer holds no plate, and says which passages are of one vehicle: it is personal data, as a view
// is. Values; pure functions, reentrant.

#include <vector>

#include "collector/link/packet.hpp"
#include "collector/link/told_holes.hpp"
#include "core/crossing_question.hpp"
#include "core/ids.hpp"

namespace portcullis {

/// One answer tells no more crossings, nor more unmatched passages of one side.
inline constexpr std::size_t max_told_crossings = 300;

struct CrossingRequest {
    CrossingQuestion question;
    std::string purpose;  // as in a SearchRequest
    std::string case_number;
    std::string on_behalf = {};  // the same
};

struct ToldPassage {
    std::string device;
    ChainId chain;
    std::string lane;
    Seq seq = 0;
    UtcTime captured{};  // of a device whose clock was in doubt: when it was received
    bool operator==(const ToldPassage&) const = default;
};

struct ToldCrossing {
    ToldPassage entry;
    ToldPassage exit;
    std::uint64_t distance = 0;  // of the two texts (crossing/plate_distance.hpp)
    [[nodiscard]] microseconds dwell() const { return exit.captured - entry.captured; }
    bool operator==(const ToldCrossing&) const = default;
};

struct ToldLone {
    ToldPassage passage;
    std::string why;  // unread, ambiguous, edge, alone
    bool operator==(const ToldLone&) const = default;
};

/// In all, whatever is told of them.
struct CrossingCounts {
    std::uint64_t matched = 0;
    std::uint64_t entries = 0;  // unmatched
    std::uint64_t exits = 0;    // unmatched
    std::uint64_t opened = 0;   // rows of the index, to find them
    std::uint64_t damaged = 0;  // rows that somebody changed
    std::uint64_t locked = 0;   // epochs whose key does not answer
    bool operator==(const CrossingCounts&) const = default;
};

struct CrossingAnswer {
    std::vector<ToldCrossing> crossings;  // all by time, the earliest
    std::vector<ToldLone> entries;
    std::vector<ToldLone> exits;
    CrossingCounts counts;
    microseconds median{};  // of all dwells; zero without any
    microseconds centile_90{};
    std::vector<ToldHole> holes;
};

[[nodiscard]] Packet to_packet(const CrossingRequest& request);
/// With more than the limits above it is a packet that nobody takes.
[[nodiscard]] Packet to_packet(const CrossingAnswer& answer);
/// Whether the packet asks for crossings, be it a good question or not.
[[nodiscard]] bool is_crossing_request(const Packet& packet);
/// The question is not checked() yet. Errors of both: corrupt.
[[nodiscard]] Result<CrossingRequest> parse_crossing_request(const Packet& packet);
[[nodiscard]] Result<CrossingAnswer> parse_crossing_answer(const Packet& packet);

}  // namespace portcullis
