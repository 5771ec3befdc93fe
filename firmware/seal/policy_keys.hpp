#pragma once
// PolicyKeys: whose word counts on who may do what: recipient sets and access policies. What they sign
// travels as SignedData of our profile. Reentrant; a const PolicyKeys is thread-safe.

#include <filesystem>
#include <string>
#include <string_view>

#include "seal/trust.hpp"

namespace portcullis {

/// What a policy key has signed, and which; whether its dates fit is check_dates's to say.
struct PolicyText {
    std::string json;
    std::string signer;  // common name
    UtcTime valid_from{};
    UtcTime valid_until{};

    /// It held at `first` and at `last`. Errors: refused.
    [[nodiscard]] Result<void> check_dates(UtcTime first, UtcTime last, std::string_view what) const;
};

class PolicyKeys {
  public:
    /// chain: PEM, the CA of the policy key (the root) first; signers: its certificate, or a folder of them.
    /// Errors: configuration (names the file and the cure).
    [[nodiscard]] static Result<PolicyKeys> create(const std::filesystem::path& chain,
                                                   const std::filesystem::path& signers);

    /// Dates aside. what: "recipient set", for errors. Errors: refused (not our profile, an unknown or unfit
    /// signer, the signature, too large).
    [[nodiscard]] Result<PolicyText> read(ByteView blob, std::size_t limit_bytes,
                                          std::string_view what) const;

  private:
    explicit PolicyKeys(TrustStore keys) : keys_(std::move(keys)) {}

    TrustStore keys_;
};

}  // namespace portcullis
