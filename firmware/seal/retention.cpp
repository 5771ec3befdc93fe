#include "seal/retention.hpp"

#include "record/retention_codec.hpp"
#include "seal/statement.hpp"

namespace portcullis {

Result<RetentionGate> RetentionGate::create(const std::filesystem::path& chain,
                                            const std::filesystem::path& signers) {
    return RetentionGate(TRY(PolicyKeys::create(chain, signers)));
}

Result<KnownRetention> RetentionGate::open(ByteView blob, const std::optional<SignedVersion>& in_use) const {
    PolicyText text = TRY(keys_.read(blob, max_retention_bytes, "retention schedule"));
    KnownRetention known;
    known.schedule = TRY(parse_retention(text.json));
    TRY(text.check_dates(known.schedule.issued, known.schedule.issued, "retention schedule"));
    known.digest = sha256(blob);
    known.signer = std::move(text.signer);
    TRY(check_version("retention schedule", {known.schedule.version, known.digest}, in_use));
    return known;
}

Result<Bytes> sign_retention(const SigningKey& key, const RetentionSchedule& schedule) {
    const std::string json = TRY(encode_retention(schedule));
    return sign_statement(key, json, max_retention_bytes);
}

}  // namespace portcullis
