#pragma once
// Run by reader, uplink, collector and opener before their first duty: gate and profile must pass good
// vectors and refuse embedded bad ones (short tag, long IV, OFB, SHA-1, stripped attributes ...), whatever
// OpenSSL is installed. About 0.1 ms. Reentrant.

#include <functional>

#include "base/bytes.hpp"

namespace portcullis {

/// What is tested: whether a blob passes.
struct EnvelopeChecks {
    std::function<bool(ByteView)> gate;
    std::function<bool(ByteView)> signed_profile;
};

/// Errors: internal (names the vector that was judged wrongly: do not start).
[[nodiscard]] Result<void> envelope_self_test();
/// The same with other checks than those of this build: by it tests show that a broken gate is found.
[[nodiscard]] Result<void> envelope_self_test(const EnvelopeChecks& checks);

}  // namespace portcullis
