#include "seal/recipient_set.hpp"

#include <algorithm>

#include "record/recipient_set_codec.hpp"
#include "seal/statement.hpp"

namespace portcullis {

namespace {

CertificateUse use_of(Purpose purpose) {
    switch (purpose) {
        case Purpose::plate:
            return CertificateUse::receive_plates;
        case Purpose::overview:
            return CertificateUse::receive_overviews;
        case Purpose::health:
            return CertificateUse::receive_health;
        case Purpose::read:
            break;
    }
    return CertificateUse::receive_reads;
}

}  // namespace

std::string_view to_string(SetAge age) {
    switch (age) {
        case SetAge::fresh:
            return "fresh";
        case SetAge::stale:
            return "stale";
        case SetAge::reads_only:
            return "reads only";
        case SetAge::over:
            break;
    }
    return "over";
}

SetAge age_of(UtcTime issued, UtcTime now) {
    const auto age = now - issued;
    if (age <= set_fresh_for) return SetAge::fresh;
    if (age <= set_fresh_for + set_stale_for) return SetAge::stale;
    return age <= set_fresh_for + set_stale_for + set_reads_for ? SetAge::reads_only : SetAge::over;
}

std::vector<std::size_t> KnownRecipients::in_force(Purpose purpose, UtcTime now) const {
    std::optional<EpochStart> epoch;
    for (const RecipientEntry& entry : set.entries)  // ascending
        if (entry.purpose == purpose && (!epoch || UtcTime(entry.epoch) <= now)) epoch = entry.epoch;
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < set.entries.size(); ++i)
        if (set.entries[i].purpose == purpose && epoch == set.entries[i].epoch) found.push_back(i);
    return found;
}

Result<RecipientSetGate> RecipientSetGate::create(const RecipientSetRules& rules) {
    PolicyKeys policy = TRY(PolicyKeys::create(rules.policy_chain, rules.policy_signers));
    CaChain recipients = TRY(CaChain::create(rules.recipient_chain));
    return RecipientSetGate(std::move(policy), std::move(recipients), rules.fleet);
}

Result<RecipientSet> RecipientSetGate::read(ByteView blob, UtcTime not_before) const {
    const PolicyText text = TRY(policy_.read(blob, max_recipient_set_bytes, "recipient set"));
    auto set = parse_recipient_set(text.json);
    if (!set) return fail(ErrorCode::refused, "recipient set: {}", set.error().message());
    TRY(text.check_dates(set->issued, std::max(set->issued, not_before), "recipient set"));
    if (set->fleet != fleet_)
        return fail(ErrorCode::refused, "recipient set: of the fleet '{}', ours is '{}'", set->fleet, fleet_);
    if (age_of(set->issued, not_before) == SetAge::over)
        return fail(ErrorCode::refused, "recipient set: expired, it was issued {}", to_iso8601(set->issued));
    return std::move(*set);
}

Result<X509Ptr> RecipientSetGate::check_recipient(const RecipientEntry& entry, std::size_t number) const {
    const auto refuse = [&](std::string_view why) {
        return fail(ErrorCode::refused, "recipient set: entry {} ({}, {}): {}", number,
                    to_string(entry.purpose), to_string(entry.epoch), why);
    };
    X509Ptr certificate = certificate_from_der(entry.certificate);
    if (!certificate) return refuse("not a certificate");
    if (!recipients_.issued(certificate.get())) return refuse("not issued by the recipient CA");
    if (const auto use = check_certificate(certificate.get(), use_of(entry.purpose), "of a recipient"); !use)
        return refuse(use.error().message());
    const UtcTime begins(entry.epoch);
    // On its first day: a key may be made and certified at noon for the epoch of today.
    if (begins + std::chrono::days(1) <= not_before(certificate.get()) ||
        begins > not_after(certificate.get()))
        return refuse("its certificate does not hold on the day on which its epoch begins");
    return certificate;
}

Result<KnownRecipients> RecipientSetGate::open(ByteView blob, const std::optional<SetInUse>& in_use,
                                               UtcTime not_before) const {
    KnownRecipients known;
    known.set = TRY(read(blob, not_before));
    known.digest = sha256(blob);
    TRY(check_version("recipient set", {known.set.version, known.digest}, in_use));
    std::vector<std::pair<Purpose, std::string>> seen;
    for (std::size_t i = 0; i < known.set.entries.size(); ++i) {
        known.certificates.push_back(TRY(check_recipient(known.set.entries[i], i + 1)));
        // One key for two epochs would outlive the first; two blocks for one key are no envelope of ours.
        std::pair key{known.set.entries[i].purpose, key_id(known.certificates.back().get())};
        if (std::ranges::find(seen, key) != seen.end())
            return fail(ErrorCode::refused,
                        "recipient set: entry {}: its key stands in another entry as well", i + 1);
        seen.push_back(std::move(key));
    }
    known.blob.assign(blob.begin(), blob.end());
    return known;
}

std::vector<Purpose> purposes_of(X509* certificate) {
    std::vector<Purpose> purposes;
    for (const Purpose purpose : all_purposes)
        if (check_certificate(certificate, use_of(purpose), "of a recipient")) purposes.push_back(purpose);
    return purposes;
}

Result<Bytes> sign_recipient_set(const SigningKey& key, const RecipientSet& set) {
    const std::string json = TRY(encode_recipient_set(set));
    return sign_statement(key, json, max_recipient_set_bytes);
}

std::string recipients_topic(std::string_view fleet) {
    return fmt::format("lpr/v1/cfg/{}/recipients", fleet);
}

}  // namespace portcullis
