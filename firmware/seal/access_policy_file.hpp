#pragma once
// Where a collector's access policy comes from: a file, and whose word on it counts. Reentrant.

#include <filesystem>

#include "seal/access_policy.hpp"

namespace portcullis {

struct AccessFiles {
    std::filesystem::path policy;
    AccessPolicyRules rules;
};

/// The signed bytes. Errors: configuration (names the file and the cure).
[[nodiscard]] Result<Bytes> read_access_policy(const AccessFiles& files);
/// Errors: configuration (why it is refused, the file and the cure).
[[nodiscard]] Result<KnownAccessPolicy> open_access_policy(const AccessFiles& files,
                                                           const AccessPolicyGate& gate, ByteView blob,
                                                           const std::optional<PolicyInUse>& newest);
/// As an opener takes it, but for what its audit log says of newer ones. Errors: configuration (names the
/// file and the cure).
[[nodiscard]] Result<KnownAccessPolicy> load_access_policy(const AccessFiles& files);

}  // namespace portcullis
