#include "casefile/case_maker.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "casefile/case_search.hpp"
#include "record/canonical.hpp"
#include "record/recipient_set_codec.hpp"
#include "seal/content.hpp"
#include "seal/encrypt.hpp"

namespace portcullis {

namespace {

using Json = nlohmann::ordered_json;

/// What is sealed to the auditor is padded to this: its length tells nothing.
constexpr std::size_t told_bytes = 1024;
constexpr std::string_view operator_role = "operator";

std::string dumped(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json json_of(const CaseRead& read) {
    return Json{{"device", read.place.device},
                {"chain", to_string(read.place.chain)},
                {"seq", read.place.seq},
                {"captured", to_iso8601(read.captured)},
                {"text", read.text},
                {"published", read.published},
                {"confidence", read.confidence},
                {"jurisdiction", read.jurisdiction},
                {"lane", read.lane},
                {"direction", to_string(read.direction)},
                {"pictures", read.pictures}};
}

CaseRead row_of(const CasePlace& place, const ReadPayload& read, const SealedRead& sealed) {
    CaseRead row;
    row.place = place;
    row.captured = sealed.clock == ClockDoubt::none ? read.captured : sealed.received;
    row.text = text_of(read.read.characters);
    row.published = published_text(read.read.characters);
    row.confidence = read.read.confidence;
    row.jurisdiction = read.read.jurisdiction.code;
    row.lane = read.passage.lane;
    row.direction = read.passage.direction;
    return row;
}

/// A comment behind the picture's first marker: who has the file as it is finds it without looking at it.
Bytes with_comment(const Bytes& jpeg, std::string_view text) {
    constexpr std::size_t start_marker = 2;
    if (jpeg.size() < start_marker) return jpeg;
    const std::size_t length = text.size() + 2;
    Bytes out(jpeg.begin(), jpeg.begin() + start_marker);
    for (const std::size_t byte : {std::size_t{0xff}, std::size_t{0xfe}, length >> 8, length & 0xff})
        out.push_back(static_cast<std::byte>(byte));
    const Bytes comment = to_bytes(text);
    out.insert(out.end(), comment.begin(), comment.end());
    out.insert(out.end(), jpeg.begin() + start_marker, jpeg.end());
    return out;
}

}  // namespace

OpenedRead opened(const SealedRead& sealed, const EnvelopeOpener& opener) {
    if (!sealed.is_open()) return opener.open_read(sealed.blob, sealed.received);
    return judge_content(sealed.blob, sealed.opened_from[0], opener.trust(), sealed.received);
}

OpenedMedia opened_picture(const SealedRead& sealed, std::size_t number, const EnvelopeOpener& opener) {
    const Bytes& blob = sealed.pictures[number].second;
    if (!sealed.is_open()) return opener.open_media(blob);
    OpenedMedia media;
    media.authenticity = Authenticity::authentic;  // its envelope held; match_media judges the rest
    media.padded = blob;
    media.digest = sha256(blob);
    media.recipients = sealed.opened_from[number + 1];
    return media;
}

struct CaseMaker::Work {
    KnownRequest known;
    KnownApproval approval;
    UtcTime now{};
    std::vector<std::string> devices{};
    std::string recipient{};      // common name
    std::string recipient_key{};  // key id
    std::vector<CasePlace> places{};
    std::vector<CaseRead> rows{};
    std::uint64_t missing = 0;
    std::uint64_t pictures = 0;
    bool may_lack = false;

