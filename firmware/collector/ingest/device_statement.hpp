#pragma once
// Checkpoints and tombstones at the door: their signature is all the proof they need, so ingest judges them
// itself. Pure, reentrant.

#include "collector/ingest/incoming.hpp"
#include "core/statement.hpp"
#include "seal/trust.hpp"

namespace portcullis {

struct DeviceStatement {
    Verdict verdict;
    std::string reason;  // why it is not good
    std::optional<Checkpoint> checkpoint;
    std::optional<Tombstone> tombstone;
    /// Signed by the device of its topic, about this very place, with a key that counted when it came or has
    /// only lapsed since.
    [[nodiscard]] bool holds() const { return checkpoint.has_value() || tombstone.has_value(); }
    /// And what it says counts.
    [[nodiscard]] bool believed() const { return holds() && is_believed(verdict.key_trust); }
    /// What it says of the link of the item before it; of a tombstone nothing.
    [[nodiscard]] std::optional<Digest> signed_previous() const {
        return checkpoint && believed() ? std::optional(checkpoint->link) : std::nullopt;
    }
};

[[nodiscard]] DeviceStatement judge_statement(const Incoming& incoming, ByteView blob,
                                              const TrustStore& devices, UtcTime now);

}  // namespace portcullis
