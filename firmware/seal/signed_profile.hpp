#pragma once
// The SignedData profile: exactly one signer named by key id, ECDSA P-256 with SHA-256, no certificates, no
// CRLs, content type data, and exactly three signed attributes (contentType, signingTime, messageDigest;
// OpenSSL 3.0 cannot leave out signingTime, which we ignore: it is the device's clock). Without signed
// attributes a signature over attributes could be passed off as one over content, so they must stand, and the
// content must begin {"v": . Walks the bytes before OpenSSL parses them. Pure function, reentrant.

#include <string>

#include "base/bytes.hpp"

namespace portcullis {

inline constexpr std::size_t max_signed_bytes = 8192;  // of reads and of all statements but recipient sets

struct SignedShape {
    ByteView content;  // borrowed from the blob; not yet verified
    std::string signer_key_id;
};

/// Errors: refused (names the first part that has another shape), exhausted (over limit_bytes).
[[nodiscard]] Result<SignedShape> check_signed_profile(ByteView blob,
                                                       std::size_t limit_bytes = max_signed_bytes);

}  // namespace portcullis
