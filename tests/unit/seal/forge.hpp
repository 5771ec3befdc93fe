#pragma once
// A small DER tree, with which tests build what OpenSSL would not write.

#include <string>
#include <vector>

#include "base/bytes.hpp"

namespace portcullis::test {

struct DerNode {
    unsigned tag = 0;
    std::string content;            // of a primitive element
    std::vector<DerNode> children;  // of a constructed one
};

/// Throws std::runtime_error on anything but well-formed DER.
[[nodiscard]] DerNode parse_der(ByteView bytes);
[[nodiscard]] std::string encode_der(const DerNode& node);
[[nodiscard]] Bytes blob_of(const DerNode& node);

/// Places in an AuthEnvelopedData and a SignedData.
[[nodiscard]] DerNode& recipients_of(DerNode& envelope);
[[nodiscard]] DerNode& signer_of(DerNode& signed_data);
[[nodiscard]] DerNode& content_of(DerNode& signed_data);

/// The forgery of draft-ietf-lamps-cms-euf-cma-signeddata: the signed attributes become the content, and the
/// signature over them stands as one over that content. CMS_verify accepts it.
[[nodiscard]] Bytes strip_attributes(ByteView signed_data);

}  // namespace portcullis::test
