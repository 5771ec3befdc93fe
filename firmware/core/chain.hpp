#pragma once
// The digest chain over sealed blobs (security design §6.3). Every item (read, plate picture, overview,
// checkpoint) is a link, so the ingest can check the chain without any decryption key:
//   link(0) = SHA-256( 0x00 | device name | 0x00 | chain id )        link(n) = SHA-256( 0x01 | link(n-1) |
//   seq_be64 | SHA-256(blob) )
// Pure functions, reentrant.

#include <string_view>

#include "base/sha256.hpp"
#include "core/ids.hpp"

namespace portcullis {

/// Where a chain stands: the seq that the next item gets, and the link of the last one.
struct ChainHead {
    ChainId chain;
    Seq next_seq = 1;
    Digest link{};
};

[[nodiscard]] Digest first_link(std::string_view device, const ChainId& chain);
[[nodiscard]] Digest next_link(const Digest& previous, Seq seq, const Digest& blob_digest);

}  // namespace portcullis
