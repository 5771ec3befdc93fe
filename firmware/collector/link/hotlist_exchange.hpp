#pragma once
// What a person asks the opener about hits of the hotlist, and what he gets: one question and one answer,
// then the connection ends. An answer is personal data, as a view is. Values; pure functions, reentrant.

#include <optional>
#include <vector>

#include "collector/link/packet.hpp"
#include "core/hotlist.hpp"

namespace portcullis {

/// One answer tells no more hits: it must fit into a socket's buffer.
inline constexpr std::size_t max_told_hits = 50;

/// To be shown hits; or to say what one of them is.
enum class HotlistAct { show, confirm, reject };

struct HotlistRequest {
    HotlistAct act = HotlistAct::show;
    std::string purpose;  // of the entries
    /// Of his own look; of a word on a hit, that of its entry.
    std::string case_number;
    std::optional<UtcTime> since = {};   // show: captured then or later
    std::optional<HitState> state = {};  // show: only these
    std::string device = {};             // confirm, reject: the hit's place
    ChainId chain = {};
    Seq seq = 0;
    bool operator==(const HotlistRequest&) const = default;
};

struct ToldHit {
    HotlistHit hit;
    HitState state = HitState::candidate;
    std::string who;  // said so; empty of a candidate
    UtcTime at{};
    bool operator==(const ToldHit&) const = default;
};

struct HotlistAnswer {
    std::vector<ToldHit> hits;   // newest first
    std::uint64_t matched = 0;   // in all: more than `hits` when they were too many
    std::uint64_t version = 0;   // of the list in force; 0: none is
    std::uint64_t wanted = 0;    // its entries that count today
    std::uint64_t unbooked = 0;  // hits since the opener's start that its disk did not take
    std::uint64_t damaged = 0;   // kept hits that somebody changed
    bool operator==(const HotlistAnswer&) const = default;
};

[[nodiscard]] Packet to_packet(const HotlistRequest& request);
/// Errors: invalid_argument (a hit that cannot be written).
[[nodiscard]] Result<Packet> to_packet(const HotlistAnswer& answer);
/// Whether the packet is about the hotlist, be it a good one or not.
[[nodiscard]] bool is_hotlist_request(const Packet& packet);
/// Errors of both: corrupt.
[[nodiscard]] Result<HotlistRequest> parse_hotlist_request(const Packet& packet);
[[nodiscard]] Result<HotlistAnswer> parse_hotlist_answer(const Packet& packet);

}  // namespace portcullis
