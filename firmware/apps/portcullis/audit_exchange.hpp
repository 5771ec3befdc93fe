#pragma once
// `portcullis audit exchange`: the log's side of a folder through which the witness's requests and answers
// go. Digests and signatures cross, nothing else.

#include <filesystem>

#include "audit/audit_log.hpp"

namespace portcullis {

inline constexpr auto witness_request_name = "request";
inline constexpr auto witness_answer_name = "answer";
inline constexpr auto refused_answer_name = "answer.refused";

struct WitnessExchange {
    std::size_t taken_in = 0;   // statements
    std::uint64_t waiting = 0;  // entries that the request in the folder is about
};

/// Takes in the answer that lies there, and puts the next request in its place; none when nothing waits. An
/// answer that is refused is put aside and no request is written. Errors: refused (as AuditLog::admit's and
/// request's), corrupt (no answer), io.
[[nodiscard]] Result<WitnessExchange> exchange_with_witness(AuditLog& log, const WitnessKeys& keys,
                                                            const std::filesystem::path& folder);

}  // namespace portcullis
