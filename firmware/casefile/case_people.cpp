#include "casefile/case_people.hpp"

#include <algorithm>
#include <iterator>

#include "record/recipient_set_codec.hpp"
#include "seal/statement.hpp"

namespace portcullis {

namespace {

template <class... Args>
Failure no(fmt::format_string<Args...> format, Args&&... args) {
    return fail(ErrorCode::refused, format, std::forward<Args>(args)...);
}

Result<Bytes> sign(const SigningKey& key, const std::string& who, const std::string& json) {
    const std::string name = common_name(key.certificate());
    if (name != who)
        return fail(ErrorCode::invalid_argument,
                    "the certificate is of '{}', not of '{}': each person signs with his own key", name, who);
    return sign_statement(key, json, max_signed_case_bytes);
}

Result<SignedText> read_signed(ByteView blob, const TrustStore& people, UtcTime now, std::string_view what) {
    auto text = verify_statement(blob, people, now, max_signed_case_bytes);
    if (!text && text.error().code() == ErrorCode::not_found)
        return no("{}: signed by nobody of the people whose certificates are known here", what);
    if (!text) return no("{}: {}", what, text.error().message());
    if (text->trust != KeyTrust::trusted)
        return no("{}: the key of '{}' is {}; ask for a new certificate", what, text->signer_name,
                  to_string(text->trust));
    return text;
}

Result<void> check_signer(const SignedText& text, const std::string& who, std::string_view what) {
    if (text.signer_name == who) return {};
    return no("{}: it says '{}' and is signed by '{}'", what, who, text.signer_name);
}

Result<const AccessPerson*> person_of(const AccessPolicy& policy, const std::string& account,
                                      const std::string& purpose, UtcTime now) {
    const AccessPerson* person = policy.find(account);
    if (person == nullptr)
        return no("'{}' does not stand in the access policy; ask an administrator to enrol the account",
                  account);
    if (person->role != AccessRole::operates)
        return no("'{}' is an {} and lets no plate out: separation of duties", account,
                  to_string(person->role));
    if (now >= end_of(person->until))
        return no("the rights of '{}' ended with {} (UTC); ask an administrator", account,
                  to_string(person->until));
    if (!std::ranges::binary_search(person->purposes, purpose))
        return no("'{}' may not look for that purpose; ask somebody who may", account);
    return person;
}

Result<void> check_pair(const KnownRequest& request, const KnownApproval& approval, UtcTime now) {
    const CaseRequest& asked = request.request;
    const CaseApproval& said = approval.approval;
    if (asked.who == said.who || request.key_id == approval.key_id)
        return no("'{}' asked and approved: it takes two people", asked.who);
    if (said.request != request.digest || said.id != asked.id)
        return no("the approval of '{}' is of another request; have this one approved", said.who);
    constexpr std::chrono::minutes tolerance{10};  // of two people's clocks
    if (asked.asked > now + tolerance)
        return no("the request is of {}: is a clock wrong?", to_iso8601(asked.asked));
    if (now - asked.asked > request_life)
        return no("the request is of {}, and holds for {} days; ask anew", to_iso8601(asked.asked),
                  request_life.count());
    return {};
}

}  // namespace

Result<Bytes> sign_case_request(const SigningKey& key, const CaseRequest& request) {
    return sign(key, request.who, TRY(encode_case_request(request)));
}

Result<Bytes> sign_case_approval(const SigningKey& key, const CaseApproval& approval) {
    return sign(key, approval.who, TRY(encode_case_approval(approval)));
}

Result<KnownRequest> read_case_request(ByteView blob, const TrustStore& people, UtcTime now) {
    constexpr std::string_view what = "request";
    const SignedText text = TRY(read_signed(blob, people, now, what));
    KnownRequest known {
        TRY(parse_case_request(text.json))
        , sha256(blob), text.signer_key_id
    };
    TRY(check_signer(text, known.request.who, what));
    return known;
}

Result<KnownApproval> read_case_approval(ByteView blob, const TrustStore& people, UtcTime now) {
    constexpr std::string_view what = "approval";
    const SignedText text = TRY(read_signed(blob, people, now, what));
    KnownApproval known {
        TRY(parse_case_approval(text.json))
        , text.signer_key_id
    };
    TRY(check_signer(text, known.approval.who, what));
    return known;
}

Result<std::vector<std::string>> judge_case(const KnownRequest& request, const KnownApproval& approval,
                                            const AccessPolicy& policy, UtcTime now) {
    const CaseRequest& asked = request.request;
    TRY(check_pair(request, approval, now));
    if (asked.fleet != policy.fleet)
        return no("the request is of the fleet '{}', this is '{}'", asked.fleet, policy.fleet);
    if (now >= end_of(policy.until))
        return no("the access policy ended with {} (UTC): nothing leaves until there is a new one",
                  to_string(policy.until));
    const AccessPerson* asks = TRY(person_of(policy, asked.who, asked.purpose, now));
    const AccessPerson* approves = TRY(person_of(policy, approval.approval.who, asked.purpose, now));
    std::vector<std::string> devices;
    std::ranges::set_intersection(policy.devices_of(*asks), policy.devices_of(*approves),
                                  std::back_inserter(devices));
    if (devices.empty()) return no("'{}' and '{}' have no site in common", asked.who, approves->account);
    for (const CasePlace& place : asked.reads)
        if (!std::ranges::binary_search(devices, place.device))
            return no("{}: '{}' and '{}' do not both see that device", to_string(place), asked.who,
                      approves->account);
    return devices;
}

Result<X509Ptr> recipient_of(const CaseRequest& request, UtcTime now) {
    X509Ptr certificate = certificate_from_der(request.recipient);
    if (!certificate)
        return no("the recipient's certificate cannot be read; name his PEM file in the request");
    const std::string name = common_name(certificate.get());
    if (const auto fit = check_certificate(certificate.get(), CertificateUse::receive, name); !fit)
        return no("recipient: {}", fit.error().message());
    const UtcTime end = end_of(request.until);
    if (now >= end) return no("it would have ended with {} already; ask anew", to_string(request.until));
    const std::chrono::days life = request.is_hold() ? max_hold_life : max_case_life;
    if (end - now > life + std::chrono::days(1))
        return no("the {} would end with {}; at most {} days from now", request.is_hold() ? "hold" : "file",
                  to_string(request.until), life.count());
    if (not_before(certificate.get()) > now || not_after(certificate.get()) < end - std::chrono::days(1))
        return no(
            "the certificate of '{}' does not hold from now to {}; name an earlier day, or let him get a "
            "new one",
            name, to_string(request.until));
    return certificate;
}

}  // namespace portcullis
