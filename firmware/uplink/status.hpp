#pragma once
// The status that a device leaves at the broker (retained): a hint for people, unsigned, without plate data.
// Pure functions, reentrant.

#include <cstdint>

#include "core/health_report.hpp"
#include "ports/broker.hpp"
#include "spool/spool.hpp"

namespace portcullis {

struct UplinkCounters {
    std::uint64_t published = 0;         // handed to the broker, again or not
    std::uint64_t accepted = 0;          // PUBACKs
    std::uint64_t received = 0;          // covered by a receipt that went to the reader
    std::uint64_t resent = 0;            // published again for want of a receipt
    std::uint64_t denied = 0;            // the broker said no
    std::uint64_t refused_receipts = 0;  // we said no
};

/// reader: what it says of itself; nothing while it is silent: then "reader" is empty. Its numbers are
/// written anew (record/health_codec.hpp), so that nothing else of it can go on to the network.
[[nodiscard]] BrokerMessage status_message(const std::string& device, const SpoolStats& spool,
                                           const UplinkCounters& counters,
                                           const std::optional<HealthReport>& reader, UtcTime now);
/// state "stopped" (ours, on a clean end) or "lost" (the will, which the broker publishes for us).
[[nodiscard]] BrokerMessage farewell_message(const std::string& device, std::string_view state);

}  // namespace portcullis
