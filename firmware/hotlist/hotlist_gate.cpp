#include "hotlist/hotlist_gate.hpp"

#include "record/hotlist_codec.hpp"
#include "seal/encrypt.hpp"
#include "seal/statement.hpp"

namespace portcullis {

namespace {

constexpr std::size_t signature_bytes = std::size_t{4} * 1024;  // with all that stands around the text
constexpr std::size_t max_signed_hotlist_bytes = max_hotlist_text_bytes + signature_bytes;

}  // namespace

Result<HotlistGate> HotlistGate::create(const HotlistRules& rules) {
    PolicyKeys keys = TRY(PolicyKeys::create(rules.policy_chain, rules.signers));
    return HotlistGate(std::move(keys), rules.fleet);
}

Result<KnownHotlist> HotlistGate::open(ByteView sealed, const Unseal& unseal,
                                       const std::optional<SignedVersion>& in_use) const {
    Bytes blob = TRY(unseal(sealed));
    const Cleanse cleanse_blob(blob);
    PolicyText text = TRY(keys_.read(blob, max_signed_hotlist_bytes, "hotlist"));
    const Cleanse cleanse_text(text.json);
    KnownHotlist known;
    known.list = TRY(parse_hotlist(text.json));
    TRY(text.check_dates(known.list.issued, known.list.issued, "hotlist"));
    if (known.list.fleet != fleet_)
        return fail(ErrorCode::refused, "hotlist: of the fleet '{}', ours is '{}'", known.list.fleet, fleet_);
    known.digest = sha256(blob);
    known.signer = std::move(text.signer);
    TRY(check_version("hotlist", {known.list.version, known.digest}, in_use));
    return known;
}

Result<Bytes> sign_hotlist(const SigningKey& key, const Hotlist& list, const std::vector<X509Ptr>& readers) {
    std::string json = TRY(encode_hotlist(list));
    const Cleanse cleanse_json(json);
    Bytes blob = TRY(sign_statement(key, json, max_signed_hotlist_bytes));
    const Cleanse cleanse_blob(blob);
    return encrypt(blob, readers);
}

}  // namespace portcullis
