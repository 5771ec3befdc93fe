// The text of an access policy: the codec, and what an opener's gate takes when the policy key has signed it.
// The input cannot be signed beforehand, so it is signed here.

#define DOCTEST_CONFIG_IMPLEMENT  // the key maker of the unit tests checks what it makes
#include <doctest/doctest.h>

#include <algorithm>

#include "base/assert.hpp"
#include "fuzz/input.hpp"
#include "record/access_policy_codec.hpp"
#include "unit/seal/test_policies.hpp"

using namespace portcullis;

namespace {

struct Desk {
    test::PolicyDesk desk;
    AccessPolicyGate gate = desk.gate();
    std::unique_ptr<FileSigningKey> key = fuzz::must(FileSigningKey::create(
        desk.desk.policy.key, desk.desk.policy.certificate, CertificateUse::sign_policy));
};

/// What every policy promises that anybody takes.
void check_promises(const AccessPolicy& policy) {
    bool administered = false;
    for (const AccessPerson& person : policy.people) {
        const std::vector<std::string> devices = policy.devices_of(person);
        PORTCULLIS_ASSERT(policy.find(person.account) == &person);
        PORTCULLIS_ASSERT(std::ranges::is_sorted(devices));
        PORTCULLIS_ASSERT(devices.empty() == (person.role != AccessRole::operates));
        PORTCULLIS_ASSERT(person.purposes.empty() == devices.empty());
        for (const std::string& purpose : person.purposes)
            PORTCULLIS_ASSERT(std::ranges::binary_search(policy.purposes, purpose));
        administered |= person.role == AccessRole::administers && person.until >= policy.until;
    }
    PORTCULLIS_ASSERT(administered);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static doctest::Context checks;
    checks.setAsDefaultForAssertsOutOfTestCases();
    static const Desk desk;
    const ByteView input = fuzz::input_bytes(data, size);
    PORTCULLIS_ASSERT(!desk.gate.open(input, std::nullopt));  // nobody has signed it
    const Result<AccessPolicy> policy = parse_access_policy(as_text(input));
    if (!policy) return 0;
    PORTCULLIS_ASSERT(fuzz::must(encode_access_policy(*policy)) == as_text(input));
    check_promises(*policy);
    const Bytes blob = fuzz::must(sign_access_policy(*desk.key, *policy));
    const auto known = desk.gate.open(blob, std::nullopt);
    if (!known) return 0;  // another fleet's, or out of its key's dates
    PORTCULLIS_ASSERT(known->policy == *policy && known->digest == sha256(blob));
    const std::uint64_t version = policy->version;
    PORTCULLIS_ASSERT(!desk.gate.open(blob, PolicyInUse{version, Digest{}}));
    PORTCULLIS_ASSERT(!desk.gate.open(blob, PolicyInUse{version + 1, known->digest}));
    PORTCULLIS_ASSERT(desk.gate.open(blob, PolicyInUse{version, known->digest}).has_value());
    return 0;
}
