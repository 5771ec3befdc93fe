#include "provision/key_request.hpp"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/file.hpp"
#include "seal/certificate.hpp"
#include "seal/cms_codec.hpp"

namespace portcullis {

namespace {

using CsrPtr = std::unique_ptr<X509_REQ, OpensslDeleter<X509_REQ_free>>;

constexpr const char* csr_label = "CERTIFICATE REQUEST";
constexpr const char* vouched_label = "CMS";

struct PemBlock {
    std::string label;
    Bytes bytes;
};

Result<PemBlock> read_block(const std::filesystem::path& path) {
    const auto text = read_file(path, max_pem_bytes);
    if (!text)
        return fail(ErrorCode::configuration, "request {}: {}; give the path of a request", path.string(),
                    text.error().message());
    const BioPtr source = borrow_as_bio(*text);
    char* label = nullptr;
    char* header = nullptr;
    unsigned char* data = nullptr;
    long length = 0;
    const bool found = source && PEM_read_bio(source.get(), &label, &header, &data, &length) == 1;
    ERR_clear_error();
    if (!found)
        return fail(ErrorCode::configuration,
                    "request {}: not PEM; it must hold what `portcullis provision request` wrote",
                    path.string());
    const ByteView view = std::as_bytes(std::span(data, static_cast<std::size_t>(length)));
    PemBlock block{label, Bytes(view.begin(), view.end())};
    OPENSSL_free(label);
    OPENSSL_free(header);
    OPENSSL_free(data);
    return block;
}

/// Where the key signs: see SigningKey.
struct Place {
    OSSL_LIB_CTX* context = nullptr;
    const char* properties = nullptr;
};

Result<Bytes> make_csr_at(const Place& place, EVP_PKEY* key, std::string_view name) {
    const CsrPtr csr(X509_REQ_new_ex(place.context, place.properties));
    X509_NAME* subject = csr ? X509_REQ_get_subject_name(csr.get()) : nullptr;
    const bool done = subject != nullptr && X509_REQ_set_version(csr.get(), 0) == 1 &&
                      X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, u8(as_bytes(name)),
                                                 static_cast<int>(name.size()), -1, 0) == 1 &&
                      X509_REQ_set_pubkey(csr.get(), key) == 1 &&
                      X509_REQ_sign(csr.get(), key, EVP_sha256()) > 0;
    unsigned char* der = nullptr;
    const int length = done ? i2d_X509_REQ(csr.get(), &der) : -1;
    if (length <= 0) return fail(openssl_error(ErrorCode::internal, "provision: cannot make a request"));
    const ByteView view = std::as_bytes(std::span(der, static_cast<std::size_t>(length)));
    Bytes bytes(view.begin(), view.end());
    OPENSSL_free(der);
    return bytes;
}

}  // namespace

Result<KeyPtr> make_key() {
    KeyPtr key(EVP_EC_gen("P-256"));
    if (!key) return fail(openssl_error(ErrorCode::internal, "provision: cannot make a key"));
    return key;
}

Result<Bytes> private_key_to_pem(EVP_PKEY* key) {
    const BioPtr out(BIO_new(BIO_s_mem()));
    if (!out || PEM_write_bio_PKCS8PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
        return fail(openssl_error(ErrorCode::internal, "provision: cannot write a key"));
    const ByteView pem = written_to(out.get());
    return Bytes(pem.begin(), pem.end());
}

Result<Bytes> make_csr(EVP_PKEY* key, std::string_view name) {
    return make_csr_at({}, key, name);
}

Result<Bytes> make_csr(const SigningKey& key, std::string_view name) {
    return make_csr_at({key.context(), key.properties()}, key.key(), name);
}

Result<CheckedCsr> check_csr(ByteView der) {
    if (der.empty() || der.size() > max_csr_bytes)
        return fail(ErrorCode::refused, "request: {} bytes, it may have 1 to {}", der.size(), max_csr_bytes);
    const unsigned char* end = u8(der);
    const CsrPtr csr(d2i_X509_REQ(nullptr, &end, static_cast<long>(der.size())));
    ERR_clear_error();
    if (!csr || end != u8(der) + der.size())
        return fail(ErrorCode::refused, "request: not a certificate request (PKCS#10), or bytes follow it");
    CheckedCsr checked;
    checked.key.reset(X509_REQ_get_pubkey(csr.get()));
    if (!is_p256(checked.key.get()))
        return fail(ErrorCode::refused, "request: its key is not on the curve P-256");
    const bool holds = X509_REQ_verify(csr.get(), checked.key.get()) == 1;
    ERR_clear_error();
    if (!holds)
        return fail(ErrorCode::refused,
                    "request: its signature does not hold: who made it does not hold the private key");
    checked.name = common_name(X509_REQ_get_subject_name(csr.get()));
    return checked;
}

Result<std::string> to_pem(const RequestFile& request) {
    const bool bare = request.vouched.empty();
    const Bytes& bytes = bare ? request.csr : request.vouched;
    const BioPtr out(BIO_new(BIO_s_mem()));
    if (!out || PEM_write_bio(out.get(), bare ? csr_label : vouched_label, "", u8(bytes),
                              static_cast<long>(bytes.size())) <= 0)
        return fail(openssl_error(ErrorCode::internal, "provision: cannot write a request"));
    return std::string(as_text(written_to(out.get())));
}

Result<RequestFile> load_request(const std::filesystem::path& path) {
    PemBlock block = TRY(read_block(path));
    RequestFile request;
    if (block.label == csr_label)
        request.csr = std::move(block.bytes);
    else if (block.label == vouched_label)
        request.vouched = std::move(block.bytes);
    else
        return fail(ErrorCode::configuration, "request {}: a PEM block '{}' is no request", path.string(),
                    block.label);
    return request;
}

}  // namespace portcullis
