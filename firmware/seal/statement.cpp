#include "seal/statement.hpp"

#include <openssl/err.h>

#include <algorithm>

#include "seal/cms_codec.hpp"

namespace portcullis {

namespace {

using CertificateListPtr = std::unique_ptr<STACK_OF(X509), decltype([](STACK_OF(X509) * list) {
                                               sk_X509_free(list);  // the certificates are borrowed
                                           })>;

constexpr unsigned sign_flags = CMS_BINARY | CMS_NOSMIMECAP | CMS_NOCERTS | CMS_PARTIAL | CMS_USE_KEYID;
// The signer's certificate is ours, found by key id, and already judged by the TrustStore.
constexpr unsigned verify_flags = CMS_BINARY | CMS_NOINTERN | CMS_NO_SIGNER_CERT_VERIFY;

Result<void> verify_signature(ByteView blob, const SignedShape& shape, X509* certificate) {
    const CmsPtr cms = TRY(decode_cms(blob));
    const CertificateListPtr certificates(sk_X509_new_null());
    const BioPtr content(BIO_new(BIO_s_mem()));
    if (!certificates || !content || sk_X509_push(certificates.get(), certificate) <= 0)
        return fail(openssl_error(ErrorCode::internal, "seal: out of memory"));
    if (CMS_verify(cms.get(), certificates.get(), nullptr, nullptr, content.get(), verify_flags) != 1)
        return fail(openssl_error(ErrorCode::corrupt, "seal: the signature does not hold"));
    // Our walk and OpenSSL's parser must have seen the same text.
    if (!std::ranges::equal(written_to(content.get()), shape.content))
        return fail(ErrorCode::refused, "seal: the signed text is ambiguous");
    return {};
}

}  // namespace

Result<Bytes> sign_statement(const SigningKey& key, std::string_view json, std::size_t limit_bytes) {
    if (!json.starts_with("{\"v\":"))
        return fail(ErrorCode::invalid_argument,
                    "seal: a text to be signed begins {{\"v\": and this one does not");
    ERR_clear_error();
    const CmsPtr cms(
        CMS_sign_ex(nullptr, nullptr, nullptr, nullptr, sign_flags, key.context(), key.properties()));
    if (!cms || CMS_add1_signer(cms.get(), key.certificate(), key.key(), EVP_sha256(), sign_flags) == nullptr)
        return fail(openssl_error(ErrorCode::io, "seal: cannot sign"));
    TRY(finish_cms(cms.get(), as_bytes(json), {ErrorCode::io, "seal: cannot sign"}));
    Bytes blob = TRY(encode_cms(cms.get()));
    TRY(with_context(check_signed_profile(blob, limit_bytes), "seal: this OpenSSL signs in another shape"));
    return blob;
}

Result<std::string> verify_own_statement(ByteView blob, const SigningKey& key) {
    return verify_own_statement(blob, key.certificate());
}

Result<std::string> verify_own_statement(ByteView blob, x509_st* certificate) {
    const SignedShape shape = TRY(check_signed_profile(blob));
    if (shape.signer_key_id != key_id(certificate))
        return fail(ErrorCode::refused, "seal: signed by another key, {}", shape.signer_key_id);
    ERR_clear_error();
    TRY(verify_signature(blob, shape, certificate));
    return std::string(as_text(shape.content));
}

Result<SignedText> verify_statement(ByteView blob, const TrustStore& trust, UtcTime now,
                                    std::size_t limit_bytes) {
    const SignedShape shape = TRY(check_signed_profile(blob, limit_bytes));
    const Signer* signer = trust.find(shape.signer_key_id);
    if (signer == nullptr)
        return fail(ErrorCode::not_found, "seal: signed by the unknown key {}", shape.signer_key_id);
    ERR_clear_error();
    TRY(verify_signature(blob, shape, signer->certificate.get()));
    return SignedText{std::string(as_text(shape.content)), shape.signer_key_id, signer->name,
                      trust.check(shape.signer_key_id, now)};
}

}  // namespace portcullis
