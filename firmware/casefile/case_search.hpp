#pragma once
// Which reads a request is about: those that it names, or those that the plate index finds. Reentrant.

#include <functional>
#include <nlohmann/json_fwd.hpp>

#include "casefile/case_request.hpp"
#include "index/plate_index.hpp"

namespace portcullis {

struct FoundReads {
    std::vector<CasePlace> places;
    bool may_lack = false;  // the index may not know all
};

/// begin: told how many rows of the index, or named reads, are about to be opened; its entries must be
/// durable when it returns. index: nullptr when there is none. Errors: refused (the words are for who asked:
/// what is wrong with the question, too many rows, nothing found, more than the request's bound), begin's,
/// the index's.
[[nodiscard]] Result<FoundReads> find_reads(const CaseRequest& request, PlateIndex* index,
                                            const std::vector<std::string>& devices,
                                            const std::function<Result<void>(std::uint64_t opened)>& begin);

/// What the auditor is told of what was asked for.
[[nodiscard]] nlohmann::ordered_json question_json(const PlateQuestion& question);

}  // namespace portcullis
