#pragma once
// The two people of a case file: each signs with his own key, whose certificate bears his account's name and
// was issued by the people CA. Signed is not allowed: what each may do says the access policy. Reentrant.

#include <vector>

#include "casefile/case_request.hpp"
#include "core/access_policy.hpp"
#include "ports/signing_key.hpp"
#include "seal/trust.hpp"

namespace portcullis {

/// Of a request or an approval, signed.
inline constexpr std::size_t max_signed_case_bytes = max_case_request_bytes + 2048;

struct KnownRequest {
    CaseRequest request;
    Digest digest{};     // of the signed bytes
    std::string key_id;  // that signed it
};
struct KnownApproval {
    CaseApproval approval;
    std::string key_id;
};

/// key: CertificateUse::sign_receipts, common name: the account. Errors: invalid_argument (the field; another
/// account's name than the certificate's), internal.
[[nodiscard]] Result<Bytes> sign_case_request(const SigningKey& key, const CaseRequest& request);
[[nodiscard]] Result<Bytes> sign_case_approval(const SigningKey& key, const CaseApproval& approval);

/// Errors of both: refused (not of our form, not signed by a known person, by a key that is revoked or out of
/// its dates, or by another person than it names).
[[nodiscard]] Result<KnownRequest> read_case_request(ByteView blob, const TrustStore& people, UtcTime now);
[[nodiscard]] Result<KnownApproval> read_case_approval(ByteView blob, const TrustStore& people, UtcTime now);

/// The devices whose reads may stand in the file: those that both people see. Errors: refused (says who may
/// not, and why: not two people, an approval of another request, no operator of the policy, not for this
/// purpose, over, another fleet, a device that is not both people's, a recipient who may not have it so
/// long).
[[nodiscard]] Result<std::vector<std::string>> judge_case(const KnownRequest& request,
                                                          const KnownApproval& approval,
                                                          const AccessPolicy& policy, UtcTime now);
/// The certificate to which the file is sealed. Errors: refused (none, not fit to receive, not valid from now
/// to the last day; that day over or too far).
[[nodiscard]] Result<X509Ptr> recipient_of(const CaseRequest& request, UtcTime now);

}  // namespace portcullis
