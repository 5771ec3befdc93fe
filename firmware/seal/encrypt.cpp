#include "seal/encrypt.hpp"

#include <openssl/ec.h>
#include <openssl/err.h>

#include "seal/cms_codec.hpp"
#include "seal/gate.hpp"

namespace portcullis {

namespace {

constexpr unsigned flags = CMS_BINARY | CMS_PARTIAL;

/// OpenSSL's default KDF is SHA-1's; set SHA-256 for each recipient.
bool add_recipient(CMS_ContentInfo* cms, X509* certificate) {
    CMS_RecipientInfo* recipient =
        CMS_add1_recipient_cert(cms, certificate, flags | CMS_USE_KEYID | CMS_KEY_PARAM);
    EVP_PKEY_CTX* context = recipient == nullptr ? nullptr : CMS_RecipientInfo_get0_pkey_ctx(recipient);
    return context != nullptr && EVP_PKEY_CTX_set_ecdh_kdf_md(context, EVP_sha256()) > 0;
}

}  // namespace

Result<Bytes> encrypt(ByteView plaintext, const std::vector<X509Ptr>& recipients) {
    ERR_clear_error();
    const CmsPtr cms(CMS_encrypt(nullptr, nullptr, EVP_aes_256_gcm(), flags));
    bool done = cms != nullptr;
    for (const X509Ptr& certificate : recipients)
        done = done && add_recipient(cms.get(), certificate.get());
    if (!done) return fail(openssl_error(ErrorCode::internal, "seal: cannot encrypt"));
    TRY(finish_cms(cms.get(), plaintext, {ErrorCode::internal, "seal: cannot encrypt"}));
    Bytes blob = TRY(encode_cms(cms.get()));
    const GatedEnvelope gated = TRY(with_context(gate(blob), "seal: this OpenSSL encrypts in another shape"));
    if (gated.recipients.size() != recipients.size() || gated.content_bytes != plaintext.size())
        return fail(ErrorCode::internal, "seal: the blob does not hold what was asked for");
    return blob;
}

}  // namespace portcullis
