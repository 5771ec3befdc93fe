#include "audit/audit_log.hpp"

#include <openssl/rand.h>

#include <algorithm>

#include "database/schema.hpp"
#include "seal/gate.hpp"
#include "seal/signed_profile.hpp"

namespace portcullis {

namespace {

constexpr std::size_t request_page = 1000;

Schema log_schema() {
    constexpr std::int32_t application_id = 0x50434155;  // "PCAU"
    return {"audit log", application_id, 1, R"sql(
CREATE TABLE log(one INTEGER PRIMARY KEY CHECK(one = 1), id BLOB NOT NULL) STRICT;
CREATE TABLE entry(number INTEGER PRIMARY KEY, text TEXT NOT NULL, link BLOB NOT NULL, asked BLOB) STRICT;
CREATE TABLE witness(number INTEGER PRIMARY KEY, statement BLOB NOT NULL) STRICT;
)sql"};
}

DatabaseSettings file_settings(const std::filesystem::path& path) {
    constexpr unsigned own = 0600;
    DatabaseSettings file;
    file.path = path;
    file.mode = own;
    return file;
}

Failure not_ours(std::string_view what) {
    return fail(ErrorCode::corrupt, "audit log: {}; `portcullis audit verify` says where it was changed",
                what);
}

Result<Digest> digest_of(ByteView bytes) {
    Digest digest{};
    if (bytes.size() != digest.size()) return not_ours("a link is not one");
    std::ranges::copy(bytes, digest.begin());
    return digest;
}

/// What a signed statement claims, for who verifies it later or has done so.
Result<WitnessStatement> claim_of(ByteView blob) {
    const SignedShape shape = TRY(check_signed_profile(blob, max_witness_bytes));
    return parse_witness(as_text(shape.content));
}

}  // namespace

Result<AuditLog> AuditLog::make(std::unique_ptr<Database> database) {
    auto select = TRY(database->prepare("SELECT id FROM log"));
    TRY(select.bind());
    ChainId id;
    if (!TRY(select.step()) || select.blob(0).size() != id.bytes.size()) return not_ours("its name is gone");
    std::ranges::copy(select.blob(0), id.bytes.begin());
    select.reset();
    return AuditLog(std::move(database), id);
}

Result<AuditLog> AuditLog::open(const std::filesystem::path& path) {
    auto database =
        std::make_unique<Database>(TRY(with_context(Database::open(file_settings(path)), "audit log")));
    TRY(with_context(adopt_schema(*database, log_schema()), path.string()));
    ChainId id;
    if (RAND_bytes(reinterpret_cast<unsigned char*>(id.bytes.data()), static_cast<int>(id.bytes.size())) != 1)
        return fail(ErrorCode::internal, "audit log: no random bytes");
    Transaction transaction = TRY(Transaction::begin(*database));
    auto insert = TRY(database->prepare(
        "INSERT INTO log(one, id) SELECT 1, ? WHERE NOT EXISTS(SELECT 1 FROM log) AND NOT EXISTS(SELECT 1 "
        "FROM entry)"));
    TRY(insert.run(ByteView(id.bytes)));
    TRY(transaction.commit());
    return make(std::move(database));
}

Result<AuditLog> AuditLog::attach(const std::filesystem::path& path) {
    DatabaseSettings file = file_settings(path);
    file.create = false;
    auto database = std::make_unique<Database>(TRY(with_context(Database::open(file), "audit log")));
    TRY(with_context(check_schema(*database, log_schema()), path.string()));
    return make(std::move(database));
}

Result<AuditLog> AuditLog::read_only(const std::filesystem::path& path) {
    DatabaseSettings file = file_settings(path);
    file.create = false;
    file.read_only = file.untouched = true;
    auto database = std::make_unique<Database>(TRY(with_context(Database::open(file), "audit log")));
    TRY(with_context(check_schema(*database, log_schema()), path.string()));
    return make(std::move(database));
}

Result<AuditHead> AuditLog::head() {
    auto select = TRY(database_->prepare("SELECT number, link FROM entry ORDER BY number DESC LIMIT 1"));
    TRY(select.bind());
    if (!TRY(select.step())) return AuditHead{0, first_audit_link(id_)};
    AuditHead head;
    head.entries = select.count(0);
    head.link = TRY(digest_of(select.blob(1)));
    return head;
}

Result<AuditHead> AuditLog::append_one(const AuditHead& head, const Access& access, UtcTime now) {
    AuditEntry entry;
    entry.number = head.entries + 1;
    entry.time = now;
    entry.access = access;
    if (!access.asked.empty()) {
        if (access.asked.size() > max_asked_bytes)
            return fail(ErrorCode::exhausted, "audit log: a question of more than {} bytes", max_asked_bytes);
        TRY(with_context(gate(access.asked), "audit log: what was asked for is kept sealed, or not at all"));
        entry.asked = sha256(access.asked);
    }
    const std::string text = TRY(encode_audit_entry(entry));
    const AuditHead next{entry.number, next_audit_link(head.link, entry.number, sha256(as_bytes(text)))};
    auto insert = TRY(database_->prepare("INSERT INTO entry(number, text, link, asked) VALUES(?, ?, ?, ?)"));
    if (entry.asked)
        TRY(insert.run(entry.number, std::string_view(text), ByteView(next.link), ByteView(access.asked)));
    else
        TRY(insert.run(entry.number, std::string_view(text), ByteView(next.link), nullptr));
    return next;
}

Result<void> AuditLog::append(std::span<const Access> accesses, UtcTime now) {
    if (accesses.empty()) return {};
    if (accesses.size() > max_accesses)
        return fail(ErrorCode::exhausted, "audit log: {} accesses at once; at most {}", accesses.size(),
                    max_accesses);
    Transaction transaction = TRY(with_context(Transaction::begin(*database_), "audit log"));
    AuditHead at = TRY(head());
    for (const Access& access : accesses)
        at = TRY(append_one(at, access, now));
    return with_context(transaction.commit(), "audit log");
}

Result<std::vector<AuditRow>> AuditLog::rows(std::uint64_t after, std::size_t limit) {
    auto select = TRY(database_->prepare(
        "SELECT number, text, link, asked FROM entry WHERE number > ? ORDER BY number LIMIT ?"));
    TRY(select.bind(after, static_cast<std::uint64_t>(limit)));
    std::vector<AuditRow> rows;
    while (TRY(select.step())) {
        AuditRow row;
        row.number = select.count(0);
        row.text = select.text(1);
        row.link.assign(select.blob(2).begin(), select.blob(2).end());
        row.asked.assign(select.blob(3).begin(), select.blob(3).end());
        rows.push_back(std::move(row));
    }
    return rows;
}

Result<void> AuditLog::since(UtcTime from, const std::function<void(const AuditEntry&)>& seen) {
    std::uint64_t below = TRY(head())
    .entries;
    while (below > 0) {
        const std::uint64_t after = below - std::min<std::uint64_t>(below, request_page);
        bool any = false;
        std::vector<AuditRow> page = TRY(rows(after, static_cast<std::size_t>(below - after)));
        std::ranges::reverse(page);
        for (const AuditRow& row : page) {
            const Result<AuditEntry> entry = parse_audit_entry(row.text);
            if (!entry) return not_ours(fmt::format("entry {} cannot be read", row.number));
            if (entry->time < from) continue;
            any = true;
            seen(*entry);
        }
        if (!any) return {};
        below = after;
    }
    return {};
}

Result<bool> AuditLog::has(std::string_view what, const std::string& case_number) {
    auto select =
        TRY(database_->prepare("SELECT 1 FROM entry WHERE instr(text, ?) > 0 AND instr(text, ?) > 0 AND "
                               "instr(text, ?) > 0 LIMIT 1"));
    const std::string of_case = fmt::format(R"("case":"{}")", case_number);
    const std::string of_what = fmt::format(R"("what":"{}")", what);
    const std::string verdict = fmt::format(R"("verdict":"{}")", to_string(AccessVerdict::granted));
    TRY(select.bind(std::string_view(of_case), std::string_view(of_what), std::string_view(verdict)));
    return select.step();
}

Result<std::optional<AdoptedPolicy>> AuditLog::newest_policy(std::string_view kind) {
    // No text of an entry can hold a quote: these words stand at their keys.
    auto select =
        TRY(database_->prepare("SELECT text FROM entry WHERE instr(text, ?) > 0 AND instr(text, ?) > 0 ORDER "
                               "BY number DESC LIMIT 1"));
    const std::string what = fmt::format(R"("what":"{}")", kind);
    const std::string verdict = fmt::format(R"("verdict":"{}")", to_string(AccessVerdict::granted));
    TRY(select.bind(std::string_view(what), std::string_view(verdict)));
    if (!TRY(select.step())) return std::optional<AdoptedPolicy>();
    const Result<AuditEntry> entry = parse_audit_entry(select.text(0));
    const Result<Digest> digest = entry ? digest_from_hex(entry->access.case_number) : fail(entry.error());
    if (!digest) return not_ours("the entry of a policy cannot be read");
    return std::optional(AdoptedPolicy{entry->access.seq, *digest});
}

Result<std::uint64_t> AuditLog::strays() {
    const std::int64_t count = TRY(database_->integer("SELECT count(*) FROM entry WHERE number < 1"));
    return static_cast<std::uint64_t>(count);
}

Result<std::vector<Bytes>> AuditLog::statements() {
    auto select = TRY(database_->prepare("SELECT statement FROM witness ORDER BY number LIMIT ?"));
    TRY(select.bind(static_cast<std::uint64_t>(max_witness_statements)));
    std::vector<Bytes> all;
    while (TRY(select.step()))
        all.emplace_back(select.blob(0).begin(), select.blob(0).end());
    return all;
}

Result<Bytes> AuditLog::last_statement() {
    auto select = TRY(database_->prepare("SELECT statement FROM witness ORDER BY number DESC LIMIT 1"));
    TRY(select.bind());
    if (!TRY(select.step())) return Bytes();
    return Bytes(select.blob(0).begin(), select.blob(0).end());
}

Result<WitnessRequest> AuditLog::request() {
    WitnessRequest request;
    request.log = id_;
    const Bytes last = TRY(last_statement());
    if (!last.empty()) {
        const WitnessStatement said = TRY(claim_of(last));
        request.statements = said.count;
        request.covered = said.entries;
        request.link = said.link;
        const std::vector<AuditRow> row = TRY(rows(said.entries - 1, 1));
        if (row.empty() || row[0].number != said.entries || !std::ranges::equal(row[0].link, said.link))
            return fail(ErrorCode::refused,
                        "audit log: entry {}, which the witness signed, is gone or another one; "
                        "`portcullis audit verify` says what was done",
                        said.entries);
    } else {
        request.link = first_audit_link(id_);
    }
    for (std::vector<AuditRow> page; request.texts.size() < max_request_entries;) {
        page =
            TRY(rows(request.entries(), std::min(request_page, max_request_entries - request.texts.size())));
        if (page.empty()) break;
        for (const AuditRow& row : page) {
            if (row.number != request.entries() + 1) return not_ours("entries are missing");
            request.texts.push_back(sha256(as_bytes(row.text)));
        }
        request.link = TRY(digest_of(page.back().link));
    }
    return request;
}

Result<void> AuditLog::admit_one(const Witnessed& next, const Witnessed* last) {
    if (next.said.log != id_)
        return fail(ErrorCode::refused, "audit log: the statement is about the log {}, this one is {}",
                    to_string(next.said.log), to_string(id_));
    if (!follows(next, last))
        return fail(ErrorCode::refused, "audit log: statement {} does not follow those that are here",
                    next.said.count);
    const std::vector<AuditRow> row = TRY(rows(next.said.entries - 1, 1));
    if (row.empty() || row[0].number != next.said.entries || !std::ranges::equal(row[0].link, next.said.link))
        return fail(ErrorCode::refused,
                    "audit log: the witness signed another entry {} than stands here: it was changed since; "
                    "`portcullis audit verify` says where",
                    next.said.entries);
    auto insert = TRY(database_->prepare("INSERT INTO witness(number, statement) VALUES(?, ?)"));
    return insert.run(next.said.count, ByteView(next.blob));
}

Result<std::size_t> AuditLog::admit(const std::vector<Bytes>& statements, const WitnessKeys& keys) {
    const std::vector<Witnessed> opened = TRY(keys.open_all(statements));
    Transaction transaction = TRY(with_context(Transaction::begin(*database_), "audit log"));
    std::optional<Witnessed> last;
    if (Bytes blob = TRY(last_statement()); !blob.empty()) last = TRY(keys.open(blob));
    std::size_t taken = 0;
    for (const Witnessed& next : opened) {
        if (last && next.said.count <= last->said.count) continue;  // an answer that came twice
        TRY(admit_one(next, last ? &*last : nullptr));
        last = next;
        ++taken;
    }
    TRY(with_context(transaction.commit(), "audit log"));
    return taken;
}

}  // namespace portcullis
