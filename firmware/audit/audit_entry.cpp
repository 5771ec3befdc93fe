#include "audit/audit_entry.hpp"

#include "record/canonical.hpp"

namespace portcullis {

namespace {

constexpr std::byte link_domain{0x02};  // 0x01 are the links of sealed items
constexpr std::string_view first_words = "portcullis audit";
constexpr std::string_view beginning = R"({"v":1,"kind":"access","n":)";
constexpr std::string_view beginning_with_via = R"({"v":2,"kind":"access","n":)";
constexpr std::size_t digest_letters = 2 * sizeof(Digest);

void check_access(CanonicalWriter& out, const Access& access) {
    if (access.who.empty()) out.reject("who", "must name the account");
    if (access.what.empty()) out.reject("what", "must say what is opened");
    if (access.count == 0) out.reject("count", "must be 1 or more");
    if (access.verdict == AccessVerdict::refused) return;
    if (access.purpose.empty()) out.reject("purpose", "must be given before anything is opened");
    if (access.case_number.empty()) out.reject("case", "must be given before anything is opened");
}

void write_texts(CanonicalWriter& out, const Access& access) {
    out.literal(R"(,"who":)").text("who", access.who, max_audit_word_bytes);
    out.literal(R"(,"uid":)").integer("uid", access.uid);
    if (!access.via.empty()) out.literal(R"(,"via":)").text("via", access.via, max_audit_word_bytes);
    out.literal(R"(,"role":)").text("role", access.role, max_audit_word_bytes);
    out.literal(R"(,"purpose":)").text("purpose", access.purpose, max_audit_word_bytes);
    out.literal(R"(,"case":)").text("case", access.case_number, max_audit_word_bytes);
    out.literal(R"(,"what":)").text("what", access.what, max_audit_word_bytes);
    out.literal(R"(,"dev":)").text("dev", access.device, max_audit_word_bytes);
}

void read_texts(CanonicalReader& in, Access& access, bool via) {
    const auto text = [&in](std::string_view key, std::string_view field) {
        in.literal(key);
        return in.text(field, max_audit_word_bytes);
    };
    access.who = text(R"(,"who":)", "who");
    in.literal(R"(,"uid":)");
    access.uid = in.integer("uid");
    if (via) access.via = text(R"(,"via":)", "via");
    access.role = text(R"(,"role":)", "role");
    access.purpose = text(R"(,"purpose":)", "purpose");
    access.case_number = text(R"(,"case":)", "case");
    access.what = text(R"(,"what":)", "what");
    access.device = text(R"(,"dev":)", "dev");
}

AccessVerdict read_verdict(CanonicalReader& in) {
    const std::string word = in.text("verdict", max_audit_word_bytes);
    for (const AccessVerdict verdict : {AccessVerdict::granted, AccessVerdict::refused})
        if (word == to_string(verdict)) return verdict;
    in.fault("verdict");
    return AccessVerdict::refused;
}

std::optional<Digest> read_asked(CanonicalReader& in) {
    const std::string hex = in.text("asked", digest_letters);
    if (hex.empty()) return std::nullopt;
    const Result<Digest> digest = digest_from_hex(hex);
    if (digest) return *digest;
    in.fault("asked");
    return std::nullopt;
}

}  // namespace

std::string_view to_string(AccessVerdict verdict) {
    return verdict == AccessVerdict::granted ? "granted" : "refused";
}

Result<std::string> encode_audit_entry(const AuditEntry& entry) {
    CanonicalWriter out(max_audit_entry_bytes);
    const Access& access = entry.access;
    check_access(out, access);
    if (entry.number == 0) out.reject("n", "must be 1 or more");
    out.literal(access.via.empty() ? beginning : beginning_with_via).integer("n", entry.number);
    out.literal(R"(,"t":)").time("t", entry.time.time_since_epoch());
    write_texts(out, access);
    out.literal(R"(,"chain":)").hex(access.chain.bytes);
    out.literal(R"(,"seq":)").integer("seq", access.seq);
    out.literal(R"(,"count":)").integer("count", access.count);
    out.literal(R"(,"verdict":)").text("verdict", to_string(access.verdict), max_audit_word_bytes);
    out.literal(R"(,"asked":)").hex(entry.asked ? ByteView(*entry.asked) : ByteView()).literal("}");
    return std::move(out).finish();
}

Result<AuditEntry> parse_audit_entry(std::string_view json) {
    CanonicalReader in(json.substr(0, max_audit_entry_bytes));
    AuditEntry entry;
    const bool via = in.next_is(beginning_with_via);
    in.literal(via ? beginning_with_via : beginning);
    entry.number = in.integer("n");
    in.literal(R"(,"t":)");
    entry.time = UtcTime(in.time("t"));
    read_texts(in, entry.access, via);
    in.literal(R"(,"chain":)");
    entry.access.chain = in.chain("chain");
    in.literal(R"(,"seq":)");
    entry.access.seq = in.integer("seq");
    in.literal(R"(,"count":)");
    entry.access.count = in.integer("count");
    in.literal(R"(,"verdict":)");
    entry.access.verdict = read_verdict(in);
    in.literal(R"(,"asked":)");
    entry.asked = read_asked(in);
    TRY(in.literal("}").done());
    // The writer has the last word: ranges and second spellings.
    const Result<std::string> again = encode_audit_entry(entry);
    if (!again || *again != json) return fail(ErrorCode::refused, "audit: the entry is not canonical");
    return entry;
}

Digest first_audit_link(const ChainId& log) {
    return sha256({ByteView(&link_domain, 1), as_bytes(first_words), ByteView(log.bytes)});
}

Digest next_audit_link(const Digest& before, std::uint64_t number, const Digest& text) {
    Bytes place;
    append_u64(place, number);
    return sha256({ByteView(&link_domain, 1), ByteView(before), ByteView(place), ByteView(text)});
}

}  // namespace portcullis
