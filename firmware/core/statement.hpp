#pragma once
// Signed statements: small SignedData that hold no plate data. record/statement_codec.hpp writes and parses
// them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "core/chain.hpp"

namespace portcullis {

/// By the device, every checkpoint_every_items items or checkpoint_every: the chain up to `last` ends in
/// `link`.
struct Checkpoint {
    std::string device;
    ChainId chain;
    Seq first = 0;  // first seq since the checkpoint before
    Seq last = 0;
    Digest link{};  // link(last)
    UtcTime time{};
};

/// By the device: items first..last were shed (quota). They keep their place in the chain: a declared gap.
struct Tombstone {
    std::string device;
    ChainId chain;
    Seq first = 0;
    Seq last = 0;
    Digest link{};            // link(last), as it was when the items were whole
    std::uint64_t reads = 0;  // how many of each kind were shed
    std::uint64_t plates = 0;
    std::uint64_t overviews = 0;
    std::uint64_t checkpoints = 0;  // and life statements
    UtcTime time{};
};

enum class LifeReason {
    made,         // "new": the device's first chain
    start,        // the reader started, the chain goes on
    set_aside,    // the spool's file was damaged: a new chain
    rolled_back,  // the spool's file was older than the device's anchor, or another one: a new chain
    spool_lost,   // the spool's file was gone: a new chain
    anchor_lost,  // the chain goes on, but there was no anchor to compare the spool's file with
    report        // nothing began; it only counts what was lost
};
[[nodiscard]] std::string_view to_string(LifeReason reason);
[[nodiscard]] std::optional<LifeReason> life_reason_from_string(std::string_view text);
/// Such a statement is the first item of its chain.
[[nodiscard]] bool begins_chain(LifeReason reason);

/// By the device: the first item of each chain, one at each start of the reader, and one when it has lost
/// something. It takes the place last + 1. Sums, not differences: one that is shed hides nothing.
struct LifeStatement {
    std::string device;
    ChainId chain;
    LifeReason reason = LifeReason::start;
    std::uint64_t boots = 0;  // how often the reader has started, since its anchor was made
    ChainId previous;         // of a new chain: the one before, as far as the device knows; zeros: none
    Seq previous_last = 0;    // at least so far it went ...
    Digest previous_link{};   // ... and its link there
    std::uint64_t records_lost = 0;    // given up before they had a seq, since the anchor was made
    std::uint64_t frames_dropped = 0;  // because the road was busy, since the anchor was made
    Seq last = 0;                      // 0: this is the chain's first item
    Digest link{};                     // link(last)
    UtcTime time{};
};

/// By the collector: all items of the chain up to `upto` are stored (or declared shed). Only this releases a
/// spool.
struct Receipt {
    std::string device;
    ChainId chain;
    Seq upto = 0;
    Digest link{};  // link(upto) as the collector computed it; must equal the device's own
    UtcTime time{};
};

}  // namespace portcullis
