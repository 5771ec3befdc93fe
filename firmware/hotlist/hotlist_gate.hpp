#pragma once
// A hotlist as it is signed, sealed and believed: SignedData of our profile by a policy key, inside an
// envelope to those who must read it. So no copy of the file tells who is sought. Reentrant; a const
// HotlistGate is thread-safe.

#include <functional>
#include <optional>

#include "core/hotlist.hpp"
#include "ports/signing_key.hpp"
#include "seal/policy_keys.hpp"
#include "seal/signed_version.hpp"

namespace portcullis {

/// Of the file, sealed.
inline constexpr std::size_t max_hotlist_bytes = std::size_t{528} * 1024;

/// What an envelope holds, by who has a key for it; the gate cleanses it.
using Unseal = std::function<Result<Bytes>(ByteView sealed)>;

struct KnownHotlist {
    Hotlist list;
    Digest digest{};     // of the signed bytes: the same list sealed to others is the same
    std::string signer;  // the policy key's common name
};

struct HotlistRules {
    std::filesystem::path policy_chain;  // PEM: the CA of the key (the root) first
    std::filesystem::path signers;       // certificates of those who sign hotlists, or a folder of them
    std::string fleet;
};

class HotlistGate {
  public:
    /// Errors: configuration (names the file and the cure).
    [[nodiscard]] static Result<HotlistGate> create(const HotlistRules& rules);

    /// in_use: the newest that was ever taken. Errors: refused (unknown or unfit signer, signature, form,
    /// fleet, a lower version, other bytes of the same version, issued outside of its key's dates), unseal's.
    [[nodiscard]] Result<KnownHotlist> open(ByteView sealed, const Unseal& unseal,
                                            const std::optional<SignedVersion>& in_use) const;

  private:
    HotlistGate(PolicyKeys keys, std::string fleet) : keys_(std::move(keys)), fleet_(std::move(fleet)) {}

    PolicyKeys keys_;
    std::string fleet_;
};

/// key: of a certificate with CertificateUse::sign_policy; readers: checked by check_certificate(receive).
/// Errors: invalid_argument (the list), internal.
[[nodiscard]] Result<Bytes> sign_hotlist(const SigningKey& key, const Hotlist& list,
                                         const std::vector<X509Ptr>& readers);

}  // namespace portcullis
