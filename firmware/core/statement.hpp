#pragma once
// Signed statements: small SignedData that hold no plate data. record/statement_codec.hpp writes and parses
// them.

#include <cstdint>
#include <string>

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
    std::uint64_t checkpoints = 0;
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
