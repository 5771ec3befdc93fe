#include "casefile/case_request.hpp"

#include <algorithm>
#include <charconv>

#include "record/canonical.hpp"
#include "record/recipient_set_codec.hpp"

namespace portcullis {

namespace {

constexpr std::size_t chain_letters = 16;
constexpr std::size_t day_letters = 10;
constexpr std::size_t direction_letters = 16;
constexpr std::size_t max_device_pattern_bytes = max_device_name_bytes + 2;
constexpr std::size_t max_place_bytes = max_device_name_bytes + chain_letters + 24;
constexpr std::size_t max_places_bytes = max_named_reads * (max_place_bytes + 1);
constexpr std::string_view request_beginning = R"({"v":1,"kind":"case_request")";
constexpr std::string_view hold_beginning = R"({"v":1,"kind":"hold_request")";
constexpr std::string_view approval_beginning = R"({"v":1,"kind":"case_approval")";

std::string joined(const std::vector<CasePlace>& places) {
    std::string text;
    for (const CasePlace& place : places) {
        if (!text.empty()) text += ' ';
        text += to_string(place);
    }
    return text;
}

Result<std::vector<CasePlace>> split(std::string_view text) {
    std::vector<CasePlace> places;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        places.push_back(TRY(place_from_string(text.substr(0, end))));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return places;
}

/// 0: no time is named.
void write_time(CanonicalWriter& out, std::string_view field, const std::optional<UtcTime>& time) {
    out.time(field, time ? time->time_since_epoch() : microseconds(0));
}

std::optional<UtcTime> read_time(ObjectReader& in, std::string_view key) {
    const microseconds time = in.time(key);
    if (time == microseconds(0)) return std::nullopt;
    return UtcTime(time);
}

void check_request(CanonicalWriter& out, const CaseRequest& request) {
    const auto must_say = [&out](std::string_view field, const std::string& text) {
        if (text.find_first_not_of(' ') == std::string::npos) out.reject(field, "must be given");
    };
    must_say("who", request.who);
    must_say("purpose", request.purpose);
    must_say("case", request.case_number);
    if (!std::ranges::is_sorted(request.reads) ||
        std::ranges::adjacent_find(request.reads) != request.reads.end())
        out.reject("reads", "must be ascending, each once");
    if (request.reads.size() > max_named_reads) out.reject("reads", "at most 100 are named in one request");
    if (request.most == 0 || request.most > max_case_reads) out.reject("most", "must be 1 to 500");
    if (request.most < request.reads.size())
        out.reject("most", "must not be less than the reads that are named");
    if (!request.is_search() && request.question != PlateQuestion())
        out.reject("plate", "name reads, or search for them, not both");
    if (request.recipient.empty() || request.recipient.size() > max_certificate_bytes)
        out.reject("recipient", "must be a certificate of at most 2048 bytes");
}

void write_question(CanonicalWriter& out, const PlateQuestion& question) {
    out.literal(R"(,"plate":)").text("plate", question.plate, max_plate_letters);
    out.literal(R"(,"alike":)").integer("alike", question.look_alike ? 1 : 0);
    out.literal(R"(,"from":)");
    write_time(out, "from", question.from);
    out.literal(R"(,"to":)");
    write_time(out, "to", question.to);
    out.literal(R"(,"dev":)").text("dev", question.device, max_device_pattern_bytes);
    out.literal(R"(,"lane":)").text("lane", question.lane, max_lane_bytes);
    const std::string_view direction = question.direction ? to_string(*question.direction) : "";
    out.literal(R"(,"dir":)").text("dir", direction, direction_letters);
}

PlateQuestion read_question(ObjectReader& in) {
    PlateQuestion question;
    question.plate = in.text("plate", max_plate_letters);
    question.look_alike = in.flag("alike");
    question.from = read_time(in, "from");
    question.to = read_time(in, "to");
    question.device = in.text("dev", max_device_pattern_bytes);
    question.lane = in.text("lane", max_lane_bytes);
    const std::string direction = in.text("dir", direction_letters);
    if (!direction.empty()) question.direction = direction_from_string(direction);
    return question;
}

Failure not_canonical(std::string_view key) {
    return fail(ErrorCode::refused, "case request: '{}' is not as we write it", key);
}

}  // namespace

std::string to_string(const CasePlace& place) {
    return fmt::format("{}/{}/{}", place.device, to_string(place.chain), place.seq);
}

Result<CasePlace> place_from_string(std::string_view text) {
    const Failure wrong =
        fail(ErrorCode::invalid_argument, "a read is named DEVICE/CHAIN/SEQ, as gate-1/0123456789abcdef/17");
    const std::size_t first = text.find('/');
    const std::size_t second = first == std::string_view::npos ? first : text.find('/', first + 1);
    if (second == std::string_view::npos) return wrong;
    CasePlace place;
    place.device = text.substr(0, first);
    const Result<ChainId> chain = chain_from_string(text.substr(first + 1, second - first - 1));
    const std::string_view number = text.substr(second + 1);
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), place.seq);
    const bool whole = error == std::errc() && end == number.data() + number.size();
    if (!is_device_name(place.device) || !chain || !whole || place.seq == 0) return wrong;
    place.chain = *chain;
    return place;
}

