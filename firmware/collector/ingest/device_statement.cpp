#include "collector/ingest/device_statement.hpp"

#include "record/statement_codec.hpp"
#include "seal/statement.hpp"

namespace portcullis {

namespace {

DeviceStatement bad(Authenticity authenticity, KeyTrust trust, std::string reason) {
    return {{authenticity, trust}, std::move(reason), std::nullopt, std::nullopt, std::nullopt};
}

DeviceStatement unverified(const Error& error) {
    switch (error.code()) {
        case ErrorCode::not_found:
            return bad(Authenticity::forged, KeyTrust::stranger, error.message());
        case ErrorCode::corrupt:
            return bad(Authenticity::forged, KeyTrust::unchecked, error.message());
        default:
            return bad(Authenticity::damaged, KeyTrust::unchecked, error.message());
    }
}

bool belongs(const Checkpoint& checkpoint, const Incoming& place) {
    return checkpoint.device == place.device && checkpoint.chain == place.chain &&
           checkpoint.last + 1 == place.seq && checkpoint.last <= max_seq;
}
bool belongs(const LifeStatement& life, const Incoming& place) {
    return life.device == place.device && life.chain == place.chain && life.last + 1 == place.seq &&
           life.last <= max_seq;
}
bool belongs(const Tombstone& tombstone, const Incoming& place) {
    return tombstone.device == place.device && tombstone.chain == place.chain &&
           tombstone.first == place.first && tombstone.last == place.last && tombstone.last <= max_seq;
}

template <class T>
DeviceStatement judge(Result<T> statement, std::optional<T> DeviceStatement::*member, const Incoming& place,
                      KeyTrust trust) {
    if (!statement) return bad(Authenticity::forged, trust, statement.error().message());
    if (!belongs(*statement, place)) return bad(Authenticity::misplaced, trust, "signed for another place");
    DeviceStatement good;
    good.verdict = {Authenticity::authentic, trust};
    // A revoked or unfit key's word is authentic, and worth nothing. A lapsed one's keeps its place.
    if (is_believed(trust) || trust == KeyTrust::lapsed)
        good.*member = std::move(*statement);
    else
        good.reason = fmt::format("the signing key is {}", to_string(trust));
    return good;
}

}  // namespace

DeviceStatement judge_statement(const Incoming& incoming, ByteView blob, const TrustStore& devices,
                                UtcTime now) {
    const Result<SignedText> text = verify_statement(blob, devices, now);
    if (!text) return unverified(text.error());
    if (text->signer_name != incoming.device)
        return bad(Authenticity::misplaced, text->trust, "signed by another device");
    if (incoming.kind == ItemKind::checkpoint)
        return judge(parse_checkpoint(text->json), &DeviceStatement::checkpoint, incoming, text->trust);
    if (incoming.kind == ItemKind::life)
        return judge(parse_life(text->json), &DeviceStatement::life, incoming, text->trust);
    return judge(parse_tombstone(text->json), &DeviceStatement::tombstone, incoming, text->trust);
}

}  // namespace portcullis
