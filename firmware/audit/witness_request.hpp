#pragma once
// What the log's host asks of the witness: sign this head. So that he need believe nothing, it carries the
// digests of all entries since the last head that he signed: he walks from there to the new one himself. No
// entry, no name and no plate crosses. Text, one digest a line:
//   portcullis-audit-head 1 <log> <statements that the log holds> <entries they cover> <entries> <link>
// Pure functions, reentrant.

#include "audit/witness.hpp"

namespace portcullis {

inline constexpr std::size_t max_request_entries = 500'000;  // more are witnessed in several steps
inline constexpr std::size_t max_request_bytes = max_request_entries * (2 * sizeof(Digest) + 1) + 1024;

struct WitnessRequest {
    ChainId log;
    std::uint64_t statements = 0;
    std::uint64_t covered = 0;
    Digest link{};  // link(entries())
    std::vector<Digest> texts;

    [[nodiscard]] std::uint64_t entries() const { return covered + texts.size(); }
};

[[nodiscard]] std::string encode_request(const WitnessRequest& request);
/// Errors: corrupt (says which line), exhausted.
[[nodiscard]] Result<WitnessRequest> parse_request(std::string_view text);

/// The witness's part. kept: all that he has signed of this log, in order. Gives the statements that the log
/// lacks: those that got lost on their way, and the new one, when there is something new. Errors: refused
/// (another log; one that was cut, changed or set back since he signed it; his own memory is incomplete),
/// internal.
[[nodiscard]] Result<std::vector<Bytes>> witness(const WitnessRequest& request,
                                                 const std::vector<Witnessed>& kept, const SigningKey& key,
                                                 UtcTime now);

}  // namespace portcullis
