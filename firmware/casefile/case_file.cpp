#include "casefile/case_file.hpp"

#include <algorithm>
#include <utility>

#include "base/file.hpp"
#include "core/access_policy.hpp"
#include "core/sealed_item.hpp"
#include "record/canonical.hpp"
#include "record/destruction_codec.hpp"
#include "record/recipient_set_codec.hpp"
#include "seal/encrypt.hpp"
#include "seal/statement.hpp"

namespace portcullis {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t day_letters = 10;
constexpr std::size_t max_part_name_bytes = 32;
constexpr std::size_t max_common_name_bytes = 64;
constexpr std::string_view beginning = R"({"v":1,"kind":"case_file")";
constexpr std::string_view manifest_name = "manifest";
constexpr unsigned sealed_mode = 0644;  // nobody reads it but the recipient

/// A name that leads nowhere else.
bool is_part_name(const std::string& name) {
    return !name.empty() && name.size() <= max_part_name_bytes && name.front() != '.' &&
           std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
           });
}

void write_parts(CanonicalWriter& out, const std::vector<CasePart>& parts) {
    if (parts.empty() || parts.size() > max_case_parts) out.reject("parts", "must be 1 to 1001");
    out.literal(R"(,"parts":[)");
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (!is_part_name(parts[i].name)) out.reject("name", "must be a plain file name");
        out.literal(i == 0 ? R"({"name":)" : R"(,{"name":)").text("name", parts[i].name, max_part_name_bytes);
        out.literal(R"(,"sha256":)").hex(parts[i].sha256);
        out.literal(R"(,"bytes":)").integer("bytes", parts[i].bytes).literal("}");
    }
    out.literal("]}");
}

std::vector<CasePart> read_parts(CanonicalReader& in) {
    std::vector<CasePart> parts;
    in.literal(R"(,"parts":[)");
    while (!in.failed() && parts.size() < max_case_parts) {
        in.literal(parts.empty() ? R"({"name":)" : R"(,{"name":)");
        CasePart& part = parts.emplace_back();
        part.name = in.text("name", max_part_name_bytes);
        in.literal(R"(,"sha256":)");
        part.sha256 = in.digest("sha256");
        in.literal(R"(,"bytes":)");
        part.bytes = in.integer("bytes");
        in.literal("}");
        if (!in.next_is(",")) break;
    }
    in.literal("]}");
    return parts;
}

fs::path sealed_name(const fs::path& folder, std::string_view name) {
    return folder / fmt::format("{}.cms", name);
}

Result<Bytes> read_sealed(const fs::path& folder, std::string_view name, const RecipientKey& recipient) {
    const fs::path file = sealed_name(folder, name);
    const Bytes blob = TRY(read_file(file, max_blob_bytes));
    return with_context(open_envelope(recipient, blob), file.string());
}

}  // namespace

Result<std::string> encode_manifest(const CaseManifest& manifest) {
    CanonicalWriter out(max_manifest_bytes);
    const auto word = [&out](std::string_view key, std::string_view field, const std::string& text) {
        out.literal(key).text(field, text, max_case_word_bytes);
    };
    out.literal(beginning).literal(R"(,"id":)").hex(manifest.id.bytes);
    word(R"(,"fleet":)", "fleet", manifest.fleet);
    word(R"(,"who":)", "who", manifest.who);
    word(R"(,"approved":)", "approved", manifest.approved_by);
    word(R"(,"purpose":)", "purpose", manifest.purpose);
    word(R"(,"case":)", "case", manifest.case_number);
    out.literal(R"(,"t":)").time("t", manifest.made.time_since_epoch());
    out.literal(R"(,"until":)").text("until", to_string(manifest.until), day_letters);
    out.literal(R"(,"recipient":)").text("recipient", manifest.recipient, max_common_name_bytes);
    out.literal(R"(,"recipient_key":)").text("recipient_key", manifest.recipient_key, key_id_letters);
    out.literal(R"(,"reads":)").integer("reads", manifest.reads);
    out.literal(R"(,"missing":)").integer("missing", manifest.missing);
    out.literal(R"(,"may_lack":)").integer("may_lack", manifest.may_lack ? 1 : 0);
    write_parts(out, manifest.parts);
    return std::move(out).finish();
}

