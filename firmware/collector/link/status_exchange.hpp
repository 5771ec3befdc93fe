#pragma once
// What the opener tells a gateway for its metrics: counts, no plate, no place, no hit (a hit's moment would
// say when somebody who is sought passed). One question and one answer, then the connection ends. Values;
// pure functions, reentrant.

#include "base/clock.hpp"
#include "collector/link/packet.hpp"

namespace portcullis {

/// Since the opener's start, but for the last three.
struct OpenerStatus {
    std::uint64_t opened = 0;
    std::uint64_t good = 0;
    std::uint64_t doubtful = 0;
    std::uint64_t waiting = 0;
    std::uint64_t strangers = 0;
    std::uint64_t slow_viewers = 0;
    std::uint64_t shown = 0;
    std::uint64_t refused = 0;
    std::uint64_t alarms = 0;
    std::uint64_t searches = 0;
    std::uint64_t indexed = 0;
    std::uint64_t unindexed = 0;
    std::uint64_t viewers = 0;         // now
    std::uint64_t policy_version = 0;  // of the access policy in force
    UtcTime policy_ends{};
    bool operator==(const OpenerStatus&) const = default;
};

[[nodiscard]] Packet status_request();
/// Whether the packet asks for counts, be it in order or not.
[[nodiscard]] bool is_status_request(const Packet& packet);
/// Errors: corrupt.
[[nodiscard]] Result<void> check_status_request(const Packet& packet);

[[nodiscard]] Packet to_packet(const OpenerStatus& status);
/// Errors: corrupt.
[[nodiscard]] Result<OpenerStatus> parse_opener_status(const Packet& packet);

}  // namespace portcullis
