#pragma once
// Wanted tokens as they are signed and believed: SignedData of our profile by a policy key, in the clear, for
// they tell no plate. Reentrant; a const WantedGate is thread-safe.

#include <optional>

#include "core/wanted.hpp"
#include "ports/signing_key.hpp"
#include "seal/policy_keys.hpp"
#include "seal/signed_version.hpp"

namespace portcullis {

/// Of the signed bytes.
inline constexpr std::size_t max_wanted_bytes = std::size_t{28} * 1024;

struct WantedRules {
    std::filesystem::path policy_chain;  // PEM: the CA of the key (the root) first
    std::filesystem::path signers;       // certificates of those who sign hotlists, or a folder of them
    std::string fleet;
};

struct KnownWanted {
    WantedTokens tokens;
    Digest digest{};     // of the signed bytes
    std::string signer;  // the policy key's common name
};

class WantedGate {
  public:
    /// Errors: configuration (names the file and the cure).
    [[nodiscard]] static Result<WantedGate> create(const WantedRules& rules);

    /// in_use: the newest that was taken; now: whoever asks knows that it is not earlier. Errors: refused
    /// (unknown or unfit signer, signature, form, fleet, a lower version, other bytes of the same version,
    /// issued outside of its key's dates, over).
    [[nodiscard]] Result<KnownWanted> open(ByteView blob, const std::optional<SignedVersion>& in_use,
                                           UtcTime now) const;

  private:
    WantedGate(PolicyKeys keys, std::string fleet) : keys_(std::move(keys)), fleet_(std::move(fleet)) {}

    PolicyKeys keys_;
    std::string fleet_;
};

/// key: of a certificate with CertificateUse::sign_policy. Errors: invalid_argument (the tokens), internal.
[[nodiscard]] Result<Bytes> sign_wanted(const SigningKey& key, const WantedTokens& tokens);

}  // namespace portcullis