Result<CaseManifest> parse_manifest(std::string_view json) {
    CanonicalReader in(json.substr(0, max_manifest_bytes));
    CaseManifest manifest;
    const auto word = [&in](std::string_view key, std::string_view field, std::size_t most) {
        in.literal(key);
        return in.text(field, most);
    };
    in.literal(beginning).literal(R"(,"id":)");
    manifest.id = in.chain("id");
    manifest.fleet = word(R"(,"fleet":)", "fleet", max_case_word_bytes);
    manifest.who = word(R"(,"who":)", "who", max_case_word_bytes);
    manifest.approved_by = word(R"(,"approved":)", "approved", max_case_word_bytes);
    manifest.purpose = word(R"(,"purpose":)", "purpose", max_case_word_bytes);
    manifest.case_number = word(R"(,"case":)", "case", max_case_word_bytes);
    in.literal(R"(,"t":)");
    manifest.made = UtcTime(in.time("t"));
    const auto until = day_from_string(word(R"(,"until":)", "until", day_letters));
    if (!until) in.fault("until");
    manifest.until = until.value_or(std::chrono::sys_days());
    manifest.recipient = word(R"(,"recipient":)", "recipient", max_common_name_bytes);
    manifest.recipient_key = word(R"(,"recipient_key":)", "recipient_key", key_id_letters);
    in.literal(R"(,"reads":)");
    manifest.reads = in.integer("reads");
    in.literal(R"(,"missing":)");
    manifest.missing = in.integer("missing");
    in.literal(R"(,"may_lack":)");
    manifest.may_lack = in.integer("may_lack") == 1;
    manifest.parts = read_parts(in);
    TRY(in.done());
    const Result<std::string> again = encode_manifest(manifest);
    if (!again || *again != json) return fail(ErrorCode::refused, "manifest: the text is not canonical");
    return manifest;
}

Result<CaseFileWriter> CaseFileWriter::create(fs::path folder, X509Ptr recipient) {
    constexpr std::string_view suffix = ".unfinished";
    std::error_code error;
    if (fs::exists(folder, error))
        return fail(ErrorCode::refused, "{}: is there already; name another folder", folder.string());
    fs::path unfinished = folder.string() + std::string(suffix);
    fs::remove_all(unfinished, error);
    if (!fs::create_directories(unfinished, error))
        return fail(ErrorCode::io, "{}: cannot make it: {}", unfinished.string(), error.message());
    std::vector<X509Ptr> recipients;
    recipients.push_back(std::move(recipient));
    return CaseFileWriter(std::move(folder), std::move(unfinished), std::move(recipients));
}

CaseFileWriter::CaseFileWriter(CaseFileWriter&& other) noexcept
    : folder_(std::move(other.folder_)),
      unfinished_(std::exchange(other.unfinished_, {})),
      recipients_(std::move(other.recipients_)),
      parts_(std::move(other.parts_)) {}

CaseFileWriter::~CaseFileWriter() {
    std::error_code ignored;
    if (!unfinished_.empty()) fs::remove_all(unfinished_, ignored);
}

Result<void> CaseFileWriter::write(const std::string& name, ByteView content) const {
    const Bytes blob = TRY(with_context(encrypt(content, recipients_), name));
    return write_file_atomically(sealed_name(unfinished_, name), blob, sealed_mode);
}

Result<void> CaseFileWriter::add(const std::string& name, ByteView content) {
    TRY(write(name, content));
    parts_.push_back({name, sha256(content), content.size()});
    return {};
}

Result<void> CaseFileWriter::finish(CaseManifest& manifest, const SigningKey& key) {
    manifest.parts = parts_;
    const std::string json = TRY(encode_manifest(manifest));
    const Bytes signed_text = TRY(sign_statement(key, json, max_manifest_bytes));
    TRY(write(std::string(manifest_name), signed_text));
    std::error_code error;
    fs::rename(unfinished_, folder_, error);
    if (error) return fail(ErrorCode::io, "{}: cannot be named so: {}", folder_.string(), error.message());
    unfinished_.clear();
    return {};
}

Result<CaseManifest> open_manifest(const fs::path& folder, const RecipientKey& recipient,
                                   const TrustStore& makers, UtcTime now) {
    const Bytes blob = TRY(read_sealed(folder, manifest_name, recipient));
    auto text = verify_statement(blob, makers, now, max_manifest_bytes);
    if (!text)
        return fail(ErrorCode::refused, "{}: {}; is --maker the certificate of the collector that made it?",
                    folder.string(), text.error().message());
    if (!is_believed(text->trust))
        return fail(ErrorCode::refused, "{}: the key of '{}' that signed it is {}", folder.string(),
                    text->signer_name, to_string(text->trust));
    CaseManifest manifest = TRY(with_context(parse_manifest(text->json), folder.string()));
    if (now >= end_of(manifest.until))
        return fail(ErrorCode::refused,
                    "{}: expired with {} (UTC): delete it, or ask the collector for a new one",
                    folder.string(), to_string(manifest.until));
    if (manifest.recipient_key != key_id(recipient.certificate.get()))
        return fail(ErrorCode::refused, "{}: was made for '{}', whose key is another one", folder.string(),
                    manifest.recipient);
    return manifest;
}

Result<Bytes> open_part(const fs::path& folder, const CasePart& part, const RecipientKey& recipient) {
    Bytes content = TRY(read_sealed(folder, part.name, recipient));
    if (content.size() == part.bytes && sha256(content) == part.sha256) return content;
    const Cleanse cleanse(content);
    return fail(ErrorCode::corrupt, "{}: is not what the manifest names: somebody changed it",
                sealed_name(folder, part.name).string());
}

}  // namespace portcullis
