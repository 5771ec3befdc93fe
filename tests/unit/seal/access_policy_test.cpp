#include "seal/access_policy.hpp"

#include <doctest/doctest.h>

#include "record/access_policy_codec.hpp"
#include "unit/seal/test_policies.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

bool refused(const Result<KnownAccessPolicy>& opened, std::string_view part) {
    REQUIRE_FALSE(opened);
    INFO(opened.error().message());
    return opened.error().code() == ErrorCode::refused &&
           opened.error().message().find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("an opener takes the access policy that the policy key signed, and knows who did") {
    const PolicyDesk desk;
    const Bytes blob = desk.sign(desk.policy());
    const KnownAccessPolicy known = must(desk.gate().open(blob, std::nullopt));
    CHECK(known.policy == desk.policy());
    CHECK(known.digest == sha256(blob));
    CHECK(known.signer == "policy");
}

TEST_CASE("the access policy in use may come again, a higher version replaces it") {
    const PolicyDesk desk;
    const Bytes blob = desk.sign(desk.policy(3));
    const PolicyInUse in_use{3, sha256(blob)};
    CHECK(desk.gate().open(blob, in_use).has_value());
    CHECK(desk.gate().open(desk.sign(desk.policy(4)), in_use).has_value());
}

TEST_CASE("attack: an old access policy is put back, and a second one of the same version") {
    const PolicyDesk desk;
    const Bytes blob = desk.sign(desk.policy(3));
    CHECK(refused(desk.gate().open(blob, PolicyInUse{4, {}}), "version 3 is lower than 4"));
    AccessPolicy other = desk.policy(3);
    other.people[0].sites = {"bridge", "tunnel"};
    CHECK(refused(desk.gate().open(desk.sign(other), PolicyInUse{3, sha256(blob)}),
                  "another one has the version 3"));
}

TEST_CASE("attack: an access policy signed by a device's, a service's or a stranger's key") {
    const PolicyDesk desk;
    const std::string policy = "emailProtection," + std::string(oid_policy);
    const TestPki& pki = desk.desk.pki;
    const std::vector<std::pair<KeyFiles, const char*>> rows = {
        {pki.device("gate-1"), "a device's read key"},
        {pki.issue("service", "collector", {.ca = "service-ca"}), "the receipt key"},
        {pki.issue("stranger", "policy", {.ca = "stranger-ca", .extended = policy}),
         "a stranger's policy key"},
        {pki.issue("device-ca-policy", "policy", {.ca = "device-ca", .extended = policy}),
         "a policy key of the device CA"}};
    for (const auto& [files, who] : rows) {
        CAPTURE(who);
        const Bytes blob = desk.sign_with(files, desk.policy());
        CHECK(refused(desk.gate().open(blob, std::nullopt), "unknown key"));
        // Not even when it stands among the policy keys by mistake.
        CHECK(refused(desk.gate_knowing(files).open(blob, std::nullopt), "as a policy key"));
    }
}

TEST_CASE("attack: an access policy that outlives its policy key, or was issued before it") {
    const PolicyDesk desk;
    AccessPolicy late = desk.policy();
    late.until += 10 * day;
    late.people[3].until = late.until;
    CHECK(refused(desk.gate().open(desk.sign(late), std::nullopt), "its policy key holds from"));
    AccessPolicy early = desk.policy();
    early.issued -= 30 * day;
    CHECK(refused(desk.gate().open(desk.sign(early), std::nullopt), "its policy key holds from"));
}

TEST_CASE("attack: another fleet's access policy") {
    const PolicyDesk desk;
    AccessPolicy policy = desk.policy();
    policy.fleet = "south";
    CHECK(refused(desk.gate().open(desk.sign(policy), std::nullopt), "of the fleet 'south'"));
}

TEST_CASE("attack: a policy that our writer would not write, signed nevertheless, without administrator") {
    const PolicyDesk desk;
    std::string json = must(encode_access_policy(desk.policy()));
    const std::size_t at = json.find(R"(,{"account":"dora")");
    json.replace(at, json.size() - at, "]}");
    CHECK(refused(desk.gate().open(desk.desk.sign_text(json), std::nullopt), "no administrator"));
}

TEST_CASE("attack: a recipient set is no access policy, and an access policy no recipient set") {
    const PolicyDesk desk;
    CHECK(refused(desk.gate().open(desk.desk.sign(desk.desk.set(1)), std::nullopt), "accesspolicy"));
    CHECK_FALSE(desk.desk.gate().open(desk.sign(desk.policy()), std::nullopt, now));
}

TEST_CASE("attack: flipped bits, a cut and an appended byte in an access policy, all refused") {
    const PolicyDesk desk;
    const Bytes good = desk.sign(desk.policy());
    const AccessPolicyGate gate = desk.gate();
    for (std::size_t i = 0; i < good.size(); i += 5) {
        Bytes bad = good;
        bad[i] ^= static_cast<std::byte>(1U << (i % 8));
        CAPTURE(i);
        CHECK_FALSE(gate.open(bad, std::nullopt));
    }
    for (std::size_t length = 0; length < good.size(); length += 97)
        CHECK_FALSE(gate.open(ByteView(good).first(length), std::nullopt));
    Bytes longer = good;
    longer.push_back(std::byte{0});
    CHECK_FALSE(gate.open(longer, std::nullopt));
    CHECK_FALSE(gate.open(Bytes(max_access_policy_bytes + 1), std::nullopt));
}
