#pragma once
// Checkpoints, life statements and tombstones at the door: their signature is all the proof they need, so
// ingest judges them itself. Pure, reentrant.

#include "collector/ingest/incoming.hpp"
#include "core/statement.hpp"
#include "seal/trust.hpp"

namespace portcullis {

struct DeviceStatement {
    Verdict verdict;
    std::string reason;  // why it is not good
    std::optional<Checkpoint> checkpoint;
    std::optional<Tombstone> tombstone;
    std::optional<LifeStatement> life;
    /// Signed by the device of its topic, about this very place, with a key that counted when it came or has
    /// only lapsed since.
    [[nodiscard]] bool holds() const { return checkpoint || tombstone || life; }
    /// And what it says counts.
    [[nodiscard]] bool believed() const { return holds() && is_believed(verdict.key_trust); }
    /// What it says of the link of the item before it; of a tombstone nothing.
    [[nodiscard]] std::optional<Digest> signed_previous() const {
        if (!believed()) return std::nullopt;
        if (life) return life->link;
        return checkpoint ? std::optional(checkpoint->link) : std::nullopt;
    }
    /// When its device made it, by its own clock.
    [[nodiscard]] UtcTime time() const {
        if (life) return life->time;
        return checkpoint ? checkpoint->time : tombstone ? tombstone->time : UtcTime();
    }
};

[[nodiscard]] DeviceStatement judge_statement(const Incoming& incoming, ByteView blob,
                                              const TrustStore& devices, UtcTime now);

}  // namespace portcullis
