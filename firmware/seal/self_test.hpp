#pragma once
// Run by reader, collector and opener before their first duty: gate and profile must pass a good vector and
// refuse embedded bad ones (short tag, long IV, OFB, SHA-1, stripped attributes ...), whatever OpenSSL is
// installed. About 0.1 ms. Reentrant.

#include "base/result.hpp"

namespace portcullis {

/// Errors: internal (names the vector that was judged wrongly: do not start).
[[nodiscard]] Result<void> envelope_self_test();

}  // namespace portcullis
