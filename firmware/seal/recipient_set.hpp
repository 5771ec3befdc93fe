#pragma once
// A recipient set as it is signed and believed. It travels as SignedData of our profile by the policy key; a
// device takes it only if the policy key signed it, each recipient is of the recipient CA and for its
// purpose, and it is newer than the one in use. Reentrant; a const RecipientSetGate is thread-safe.

#include <filesystem>
#include <optional>
#include <vector>

#include "core/recipient_set.hpp"
#include "ports/signing_key.hpp"
#include "seal/policy_keys.hpp"
#include "seal/signed_version.hpp"

namespace portcullis {

inline constexpr std::size_t max_recipient_set_bytes = std::size_t{164} * 1024;
/// A set is fresh so long after it was issued (security.md: epochs of today and the next seven days) ...
inline constexpr std::chrono::days set_fresh_for{7};
/// ... is sealed to for so much longer, flagged; then pictures end ...
inline constexpr std::chrono::days set_stale_for{7};
/// ... and after so much more, reads.
inline constexpr std::chrono::days set_reads_for{7};

enum class SetAge {
    fresh,
    stale,       // still sealed to, and told
    reads_only,  // reads and health; pictures are not kept
    over         // nothing is sealed: nobody says any more who may read it
};
[[nodiscard]] std::string_view to_string(SetAge age);
/// A clock before `issued` is a clock that lags: fresh.
[[nodiscard]] SetAge age_of(UtcTime issued, UtcTime now);

/// A set that was verified.
struct KnownRecipients {
    RecipientSet set;
    Digest digest{};  // of the signed bytes: stands in each read that is sealed to it
    Bytes blob;
    std::vector<X509Ptr> certificates;  // of set.entries, in their order

    /// The places in set.entries of the epoch in force for `purpose` at `now`: the last that has begun, the
    /// first one when none has. Empty when the set names nobody for it.
    [[nodiscard]] std::vector<std::size_t> in_force(Purpose purpose, UtcTime now) const;
};

struct RecipientSetRules {
    std::filesystem::path policy_chain;     // PEM: the CA of the policy key (the root) first
    std::filesystem::path policy_signers;   // its certificate, or a folder of them
    std::filesystem::path recipient_chain;  // PEM: the recipient CA first, its root after it
    std::string fleet;
};

/// What a device already has.
using SetInUse = SignedVersion;

class RecipientSetGate {
  public:
    /// Errors: configuration (names the file and the cure).
    [[nodiscard]] static Result<RecipientSetGate> create(const RecipientSetRules& rules);

    /// not_before: it is certainly not earlier than that; needs no clock that is right. `in_use`: refuses
    /// lower versions, and other bytes of the same version. Errors: refused (says why: unknown or unfit
    /// signer, signature, form, fleet, version, a recipient of another CA or purpose, out of dates),
    /// exhausted (too large).
    [[nodiscard]] Result<KnownRecipients> open(ByteView blob, const std::optional<SetInUse>& in_use,
                                               UtcTime not_before) const;

  private:
    RecipientSetGate(PolicyKeys policy, CaChain recipients, std::string fleet)
        : policy_(std::move(policy)), recipients_(std::move(recipients)), fleet_(std::move(fleet)) {}
    [[nodiscard]] Result<RecipientSet> read(ByteView blob, UtcTime not_before) const;
    [[nodiscard]] Result<X509Ptr> check_recipient(const RecipientEntry& entry, std::size_t number) const;

    PolicyKeys policy_;
    CaChain recipients_;
    std::string fleet_;
};

/// For what the certificate may receive; ascending, empty when it says nothing of it.
[[nodiscard]] std::vector<Purpose> purposes_of(X509* certificate);

/// key: of a certificate with CertificateUse::sign_policy. Errors: invalid_argument (the set), internal.
[[nodiscard]] Result<Bytes> sign_recipient_set(const SigningKey& key, const RecipientSet& set);

/// Where devices of a fleet hear of their set; published retained.
[[nodiscard]] std::string recipients_topic(std::string_view fleet);

}  // namespace portcullis
