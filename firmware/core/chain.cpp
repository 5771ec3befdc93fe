#include "core/chain.hpp"

namespace portcullis {

Digest first_link(std::string_view device, const ChainId& chain) {
    const std::byte zero{0};
    return sha256({ByteView(&zero, 1), as_bytes(device), ByteView(&zero, 1), ByteView(chain.bytes)});
}

Digest next_link(const Digest& previous, Seq seq, const Digest& blob_digest) {
    Bytes head{std::byte{1}};
    Bytes place;
    append_u64(place, seq);
    return sha256({ByteView(head), ByteView(previous), ByteView(place), ByteView(blob_digest)});
}

}  // namespace portcullis
