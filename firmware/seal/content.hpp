#pragma once
// The signed content of a read whose envelope somebody opened before, and kept sealed to another key: a legal
// hold. Pure function, reentrant.

#include "seal/opener.hpp"

namespace portcullis {

/// As EnvelopeOpener::open_read judges it. recipients: recipients_digest of the envelope that it came in.
[[nodiscard]] OpenedRead judge_content(ByteView content, const Digest& recipients, const TrustStore& trust,
                                       UtcTime received);

}  // namespace portcullis
