#pragma once
// A retention schedule as it is signed and believed: SignedData of our profile by the policy key. Who
// destroys keys by it takes it only if it is not older than the newest that he ever took. Reentrant; a const
// RetentionGate is thread-safe.

#include <optional>

#include "core/retention.hpp"
#include "ports/signing_key.hpp"
#include "seal/policy_keys.hpp"
#include "seal/signed_version.hpp"

namespace portcullis {

inline constexpr std::size_t max_retention_bytes = std::size_t{68} * 1024;

/// A schedule that was verified. It has no end: what must be forgotten is forgotten until a newer one says
/// otherwise.
struct KnownRetention {
    RetentionSchedule schedule;
    Digest digest{};     // of the signed bytes
    std::string signer;  // the policy key's common name
};

class RetentionGate {
  public:
    /// chain, signers: as PolicyKeys. Errors: configuration (names the file and the cure).
    [[nodiscard]] static Result<RetentionGate> create(const std::filesystem::path& chain,
                                                      const std::filesystem::path& signers);

    /// Errors: refused (says why: unknown or unfit signer, signature, form, a lower version, other bytes of
    /// the same version, signed outside its policy key's dates, too large).
    [[nodiscard]] Result<KnownRetention> open(ByteView blob,
                                              const std::optional<SignedVersion>& in_use) const;

  private:
    explicit RetentionGate(PolicyKeys keys) : keys_(std::move(keys)) {}

    PolicyKeys keys_;
};

/// key: of a certificate with CertificateUse::sign_policy. Errors: invalid_argument (the schedule), internal.
[[nodiscard]] Result<Bytes> sign_retention(const SigningKey& key, const RetentionSchedule& schedule);

}  // namespace portcullis
