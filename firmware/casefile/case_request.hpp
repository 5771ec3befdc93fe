#pragma once
// What a person asks to take out of the collector, and another person's yes: canonical JSON, each signed with
// its person's own key. A request names a plate: it travels sealed to the opener and to who approves. Values;
// pure functions, reentrant.

#include <compare>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/sha256.hpp"
#include "core/ids.hpp"
#include "core/plate_question.hpp"
#include "core/recipient_set.hpp"

namespace portcullis {

/// Of one case file.
inline constexpr std::size_t max_case_reads = 500;
/// Of a request that names its reads one by one.
inline constexpr std::size_t max_named_reads = 100;
/// So long a request may be approved and made.
inline constexpr std::chrono::days request_life{7};
/// So long at most the recipient may keep what he got.
inline constexpr std::chrono::days max_case_life{90};
/// So long at most a legal hold keeps reads beyond the end of their epoch.
inline constexpr std::chrono::days max_hold_life{5 * 366};
inline constexpr std::size_t max_case_word_bytes = 64;  // purpose, case number, account, fleet
inline constexpr std::size_t max_case_request_bytes = std::size_t{16} * 1024;
inline constexpr std::size_t max_certificate_bytes = 2048;  // DER

/// A read by its name.
struct CasePlace {
    std::string device;
    ChainId chain;
    Seq seq = 0;
    bool operator==(const CasePlace&) const = default;
    std::strong_ordering operator<=>(const CasePlace& other) const {
        return std::tie(device, chain.bytes, seq) <=> std::tie(other.device, other.chain.bytes, other.seq);
    }
};

/// "gate-1/0123456789abcdef/17", as tail and search print it with blanks.
[[nodiscard]] std::string to_string(const CasePlace& place);
/// Errors: invalid_argument (says the form).
[[nodiscard]] Result<CasePlace> place_from_string(std::string_view text);

/// What for: a case file that leaves, or a legal hold that keeps reads (hold_maker.hpp). Whoever approves the
/// one has not approved the other.
enum class CaseKind { file, hold };

struct CaseRequest {
    CaseKind kind = CaseKind::file;
    ChainId id;  // of the case file, or of the hold: random
    std::string fleet;
    std::string who;  // account of the access policy
    std::string purpose;
    std::string case_number;
    UtcTime asked{};
    PlateQuestion question;         // checked(); empty when reads are named
    std::vector<CasePlace> reads;   // ascending; empty: what the question finds
    std::uint64_t most = 0;         // reads; when more are found nothing is made
    bool pictures = false;          // theirs as well: they may show people
    Bytes recipient;                // DER of the certificate to which it is sealed
    std::chrono::sys_days until{};  // the last UTC day on which the recipient may use it, or the hold lasts

    [[nodiscard]] bool is_hold() const { return kind == CaseKind::hold; }
    [[nodiscard]] bool is_search() const { return reads.empty(); }
};

struct CaseApproval {
    ChainId id;
    Digest request{};  // SHA-256 of the signed request
    std::string who;
    UtcTime approved{};
};

/// Errors of both: invalid_argument (names the field out of range).
[[nodiscard]] Result<std::string> encode_case_request(const CaseRequest& request);
[[nodiscard]] Result<std::string> encode_case_approval(const CaseApproval& approval);
/// Errors of both: refused (names the key where the text leaves the canonical form).
[[nodiscard]] Result<CaseRequest> parse_case_request(std::string_view json);
[[nodiscard]] Result<CaseApproval> parse_case_approval(std::string_view json);

}  // namespace portcullis
