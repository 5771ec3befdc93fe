#include "audit/witness.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>

#include "record/canonical.hpp"
#include "seal/certificate.hpp"
#include "seal/cms_codec.hpp"
#include "seal/signed_profile.hpp"
#include "seal/statement.hpp"

namespace portcullis {

namespace {

constexpr const char* pem_label = "CMS";

/// What PEM_read_bio allocates for one piece.
struct PemPiece {
    char* label = nullptr;
    char* header = nullptr;
    unsigned char* data = nullptr;
    long length = 0;

    PemPiece() = default;
    PemPiece(const PemPiece&) = delete;
    PemPiece& operator=(const PemPiece&) = delete;
    ~PemPiece() {
        OPENSSL_free(label);
        OPENSSL_free(header);
        OPENSSL_free(data);
    }
    [[nodiscard]] bool read(BIO* source) {
        return PEM_read_bio(source, &label, &header, &data, &length) == 1;
    }
};

bool at_end() {
    const unsigned long reason = ERR_peek_last_error();
    const bool none = ERR_GET_LIB(reason) == ERR_LIB_PEM && ERR_GET_REASON(reason) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    return none;
}

}  // namespace

Result<std::string> encode_witness(const WitnessStatement& statement) {
    CanonicalWriter out(max_witness_bytes);
    if (statement.count == 0) out.reject("n", "must be 1 or more");
    if (statement.entries == 0) out.reject("entries", "must be 1 or more");
    out.literal(R"({"v":1,"kind":"audit-witness","log":)").hex(statement.log.bytes);
    out.literal(R"(,"n":)").integer("n", statement.count);
    out.literal(R"(,"entries":)").integer("entries", statement.entries);
    out.literal(R"(,"link":)").hex(statement.link).literal(R"(,"before":)").hex(statement.before);
    out.literal(R"(,"t":)").time("t", statement.time.time_since_epoch()).literal("}");
    return std::move(out).finish();
}

Result<WitnessStatement> parse_witness(std::string_view json) {
    CanonicalReader in(json.substr(0, max_witness_bytes));
    WitnessStatement statement;
    in.literal(R"({"v":1,"kind":"audit-witness","log":)");
    statement.log = in.chain("log");
    in.literal(R"(,"n":)");
    statement.count = in.integer("n");
    in.literal(R"(,"entries":)");
    statement.entries = in.integer("entries");
    in.literal(R"(,"link":)");
    statement.link = in.digest("link");
    in.literal(R"(,"before":)");
    statement.before = in.digest("before");
    in.literal(R"(,"t":)");
    statement.time = UtcTime(in.time("t"));
    TRY(in.literal("}").done());
    const Result<std::string> again = encode_witness(statement);
    if (!again || *again != json) return fail(ErrorCode::refused, "audit: the statement is not canonical");
    return statement;
}

Result<WitnessKeys> WitnessKeys::create(const std::vector<std::filesystem::path>& certificates) {
    WitnessKeys keys;
    for (const std::filesystem::path& file : certificates) {
        X509Ptr certificate = TRY(load_certificate(file));
        TRY(check_certificate(certificate.get(), CertificateUse::sign_receipts, file.string()));
        keys.certificates_.push_back(std::move(certificate));
    }
    if (keys.certificates_.empty())
        return fail(ErrorCode::configuration, "audit: name the witness's certificate");
    return keys;
}

Result<Witnessed> WitnessKeys::open(ByteView blob) const {
    const SignedShape shape = TRY(check_signed_profile(blob, max_witness_bytes));
    const auto signer = std::ranges::find_if(certificates_, [&shape](const X509Ptr& certificate) {
        return key_id(certificate.get()) == shape.signer_key_id;
    });
    if (signer == certificates_.end())
        return fail(ErrorCode::refused, "audit: signed by the key {}, which is no witness that was named",
                    shape.signer_key_id);
    const std::string json = TRY(verify_own_statement(blob, signer->get()));
    Witnessed witnessed;
    witnessed.said = TRY(parse_witness(json));
    witnessed.blob.assign(blob.begin(), blob.end());
    return witnessed;
}

Result<std::vector<Witnessed>> WitnessKeys::open_all(const std::vector<Bytes>& blobs) const {
    std::vector<Witnessed> all;
    all.reserve(blobs.size());
    for (const Bytes& blob : blobs)
        all.push_back(TRY(with_context(open(blob), fmt::format("statement {}", all.size() + 1))));
    return all;
}

Result<Bytes> sign_witness(WitnessStatement statement, const Witnessed* last, const SigningKey& key) {
    statement.count = last == nullptr ? 1 : last->said.count + 1;
    statement.before = last == nullptr ? Digest{} : sha256(last->blob);
    const std::string json = TRY(encode_witness(statement));
    return sign_statement(key, json, max_witness_bytes);
}

bool follows(const Witnessed& next, const Witnessed* last) {
    if (last == nullptr) return next.said.count == 1 && next.said.before == Digest{};
    return next.said.count == last->said.count + 1 && next.said.before == sha256(last->blob) &&
           next.said.log == last->said.log && next.said.entries > last->said.entries;
}

Result<std::string> statements_to_pem(const std::vector<Bytes>& statements) {
    const BioPtr out(BIO_new(BIO_s_mem()));
    for (const Bytes& blob : statements)
        if (!out || PEM_write_bio(out.get(), pem_label, "", u8(blob), static_cast<long>(blob.size())) <= 0)
            return fail(openssl_error(ErrorCode::internal, "audit: cannot write a statement"));
    return out ? std::string(as_text(written_to(out.get()))) : std::string();
}

Result<std::vector<Bytes>> statements_from_pem(std::string_view pem) {
    const BioPtr source = borrow_as_bio(as_bytes(pem));
    std::vector<Bytes> statements;
    ERR_clear_error();
    for (;;) {
        PemPiece piece;
        if (!source || !piece.read(source.get())) break;
        if (statements.size() == max_witness_statements)
            return fail(ErrorCode::exhausted, "audit: more than {} statements", max_witness_statements);
        if (std::string_view(piece.label) != pem_label)
            return fail(ErrorCode::corrupt, "audit: a PEM piece is no CMS: hand over the witness's answer");
        const ByteView data = std::as_bytes(std::span(piece.data, static_cast<std::size_t>(piece.length)));
        statements.emplace_back(data.begin(), data.end());
    }
    if (!at_end()) return fail(ErrorCode::corrupt, "audit: a statement is damaged");
    return statements;
}

}  // namespace portcullis