    [[nodiscard]] const CaseRequest& request() const { return known.request; }
};

Result<CaseManifest> CaseMaker::make(ByteView request, ByteView approval, const std::filesystem::path& folder,
                                     UtcTime now) {
    KnownRequest known = TRY(read_case_request(request, world_.people, now));
    KnownApproval approved = TRY(read_case_approval(approval, world_.people, now));
    Work work{std::move(known), std::move(approved), now};
    if (work.request().is_hold())
        return refuse(work,
                      "this is a request for a legal hold, and nothing leaves by it: `portcullis hold make`",
                      makes_case);
    auto devices = judge_case(work.known, work.approval, world_.policy, now);
    if (!devices) return refuse(work, devices.error().message(), makes_case);
    work.devices = std::move(*devices);
    return make_known(work, folder);
}

Result<CaseManifest> CaseMaker::make_known(Work& work, const std::filesystem::path& folder) {
    const CaseRequest& request = work.request();
    auto certificate = recipient_of(request, work.now);
    if (!certificate) return refuse(work, certificate.error().message(), makes_case);
    work.recipient = to_plain_text(common_name(certificate->get()), max_case_word_bytes);
    work.recipient_key = key_id(certificate->get());
    const CaseHistory history = TRY(history_of(world_.log, work.now));
    if (history.has_begun(request.id))
        return refuse(work, "this request was made before: an approval is for one file; ask anew",
                      makes_case);
    if (const auto breach = breach_of(world_.limits, history, world_.policy, request.who, {}))
        return refuse(work, *breach, raises_alarm);
    CaseFileWriter writer = TRY(CaseFileWriter::create(folder, std::move(*certificate)));
    TRY(find(work));
    if (const auto breach = breach_of(world_.limits, history, world_.policy, request.who, work.places))
        return refuse(work, *breach, raises_alarm);
    TRY(enter_reads(work));
    TRY(open_all(work, writer));
    if (work.rows.empty())
        return fail(ErrorCode::refused, "none of the {} reads can be opened any more", work.places.size());
    TRY(mark(work));
    Json rows = Json::array();
    for (const CaseRead& row : work.rows)
        rows.push_back(json_of(row));
    std::string text = dumped(Json{{"case_file", to_string(request.id)},
                                   {"case", request.case_number},
                                   {"recipient", work.recipient},
                                   {"reads", std::move(rows)}});
    const Cleanse cleanse(text);
    TRY(writer.add(std::string(reads_part), as_bytes(text)));
    CaseManifest manifest{request.id,       request.fleet,
                          request.who,      work.approval.approval.who,
                          request.purpose,  request.case_number,
                          work.now,         request.until,
                          work.recipient,   work.recipient_key,
                          work.rows.size(), work.missing,
                          work.may_lack,    {}};
    TRY(writer.finish(manifest, world_.key));
    log_info("case", "made id={} reads={} pictures={} missing={}", to_string(request.id), work.rows.size(),
             work.pictures, work.missing);
    return manifest;
}

Access CaseMaker::entry(const Work& work, std::string_view what) const {
    Access access;
    access.who = work.request().who;
    access.uid = world_.uid_of(access.who);
    access.role = operator_role;
    access.purpose = work.request().purpose;
    access.case_number = work.request().case_number;
    access.what = what;
    access.chain = work.request().id;
    return access;
}

Failure CaseMaker::refuse(const Work& work, std::string words, std::string_view what) {
    Access access = entry(work, what);
    access.verdict = AccessVerdict::refused;
    if (what == raises_alarm) log_error("case", "alarm id={}: {}", to_string(access.chain), words);
    if (const auto entered = world_.log.append(std::span(&access, 1), work.now); !entered)
        log_error("case", "a refusal was not entered: {}", entered.error().message());
    return fail(Error(ErrorCode::refused, std::move(words)));
}

Result<void> CaseMaker::begin(Work& work, std::uint64_t opened) {
    const CaseRequest& request = work.request();
    Json told{{"case_file", to_string(request.id)}, {"approved_by", work.approval.approval.who},
              {"recipient", work.recipient},        {"recipient_key", work.recipient_key},
              {"until", to_string(request.until)},  {"pictures", request.pictures}};
    if (request.is_search())
        told["question"] = question_json(request.question);
    else
        told["named_reads"] = request.reads.size();
    std::string text = dumped(told);
    const Cleanse cleanse(text);
    text.resize(std::max(text.size(), told_bytes), ' ');
    std::vector<Access> entries{entry(work, makes_case), entry(work, approves_case)};
    entries[0].count = std::max<std::uint64_t>(1, opened);
    entries[0].asked = TRY(encrypt(as_bytes(text), world_.auditor));
    entries[1].who = work.approval.approval.who;
    entries[1].uid = world_.uid_of(entries[1].who);
    return world_.log.append(entries, work.now);
}

Result<void> CaseMaker::find(Work& work) {
    bool begun = false;
    auto found = find_reads(work.request(), world_.index, work.devices, [&](std::uint64_t opened) {
        begun = true;
        return begin(work, opened);
    });
    if (!found && !begun && found.error().code() == ErrorCode::refused)
        return refuse(work, found.error().message(), makes_case);
    if (!found) return fail(std::move(found.error()));
    work.places = std::move(found->places);
    work.may_lack = found->may_lack;
    return {};
}

Result<void> CaseMaker::enter_reads(Work& work) {
    std::vector<Access> entries;
    for (const CasePlace& place : work.places) {
        Access& one = entries.emplace_back(entry(work, exports_read));
        one.device = place.device;
        one.chain = place.chain;
        one.seq = place.seq;
    }
    return world_.log.append(entries, work.now);
}

Result<void> CaseMaker::open_all(Work& work, CaseFileWriter& writer) {
    for (const CasePlace& place : work.places)
        TRY(with_context(open_one(work, place, writer), to_string(place)));
    return {};
}

Result<void> CaseMaker::open_one(Work& work, const CasePlace& place, CaseFileWriter& writer) {
    const auto sealed = TRY(world_.source(place, work.request().pictures));
    const OpenedRead read = sealed ? opened(*sealed, world_.opener) : OpenedRead();
    const Verdict verdict = place_verdict(read, {place.device, place.chain, place.seq, std::nullopt});
    if (!sealed || verdict.authenticity != Authenticity::authentic || !is_believed(verdict.key_trust)) {
        ++work.missing;
        return {};
    }
    CaseRead row = row_of(place, *read.payload, *sealed);
    TRY(add_pictures(work, row, *read.payload, *sealed, writer));
    work.rows.push_back(std::move(row));
    return {};
}

Result<void> CaseMaker::add_pictures(Work& work, CaseRead& row, const ReadPayload& read,
                                     const SealedRead& sealed, CaseFileWriter& writer) {
    const std::string id = to_string(work.request().id);
    const std::vector<std::string> lines = {
        fmt::format("case file {}", id), fmt::format("made for {}", work.recipient),
        fmt::format("case {}, {}", work.request().case_number, to_iso8601(row.captured))};
    for (std::size_t i = 0; i < sealed.pictures.size(); ++i) {
        const MatchedMedia media =
            match_media(opened_picture(sealed, i, world_.opener), read, sealed.pictures[i].first);
        if (media.authenticity != Authenticity::authentic || work.pictures + 1 >= max_case_parts) continue;
        const auto jpeg = world_.mark(media.jpeg, lines);
        if (!jpeg) {
            log_warning("case", "a picture is left out: {}", jpeg.error().message());
            continue;
        }
        const std::string name = fmt::format("p{:04}-{}.jpg", ++work.pictures,
                                             media.entry ? to_string(media.entry->role) : "plate");
        TRY(writer.add(name, with_comment(*jpeg, "portcullis case file " + id + "\n")));
        row.pictures.push_back(name);
    }
    return {};
}

Result<void> CaseMaker::mark(Work& work) {
    Inventor inventor = world_.inventor;
    inventor.known = [this](const std::string& plate) -> Result<bool> {
        if (world_.index == nullptr) return false;
        PlateQuestion question;
        question.plate = plate;
        return !TRY(world_.index->candidates(question))
        .empty();
    };
    const std::vector<Canary> canaries = TRY(add_canaries(work.rows, inventor));
    Json told{{"case_file", to_string(work.request().id)},
              {"recipient", work.recipient},
              {"recipient_key", work.recipient_key},
              {"canaries", Json::array()}};
    for (const Canary& canary : canaries)
        told["canaries"].push_back({{"plate", canary.plate}, {"captured", to_iso8601(canary.captured)}});
    std::string text = dumped(told);
    const Cleanse cleanse(text);
    text.resize(std::max(text.size(), told_bytes), ' ');
    Access access = entry(work, marks_case);
    access.count = canaries.size();
    access.asked = TRY(encrypt(as_bytes(text), world_.auditor));
    return world_.log.append(std::span(&access, 1), work.now);
}

}  // namespace portcullis
