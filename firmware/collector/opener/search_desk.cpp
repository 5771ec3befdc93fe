#include "collector/opener/search_desk.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "seal/certificate.hpp"
#include "seal/encrypt.hpp"

namespace portcullis {

namespace {

FoundRead found_of(const IndexedPassage& passage) {
    return {passage.device, passage.chain, passage.seq,      passage.captured,
            passage.text,   passage.lane,  passage.direction};
}

}  // namespace

std::vector<ToldHole> told_holes(std::optional<UtcTime> from, const std::vector<IndexHole>& holes) {
    std::vector<ToldHole> told;
    // What was judged before `from` was captured before it, too.
    for (const IndexHole& hole : holes)
        if (!from || hole.last > *from) told.push_back({hole.first, hole.last});
    // The newest are told; what lies before them is one.
    while (told.size() > max_told_holes) {
        told[1].first = told[0].first;
        told.erase(told.begin());
    }
    return told;
}

namespace {

/// The search itself, and as many reads as it could show.
std::vector<Access> worst_case(const Access& search, const std::vector<Candidate>& candidates) {
    std::vector<Access> wanted{search};
    for (const Candidate& candidate : candidates) {
        if (wanted.size() > max_found) break;
        Access& one = wanted.emplace_back(search);
        one.what = finds_read;
        one.device = candidate.place.device;
    }
    return wanted;
}

}  // namespace

std::string asked_text(const PlateQuestion& question) {
    nlohmann::ordered_json json{{"plate", question.plate}, {"look_alike", question.look_alike}};
    if (question.from) json["from"] = to_iso8601(*question.from);
    if (question.to) json["to"] = to_iso8601(*question.to);
    if (!question.device.empty()) json["device"] = question.device;
    if (!question.lane.empty()) json["lane"] = question.lane;
    if (question.direction) json["direction"] = to_string(*question.direction);
    std::string text = json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    text.resize(std::max(text.size(), asked_bytes), ' ');
    return text;
}

Result<SearchDesk> SearchDesk::create(const std::filesystem::path& auditor) {
    std::vector<X509Ptr> recipients;
    recipients.push_back(TRY(load_certificate(auditor)));
    TRY(check_certificate(recipients[0].get(), CertificateUse::receive, auditor.string()));
    return SearchDesk(std::move(recipients));
}

Result<void> SearchDesk::enter(std::string asked, Access access, std::size_t count, AccessVerdict verdict,
                               AccessDesk& desk) const {
    const Cleanse cleanse(asked);
    access.asked = TRY(encrypt(as_bytes(asked), auditor_));
    access.count = std::max<std::size_t>(1, count);
    access.verdict = verdict;
    return desk.enter(std::span(&access, 1));
}

Result<SearchAnswer> SearchDesk::answer(const PlateQuestion& asked, Access access, const Sees& sees,
                                        PlateIndex& index, AccessDesk& desk) const {
    access.what = searches_index;
    auto question = checked(asked);
    if (!question) return fail(ErrorCode::refused, "{}", question.error().message());
    TRY(desk.allow(std::span(&access, 1)));
    const auto candidates = index.candidates(*question, sees);
    if (!candidates && candidates.error().code() == ErrorCode::exhausted) {
        TRY(enter(asked_text(*question), std::move(access), 1, AccessVerdict::refused, desk));
        return fail(ErrorCode::refused, "{}", candidates.error().message());
    }
    if (!candidates) return fail(candidates.error());
    TRY(desk.allow(worst_case(access, *candidates)));
    SearchAnswer answer;
    answer.holes = told_holes(question->from, TRY(index.holes()));
    TRY(enter(asked_text(*question), access, candidates->size(), AccessVerdict::granted, desk));
    const Findings findings = index.open_all(*candidates, *question);
    answer.opened = candidates->size();
    answer.matched = findings.passages.size();
    answer.damaged = findings.damaged;
    answer.locked = index.locked_epochs();
    std::vector<Access> shown;
    for (const IndexedPassage& passage : findings.passages) {
        if (shown.size() == max_found) break;
        Access& one = shown.emplace_back(access);
        one.what = finds_read;
        one.device = passage.device;
        one.chain = passage.chain;
        one.seq = passage.seq;
        answer.found.push_back(found_of(passage));
    }
    TRY(desk.allow(shown));
    TRY(desk.enter(shown));
    return answer;
}

}  // namespace portcullis
