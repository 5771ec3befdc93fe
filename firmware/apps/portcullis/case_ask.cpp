// `portcullis case ask`, `show` and `approve`: the two people's part.
#include <openssl/rand.h>

#include <algorithm>
#include <iostream>

#include "apps/portcullis/case_options.hpp"
#include "apps/portcullis/time_option.hpp"
#include "base/file.hpp"
#include "casefile/case_people.hpp"
#include "drivers/keys/file/file_signing_key.hpp"
#include "record/recipient_set_codec.hpp"
#include "seal/encrypt.hpp"
#include "seal/opener.hpp"

namespace portcullis {

namespace {

constexpr unsigned private_mode = 0600;

/// What is wrong here is the command line's.
template <class T>
Result<T> as_usage(Result<T>&& result) {
    if (!result && result.error().code() == ErrorCode::invalid_argument)
        return fail(ErrorCode::configuration, "{}", result.error().message());
    return std::move(result);
}

Result<std::unique_ptr<FileSigningKey>> signing_key(const CaseKey& files) {
    return FileSigningKey::create(files.key, files.certificate, CertificateUse::sign_receipts);
}

Result<PlateQuestion> question_of(const CaseOptions& options, UtcTime now) {
    PlateQuestion question;
    question.look_alike = !options.like.empty();
    question.plate = question.look_alike ? options.like : options.plate;
    if (!options.from.empty()) question.from = TRY(time_from_option("--from", options.from, now));
    if (!options.to.empty()) question.to = TRY(time_from_option("--to", options.to, now));
    question.device = options.device;
    question.lane = options.lane;
    if (!options.direction.empty()) question.direction = direction_from_string(options.direction);
    if (question == PlateQuestion() && !options.reads.empty()) return question;
    if (question == PlateQuestion())
        return fail(ErrorCode::configuration,
                    "say what: --plate, --like or a time to search for, or --read DEVICE/CHAIN/SEQ");
    return as_usage(checked(question));
}

Result<CaseRequest> request_of(const CaseOptions& options, const SigningKey& key, UtcTime now) {
    CaseRequest request;
    if (options.is_hold) request.kind = CaseKind::hold;
    if (RAND_bytes(reinterpret_cast<unsigned char*>(request.id.bytes.data()),
                   static_cast<int>(request.id.bytes.size())) != 1)
        return fail(ErrorCode::internal, "no random bytes");
    request.fleet = options.fleet;
    request.who = common_name(key.certificate());
    request.purpose = options.purpose;
    request.case_number = options.case_number;
    request.asked = now;
    request.question = TRY(question_of(options, now));
    for (const std::string& read : options.reads)
        request.reads.push_back(TRY(as_usage(with_context(place_from_string(read), "--read"))));
    std::ranges::sort(request.reads);
    request.most = options.most;
    request.pictures = options.pictures;
    const X509Ptr recipient = TRY(load_certificate(options.recipient));
    request.recipient = certificate_to_der(recipient.get());
    request.until = std::chrono::floor<std::chrono::days>(now) + std::chrono::days(options.days);
    if (const auto fit = recipient_of(request, now); !fit)
        return fail(ErrorCode::configuration, "--recipient {}: {}", options.recipient.string(),
                    fit.error().message());
    return request;
}

Result<std::vector<X509Ptr>> readers_of(const CaseOptions& options) {
    std::vector<X509Ptr> readers;
    for (const std::filesystem::path& file : options.sealed_to) {
        readers.push_back(TRY(load_certificate(file)));
        TRY(check_certificate(readers.back().get(), CertificateUse::receive, file.string()));
    }
    return readers;
}

/// The request as it was signed.
Result<Bytes> unsealed(const CaseOptions& options) {
    const RecipientKey key = TRY(load_recipient({options.opener.key, options.opener.certificate}));
    constexpr std::size_t envelope_bytes = 8192;
    const Bytes blob = TRY(read_file(options.file, max_signed_case_bytes + envelope_bytes));
    return with_context(open_envelope(key, blob), options.file.string());
}

Result<KnownRequest> known_request(const CaseOptions& options, ByteView blob, UtcTime now) {
    const TrustStore people =
        TRY(TrustStore::create({options.people_chain, options.people, CertificateUse::sign_receipts}));
    return with_context(read_case_request(blob, people, now), options.file.string());
}

void print_question(const PlateQuestion& question) {
    const auto line = [](std::string_view what, const std::string& value) {
        if (!value.empty()) std::cout << fmt::format("{:<12}{}\n", what, value);
    };
    line(question.look_alike ? "like" : "plate", question.plate.empty() ? "any" : question.plate);
    line("from", question.from ? to_iso8601(*question.from) : "");
    line("to", question.to ? to_iso8601(*question.to) : "");
    line("device", question.device);
    line("lane", question.lane);
    if (question.direction) line("direction", to_string(*question.direction));
}

void print(const CaseRequest& request) {
    const X509Ptr recipient = certificate_from_der(request.recipient);
    std::cout << fmt::format("{:<12}{}\nasked by    {}, {}\nfleet       {}\npurpose     {}\ncase        {}\n",
                             request.is_hold() ? "hold" : "case file", to_string(request.id), request.who,
                             to_iso8601(request.asked), request.fleet, request.purpose, request.case_number);
    if (request.is_search()) print_question(request.question);
    for (const CasePlace& place : request.reads)
        std::cout << fmt::format("read        {}\n", to_string(place));
    std::cout << fmt::format("at most     {} reads, {}\nfor         {} (key {})\nuntil       {}\n",
                             request.most, request.pictures ? "with their pictures" : "no pictures",
                             recipient ? common_name(recipient.get()) : "?",
                             recipient ? key_id(recipient.get()) : "?", to_string(request.until));
}

}  // namespace

Result<void> ask_for_case(const CaseOptions& options, UtcTime now) {
    const auto key = TRY(signing_key(options.signer));
    const CaseRequest request = TRY(request_of(options, *key, now));
    const Bytes blob = TRY(as_usage(sign_case_request(*key, request)));
    const std::vector<X509Ptr> readers = TRY(readers_of(options));
    const Bytes sealed = TRY(encrypt(blob, readers));
    TRY(write_file_atomically(options.output, sealed, private_mode));
    print(request);
    return {};
}

Result<void> show_case(const CaseOptions& options, UtcTime now) {
    const Bytes blob = TRY(unsealed(options));
    const KnownRequest known = TRY(known_request(options, blob, now));
    print(known.request);
    return {};
}

Result<void> approve_case(const CaseOptions& options, UtcTime now) {
    const auto key = TRY(signing_key(options.signer));
    const Bytes blob = TRY(unsealed(options));
    const KnownRequest known = TRY(known_request(options, blob, now));
    CaseApproval approval;
    approval.id = known.request.id;
    approval.request = known.digest;
    approval.who = common_name(key->certificate());
    approval.approved = now;
    if (approval.who == known.request.who)
        return fail(ErrorCode::refused, "'{}' asked for it: another person must approve it", approval.who);
    const Bytes signed_approval = TRY(as_usage(sign_case_approval(*key, approval)));
    TRY(write_file_atomically(options.output, signed_approval, private_mode));
    print(known.request);
    std::cout << fmt::format("approved by {}\n", approval.who);
    return {};
}

}  // namespace portcullis
