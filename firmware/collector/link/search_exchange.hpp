#pragma once
// What an operator asks the opener's plate index, and what he gets: one question and one answer, then the
// connection ends. An answer is personal data, as a view is. Values; pure functions, reentrant.

#include <vector>

#include "collector/link/packet.hpp"
#include "collector/link/told_holes.hpp"
#include "core/ids.hpp"
#include "core/plate_question.hpp"

namespace portcullis {

/// One answer shows no more reads: more than a hundred are an export, which takes two people.
inline constexpr std::size_t max_found = 100;

struct SearchRequest {
    PlateQuestion question;
    /// As in a Subscription: without them nothing is searched.
    std::string purpose;
    std::string case_number;
    std::string on_behalf = {};  // of a gateway: the person's account in whose name it asks
};

struct FoundRead {
    std::string device;
    ChainId chain;
    Seq seq = 0;
    UtcTime captured{};  // of a device whose clock was in doubt: when it was received
    std::string text;    // empty: unread
    std::string lane;
    Direction direction = Direction::unknown;
    bool operator==(const FoundRead&) const = default;
};

struct SearchAnswer {
    std::vector<FoundRead> found;  // newest first
    std::uint64_t matched = 0;     // in all: more than found holds when they were too many
    std::uint64_t opened = 0;      // to find them
    std::uint64_t damaged = 0;     // rows that somebody changed
    std::uint64_t locked = 0;      // epochs whose key does not answer
    std::vector<ToldHole> holes;
};

/// What another opener found besides, as one would have: each read once, the newest first. More than
/// max_found may be told of several.
void take_in(SearchAnswer& all, SearchAnswer more);

[[nodiscard]] Packet to_packet(const SearchRequest& request);
[[nodiscard]] Packet to_packet(const SearchAnswer& answer);
/// Whether the packet asks for a search, be it a good one or not.
[[nodiscard]] bool is_search(const Packet& packet);
/// The question is not checked() yet. Errors of both: corrupt.
[[nodiscard]] Result<SearchRequest> parse_search_request(const Packet& packet);
[[nodiscard]] Result<SearchAnswer> parse_search_answer(const Packet& packet);

}  // namespace portcullis
