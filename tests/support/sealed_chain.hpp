#pragma once
// Makes records of nonsense bytes that continue a chain as sealed ones do: for tests that need the chain, not
// the cryptography.

#include <initializer_list>
#include <vector>

#include "core/sealed_item.hpp"

namespace portcullis::test {

struct Part {
    ItemKind kind;
    std::size_t bytes;
};

/// The next record of the chain at `head`, which it moves on. Blobs differ from seq to seq.
inline SealedRecord next_record(ChainHead& head, const std::vector<Part>& parts) {
    SealedRecord record{head.chain, {}};
    for (const Part& part : parts) {
        Bytes blob(part.bytes, std::byte{0xa5});
        for (std::size_t i = 0; i < blob.size() && i < 8; ++i)
            blob[i] = static_cast<std::byte>(head.next_seq >> (8 * i));
        head.link = next_link(head.link, head.next_seq, sha256(blob));
        record.items.push_back({head.next_seq, part.kind, std::move(blob), head.link});
        ++head.next_seq;
    }
    return record;
}

inline SealedRecord next_record(ChainHead& head, std::initializer_list<Part> parts) {
    return next_record(head, std::vector<Part>(parts));
}

/// A read of 300 bytes alone.
inline SealedRecord next_read(ChainHead& head) {
    return next_record(head, {{ItemKind::read, 300}});
}

}  // namespace portcullis::test