Result<std::string> encode_case_request(const CaseRequest& request) {
    CanonicalWriter out(max_case_request_bytes);
    check_request(out, request);
    out.literal(request.is_hold() ? hold_beginning : request_beginning)
        .literal(R"(,"id":)")
        .hex(request.id.bytes);
    out.literal(R"(,"fleet":)").text("fleet", request.fleet, max_case_word_bytes);
    out.literal(R"(,"who":)").text("who", request.who, max_case_word_bytes);
    out.literal(R"(,"purpose":)").text("purpose", request.purpose, max_case_word_bytes);
    out.literal(R"(,"case":)").text("case", request.case_number, max_case_word_bytes);
    out.literal(R"(,"t":)").time("t", request.asked.time_since_epoch());
    write_question(out, request.question);
    out.literal(R"(,"reads":)").text("reads", joined(request.reads), max_places_bytes);
    out.literal(R"(,"most":)").integer("most", request.most);
    out.literal(R"(,"pictures":)").integer("pictures", request.pictures ? 1 : 0);
    out.literal(R"(,"recipient":)").hex(request.recipient);
    out.literal(R"(,"until":)").text("until", to_string(request.until), day_letters).literal("}");
    return std::move(out).finish();
}

Result<CaseRequest> parse_case_request(std::string_view json) {
    const bool hold = json.starts_with(hold_beginning);
    ObjectReader in(json, max_case_request_bytes, hold ? hold_beginning : request_beginning);
    CaseRequest request;
    if (hold) request.kind = CaseKind::hold;
    request.id = in.chain("id");
    request.fleet = in.text("fleet", max_case_word_bytes);
    request.who = in.text("who", max_case_word_bytes);
    request.purpose = in.text("purpose", max_case_word_bytes);
    request.case_number = in.text("case", max_case_word_bytes);
    request.asked = UtcTime(in.time("t"));
    request.question = read_question(in);
    const std::string reads = in.text("reads", max_places_bytes);
    request.most = in.integer("most");
    request.pictures = in.flag("pictures");
    const std::string recipient = in.text("recipient", 2 * max_certificate_bytes);
    const auto until = day_from_string(in.text("until", day_letters));
    auto places = split(reads);
    if (!places) return not_canonical("reads");
    auto der = from_hex(recipient);
    if (!der) return not_canonical("recipient");
    if (!until) return not_canonical("until");
    request.reads = std::move(*places);
    request.recipient = std::move(*der);
    request.until = *until;
    return in.finish(request, &encode_case_request);
}

Result<std::string> encode_case_approval(const CaseApproval& approval) {
    CanonicalWriter out(max_case_request_bytes);
    if (approval.who.empty()) out.reject("who", "must be given");
    out.literal(approval_beginning).literal(R"(,"id":)").hex(approval.id.bytes);
    out.literal(R"(,"request":)").hex(approval.request);
    out.literal(R"(,"who":)").text("who", approval.who, max_case_word_bytes);
    out.literal(R"(,"t":)").time("t", approval.approved.time_since_epoch()).literal("}");
    return std::move(out).finish();
}

Result<CaseApproval> parse_case_approval(std::string_view json) {
    ObjectReader in(json, max_case_request_bytes, approval_beginning);
    CaseApproval approval;
    approval.id = in.chain("id");
    approval.request = in.digest("request");
    approval.who = in.text("who", max_case_word_bytes);
    approval.approved = UtcTime(in.time("t"));
    return in.finish(approval, &encode_case_approval);
}

}  // namespace portcullis
