#pragma once
// An access policy as it is signed and believed. It travels as SignedData of our profile by the policy key;
// an opener takes it only if the policy key signed it for its fleet, within the key's dates, and it is newer
// than the newest that it ever took. Reentrant; a const AccessPolicyGate is thread-safe.

#include <optional>

#include "core/access_policy.hpp"
#include "ports/signing_key.hpp"
#include "seal/policy_keys.hpp"
#include "seal/signed_version.hpp"

namespace portcullis {

inline constexpr std::size_t max_access_policy_bytes = std::size_t{164} * 1024;

/// A policy that was verified. It may be over: compare policy.until.
struct KnownAccessPolicy {
    AccessPolicy policy;
    Digest digest{};     // of the signed bytes
    std::string signer;  // the policy key's common name
};

struct AccessPolicyRules {
    std::filesystem::path policy_chain;    // PEM: the CA of the policy key (the root) first
    std::filesystem::path policy_signers;  // its certificate, or a folder of them
    std::string fleet;
};

/// The newest that was ever taken.
using PolicyInUse = SignedVersion;

class AccessPolicyGate {
  public:
    /// Errors: configuration (names the file and the cure).
    [[nodiscard]] static Result<AccessPolicyGate> create(const AccessPolicyRules& rules);

    /// Needs no clock: a policy that is over is still the newest one, and shows nobody anything. Errors:
    /// refused (says why: unknown or unfit signer, signature, form, fleet, a lower version, other bytes of
    /// the same version, longer than its policy key holds, too large).
    [[nodiscard]] Result<KnownAccessPolicy> open(ByteView blob,
                                                 const std::optional<PolicyInUse>& in_use) const;

  private:
    AccessPolicyGate(PolicyKeys keys, std::string fleet) : keys_(std::move(keys)), fleet_(std::move(fleet)) {}

    PolicyKeys keys_;
    std::string fleet_;
};

/// key: of a certificate with CertificateUse::sign_policy. Errors: invalid_argument (the policy), internal.
[[nodiscard]] Result<Bytes> sign_access_policy(const SigningKey& key, const AccessPolicy& policy);

}  // namespace portcullis
