#include "wanted/wanted_gate.hpp"

#include "record/wanted_codec.hpp"
#include "seal/statement.hpp"

namespace portcullis {

Result<WantedGate> WantedGate::create(const WantedRules& rules) {
    PolicyKeys keys = TRY(PolicyKeys::create(rules.policy_chain, rules.signers));
    return WantedGate(std::move(keys), rules.fleet);
}

Result<KnownWanted> WantedGate::open(ByteView blob, const std::optional<SignedVersion>& in_use,
                                     UtcTime now) const {
    PolicyText text = TRY(keys_.read(blob, max_wanted_bytes, "wanted tokens"));
    KnownWanted known;
    known.tokens = TRY(parse_wanted(text.json));
    TRY(text.check_dates(known.tokens.issued, known.tokens.issued, "wanted tokens"));
    if (known.tokens.fleet != fleet_)
        return fail(ErrorCode::refused, "wanted tokens: of the fleet '{}', ours is '{}'", known.tokens.fleet,
                    fleet_);
    if (now >= known.tokens.until)
        return fail(ErrorCode::refused, "wanted tokens: over since {}; issue them anew",
                    to_iso8601(known.tokens.until));
    known.digest = sha256(blob);
    known.signer = std::move(text.signer);
    TRY(check_version("wanted tokens", {known.tokens.version, known.digest}, in_use));
    return known;
}

Result<Bytes> sign_wanted(const SigningKey& key, const WantedTokens& tokens) {
    const std::string json = TRY(encode_wanted(tokens));
    return sign_statement(key, json, max_wanted_bytes);
}

}  // namespace portcullis
