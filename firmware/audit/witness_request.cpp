#include "audit/witness_request.hpp"

#include <charconv>

namespace portcullis {

namespace {

constexpr std::string_view magic = "portcullis-audit-head 1";
constexpr std::size_t max_head_words = 6;

/// The next line, without its end; nothing when there is no whole line left.
std::optional<std::string_view> take_line(std::string_view& text) {
    const std::size_t end = text.find('\n');
    if (end == text.npos) return std::nullopt;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    return line;
}

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    while (!line.empty() && words.size() <= max_head_words) {
        const std::size_t end = line.find(' ');
        words.push_back(line.substr(0, end));
        line.remove_prefix(end == line.npos ? line.size() : end + 1);
    }
    return words;
}

std::optional<std::uint64_t> number(std::string_view word) {
    std::uint64_t value = 0;
    const auto [stop, problem] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (problem != std::errc() || stop != word.data() + word.size() || value >> 53U != 0) return std::nullopt;
    return value;
}

Failure bad_line(std::size_t line) {
    return fail(ErrorCode::corrupt,
                "audit: line {} of the request is not one of `portcullis audit head`; make it anew", line);
}

/// The walk from the head that was signed last to the one that is asked for.
Result<void> check_way(const WitnessRequest& request, const Witnessed* last) {
    const std::uint64_t from = last == nullptr ? 0 : last->said.entries;
    if (request.entries() < from)
        return fail(ErrorCode::refused,
                    "audit: the log has {} entries, and {} were signed on {}: it was cut, or set back",
                    request.entries(), from, to_iso8601(last->said.time));
    Digest link = last == nullptr ? first_audit_link(request.log) : last->said.link;
    for (std::uint64_t n = from + 1; n <= request.entries(); ++n)
        link = next_audit_link(link, n, request.texts[static_cast<std::size_t>(n - request.covered - 1)]);
    if (link != request.link)
        return fail(
            ErrorCode::refused,
            "audit: entry {} does not follow from what was signed up to entry {}: the log was changed",
            request.entries(), from);
    return {};
}

}  // namespace

std::string encode_request(const WitnessRequest& request) {
    std::string text = fmt::format("{} {} {} {} {} {}\n", magic, to_string(request.log), request.statements,
                                   request.covered, request.entries(), to_hex(request.link));
    for (const Digest& digest : request.texts)
        text += to_hex(digest) + "\n";
    return text;
}

Result<WitnessRequest> parse_request(std::string_view text) {
    if (text.size() > max_request_bytes)
        return fail(ErrorCode::exhausted, "audit: a request of more than {} bytes", max_request_bytes);
    const auto head = take_line(text);
    if (!head || !head->starts_with(magic) || head->size() == magic.size()) return bad_line(1);
    const auto words = words_of(head->substr(magic.size() + 1));
    if (words.size() + 1 != max_head_words) return bad_line(1);
    WitnessRequest request;
    const Result<ChainId> log = chain_from_string(words[0]);
    const auto statements = number(words[1]);
    const auto covered = number(words[2]);
    const auto entries = number(words[3]);
    const Result<Digest> link = digest_from_hex(words[4]);
    if (!log || !statements || !covered || !entries || !link) return bad_line(1);
    request.log = *log;
    request.statements = *statements;
    request.covered = *covered;
    request.link = *link;
    while (!text.empty()) {
        const auto line = take_line(text);
        const auto digest = line ? digest_from_hex(*line) : fail(ErrorCode::corrupt, "cut");
        if (!digest) return bad_line(request.texts.size() + 2);
        request.texts.push_back(*digest);
    }
    if (request.entries() != *entries) return bad_line(request.texts.size() + 1);
    return request;
}

Result<std::vector<Bytes>> witness(const WitnessRequest& request, const std::vector<Witnessed>& kept,
                                   const SigningKey& key, UtcTime now) {
    const Witnessed* last = nullptr;
    for (const Witnessed& next : kept) {
        if (!follows(next, last))
            return fail(ErrorCode::refused, "audit: statement {} of those that were kept does not follow",
                        next.said.count);
        last = &next;
    }
    if (last != nullptr && last->said.log != request.log)
        return fail(ErrorCode::refused,
                    "audit: log {}, and those signed before are of log {}: it was replaced; a log that was "
                    "begun anew for a reason gets a file of its own",
                    to_string(request.log), to_string(last->said.log));
    const std::uint64_t known = request.statements == 0 ? 0
                                : request.statements <= kept.size()
                                    ? kept[static_cast<std::size_t>(request.statements - 1)].said.entries
                                    : request.entries() + 1;
    if (known != request.covered)
        return fail(ErrorCode::refused,
                    "audit: the log holds {} statements for {} entries, and they are not among the {} kept",
                    request.statements, request.covered, kept.size());
    TRY(check_way(request, last));
    std::vector<Bytes> answer;
    for (std::size_t i = static_cast<std::size_t>(request.statements); i < kept.size(); ++i)
        answer.push_back(kept[i].blob);
    if (request.entries() == (last == nullptr ? 0 : last->said.entries)) return answer;
    WitnessStatement statement;
    statement.log = request.log;
    statement.entries = request.entries();
    statement.link = request.link;
    statement.time = now;
    answer.push_back(TRY(sign_witness(statement, last, key)));
    return answer;
}

}  // namespace portcullis
