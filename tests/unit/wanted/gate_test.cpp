// Which tokens a device believes.
#include "wanted/wanted_gate.hpp"

#include <doctest/doctest.h>

#include "record/wanted_codec.hpp"
#include "support/wanted_list.hpp"
#include "unit/seal/test_sets.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

struct Bench {
    SetDesk desk{100 * day};

    [[nodiscard]] WantedGate gate(const std::string& fleet = "test-fleet") const {
        return must(WantedGate::create({desk.pki.folder() / "root.crt", desk.policy.certificate, fleet}));
    }
    [[nodiscard]] static Bytes sign_with(const KeyFiles& signer, const WantedTokens& tokens) {
        return must(sign_wanted(SetDesk::AnyKey(signer), tokens));
    }
    [[nodiscard]] Bytes sign(const WantedTokens& tokens) const { return sign_with(desk.policy, tokens); }
    std::string refusal(ByteView blob, const std::optional<SignedVersion>& in_use = {},
                        UtcTime at = now) const {
        const auto known = gate().open(blob, in_use, at);
        REQUIRE_FALSE(known);
        CHECK(known.error().code() == ErrorCode::refused);
        return known.error().message();
    }
};

bool says(const std::string& text, const char* words) {
    return text.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("tokens that a policy key signed are taken, and the same ones again") {
    const Bench bench;
    const Bytes blob = bench.sign(sample_wanted(now));
    const KnownWanted known = must(bench.gate().open(blob, std::nullopt, now));
    CHECK(known.tokens == sample_wanted(now));
    CHECK(known.signer == "policy");
    CHECK(bench.gate().open(blob, SignedVersion{7, known.digest}, now));
    CHECK(bench.gate().open(bench.sign(sample_wanted(now, 8)), SignedVersion{7, known.digest}, now));
}

TEST_CASE("attack: older tokens, others of the same version, and those that are over are refused") {
    const Bench bench;
    const Bytes blob = bench.sign(sample_wanted(now));
    const Digest digest = sha256(blob);
    CHECK(says(bench.refusal(blob, SignedVersion{8, digest}), "lower than 8"));
    CHECK(says(bench.refusal(blob, SignedVersion{7, Digest{}}), "version 7"));
    CHECK(says(bench.refusal(blob, {}, now + std::chrono::hours(48)), "over since"));
    CHECK(bench.gate().open(blob, {}, now + std::chrono::hours(48) - std::chrono::seconds(1)));
}

TEST_CASE("attack: tokens of another signer, of another fleet, changed or of no signer at all are refused") {
    const Bench bench;
    const WantedTokens tokens = sample_wanted(now);
    const KeyFiles identity = bench.desk.pki.issue("identity", "gate-1", {.extended = "clientAuth"});
    bench.refusal(Bench::sign_with(identity, tokens));
    const Bytes blob = bench.sign(tokens);
    const auto elsewhere = bench.gate("south").open(blob, std::nullopt, now);
    REQUIRE_FALSE(elsewhere);
    CHECK(says(elsewhere.error().message(), "of the fleet 'test-fleet', ours is 'south'"));
    for (std::size_t i = 0; i < blob.size(); i += 7) {
        Bytes changed = blob;
        changed[i] ^= std::byte{0x40};
        bench.refusal(changed);
    }
    bench.refusal(to_bytes(must(encode_wanted(tokens))));
    bench.refusal(Bytes());
    bench.refusal(Bytes(max_wanted_bytes + 1));
}

TEST_CASE("attack: another document of the same key is no list of tokens") {
    const Bench bench;
    CHECK(says(bench.refusal(bench.desk.sign(bench.desk.set(1))), "wanted tokens"));
}
