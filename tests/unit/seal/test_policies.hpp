#pragma once
// A policy key that signs access policies, and the gate that knows it.

#include "seal/access_policy.hpp"
#include "seal/statement.hpp"
#include "support/policies.hpp"
#include "unit/seal/test_sets.hpp"

namespace portcullis::test {

struct PolicyDesk {
    SetDesk desk{100 * day};

    [[nodiscard]] AccessPolicy policy(std::uint64_t version = 7) const {
        AccessPolicy policy = sample_policy(now);
        policy.version = version;
        return policy;
    }
    [[nodiscard]] Bytes sign_with(const KeyFiles& files, const AccessPolicy& policy) const {
        const SetDesk::AnyKey key(files);
        return must(sign_access_policy(key, policy));
    }
    [[nodiscard]] Bytes sign(const AccessPolicy& policy) const { return sign_with(desk.policy, policy); }
    [[nodiscard]] AccessPolicyRules rules() const {
        return {desk.pki.folder() / "root.crt", desk.policy.certificate, "test-fleet"};
    }
    [[nodiscard]] AccessPolicyGate gate() const { return must(AccessPolicyGate::create(rules())); }
    [[nodiscard]] AccessPolicyGate gate_knowing(const KeyFiles& signer) const {
        AccessPolicyRules wrong = rules();
        wrong.policy_signers = signer.certificate;
        return must(AccessPolicyGate::create(wrong));
    }
};

}  // namespace portcullis::test
