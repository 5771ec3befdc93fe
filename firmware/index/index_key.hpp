#pragma once
// IndexKey: the keys of one epoch's part of the index. Whoever has none of them learns nothing from what they
// made: a tag is
//   HMAC-SHA-256(K_exact or K_folded, plate | 0x00 | n)[:12]        n: how many of this epoch had that plate
//                                                                   before, big-endian, 8 bytes
// so no two rows of one epoch have a tag in common, be they of one car or of a thousand. Who has the key
// finds all rows of a plate by counting n up from 0. Reentrant.

#include <array>
#include <string_view>

#include "base/bytes.hpp"
#include "core/secret_key.hpp"

namespace portcullis {

inline constexpr std::size_t tag_bytes = 12;
using Tag = std::array<std::byte, tag_bytes>;

enum class TagKind {
    exact,  // of the plate's text
    folded  // of fold_look_alikes of it
};

class IndexKey {
  public:
    /// secret: of this epoch alone, gone with it (EnvelopeOpener::derive).
    explicit IndexKey(const SecretKey& secret);

    [[nodiscard]] Tag tag(TagKind kind, std::string_view plate, std::uint64_t n) const;
    /// AES-256-GCM: nonce (12 bytes, random) | ciphertext | tag (16 bytes), bound to `place`. Errors:
    /// internal.
    [[nodiscard]] Result<Bytes> seal(ByteView plain, ByteView place) const;
    /// The caller cleanses it. Errors: corrupt (changed, of another place, or of another key).
    [[nodiscard]] Result<Bytes> open(ByteView cell, ByteView place) const;

  private:
    SecretKey exact_;
    SecretKey folded_;
    SecretKey cell_;
};

/// For a row without a plate: of the same look, found by nobody. Errors: internal (no random bytes).
[[nodiscard]] Result<Tag> stray_tag();

}  // namespace portcullis
