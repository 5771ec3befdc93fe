#include "casefile/case_search.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace portcullis {

Result<FoundReads> find_reads(const CaseRequest& request, PlateIndex* index,
                              const std::vector<std::string>& devices,
                              const std::function<Result<void>(std::uint64_t opened)>& begin) {
    if (!request.is_search()) {
        TRY(begin(request.reads.size()));
        return FoundReads{request.reads};
    }
    if (index == nullptr)
        return fail(ErrorCode::refused,
                    "this opener searches nothing; name the reads, or an index in [search] of its settings");
    auto question = checked(request.question);
    if (!question) return fail(ErrorCode::refused, "{}", question.error().message());
    const Sees sees = [&devices](std::string_view device) {
        return std::ranges::binary_search(devices, device);
    };
    const auto candidates = index->candidates(*question, sees);
    if (!candidates && candidates.error().code() == ErrorCode::exhausted)
        return fail(ErrorCode::refused, "{}", candidates.error().message());
    if (!candidates) return fail(candidates.error());
    TRY(begin(candidates->size()));
    const Findings findings = index->open_all(*candidates, *question);
    FoundReads found;
    found.may_lack = findings.damaged > 0 || index->locked_epochs() > 0 ||
                     std::ranges::any_of(TRY(index->holes()), [&](const IndexHole& hole) {
                         return !question->from || hole.last > *question->from;
                     });
    if (findings.passages.empty()) return fail(ErrorCode::refused, "no read is found");
    if (findings.passages.size() > request.most)
        return fail(ErrorCode::refused, "{} reads are found, the request is for at most {}; ask for fewer",
                    findings.passages.size(), request.most);
    for (const IndexedPassage& passage : findings.passages)
        found.places.push_back({passage.device, passage.chain, passage.seq});
    return found;
}

nlohmann::ordered_json question_json(const PlateQuestion& question) {
    nlohmann::ordered_json json{{"plate", question.plate}, {"look_alike", question.look_alike}};
    if (question.from) json["from"] = to_iso8601(*question.from);
    if (question.to) json["to"] = to_iso8601(*question.to);
    if (!question.device.empty()) json["device"] = question.device;
    if (!question.lane.empty()) json["lane"] = question.lane;
    if (question.direction) json["direction"] = to_string(*question.direction);
    return json;
}

}  // namespace portcullis
