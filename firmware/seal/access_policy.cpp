#include "seal/access_policy.hpp"

#include "record/access_policy_codec.hpp"
#include "seal/statement.hpp"

namespace portcullis {

Result<AccessPolicyGate> AccessPolicyGate::create(const AccessPolicyRules& rules) {
    PolicyKeys keys = TRY(PolicyKeys::create(rules.policy_chain, rules.policy_signers));
    return AccessPolicyGate(std::move(keys), rules.fleet);
}

Result<KnownAccessPolicy> AccessPolicyGate::open(ByteView blob,
                                                 const std::optional<PolicyInUse>& in_use) const {
    PolicyText text = TRY(keys_.read(blob, max_access_policy_bytes, "access policy"));
    KnownAccessPolicy known;
    known.policy = TRY(parse_access_policy(text.json));
    // So that its own end is all there is to watch.
    TRY(text.check_dates(known.policy.issued, end_of(known.policy.until), "access policy"));
    if (known.policy.fleet != fleet_)
        return fail(ErrorCode::refused, "access policy: of the fleet '{}', ours is '{}'", known.policy.fleet,
                    fleet_);
    known.digest = sha256(blob);
    known.signer = std::move(text.signer);
    TRY(check_version("access policy", {known.policy.version, known.digest}, in_use));
    return known;
}

Result<Bytes> sign_access_policy(const SigningKey& key, const AccessPolicy& policy) {
    const std::string json = TRY(encode_access_policy(policy));
    return sign_statement(key, json, max_access_policy_bytes);
}

}  // namespace portcullis
