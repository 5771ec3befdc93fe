#include "provision/issuer.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>

#include "base/unix_time.hpp"
#include "provision/fingerprint.hpp"
#include "record/canonical.hpp"
#include "seal/cms_codec.hpp"
#include "seal/statement.hpp"

namespace portcullis {

namespace {

using NumberPtr = std::unique_ptr<BIGNUM, OpensslDeleter<BN_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, OpensslDeleter<X509_EXTENSION_free>>;

constexpr std::size_t serial_bytes = 15;  // random: 120 bits (CA/Browser Forum asks for 64)

bool set_serial(X509* certificate) {
    std::array<unsigned char, serial_bytes> random{};
    if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) return false;
    random[0] |= 1;  // never zero
    const NumberPtr number(BN_bin2bn(random.data(), static_cast<int>(random.size()), nullptr));
    return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_name(X509* certificate, std::string_view name) {
    X509_NAME* subject = X509_get_subject_name(certificate);
    const auto add = [&](int part, std::string_view value) {
        return X509_NAME_add_entry_by_NID(subject, part, MBSTRING_UTF8, u8(as_bytes(value)),
                                          static_cast<int>(value.size()), -1, 0) == 1;
    };
    return add(NID_organizationName, "Portcullis") && add(NID_commonName, name);
}

bool set_time(ASN1_TIME* field, UtcTime time) {
    return ASN1_TIME_set(field, unix_seconds(time)) != nullptr;
}

bool add_extension(X509* certificate, X509* issuer, int kind, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value));
    return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool add_extensions(X509* certificate, X509* issuer, DeviceKey use) {
    const char* extended = use == DeviceKey::identity ? "clientAuth" : "emailProtection";
    return add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature") &&
           add_extension(certificate, issuer, NID_ext_key_usage, extended) &&
           add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
           add_extension(certificate, issuer, NID_authority_key_identifier, "keyid");
}

}  // namespace

CertificateUse use_of(DeviceKey key) {
    return key == DeviceKey::identity ? CertificateUse::identify : CertificateUse::sign_reads;
}

std::chrono::days life_of(DeviceKey key) {
    return key == DeviceKey::identity ? identity_life : read_key_life;
}

Result<Issuer> Issuer::create(const std::filesystem::path& ca_certificate,
                              const std::filesystem::path& ca_key) {
    X509Ptr certificate = TRY(load_certificate(ca_certificate));
    KeyPtr key = TRY(load_private_key(ca_key));
    TRY(check_pair(key.get(), certificate.get(), ca_certificate.string()));
    if (X509_check_ca(certificate.get()) != 1)
        return fail(ErrorCode::configuration,
                    "certificate {}: not a CA; name the device CA's certificate and key",
                    ca_certificate.string());
    return Issuer(std::move(certificate), std::move(key));
}

Result<X509Ptr> Issuer::issue(EVP_PKEY* key, std::string_view name, DeviceKey use, UtcTime now,
                              std::chrono::days life) const {
    if (!is_device_name(name))
        return fail(ErrorCode::configuration,
                    "'{}' is no device name: 1 to {} of a-z, 0-9 and '-', and no name of a service",
                    to_plain_text(name, max_name_shown), max_device_name_bytes);
    if (life < std::chrono::days(1) || life > max_certificate_life)
        return fail(ErrorCode::configuration, "a certificate's life is 1 to {} days",
                    max_certificate_life.count());
    X509* ca = certificate_.get();
    if (now < not_before(ca) || now > not_after(ca))
        return fail(ErrorCode::configuration, "the CA's certificate holds from {} to {} (now {}); renew it",
                    to_iso8601(not_before(ca)), to_iso8601(not_after(ca)), to_iso8601(now));
    X509Ptr certificate(X509_new());
    X509* made = certificate.get();
    const bool done =
        made != nullptr && X509_set_version(made, 2) == 1 && set_serial(made) && set_name(made, name) &&
        X509_set_issuer_name(made, X509_get_subject_name(ca)) == 1 &&
        set_time(X509_getm_notBefore(made), std::max(now - certificate_backdating, not_before(ca))) &&
        set_time(X509_getm_notAfter(made), std::min(UtcTime(now + life), not_after(ca))) &&
        X509_set_pubkey(made, key) == 1 && add_extensions(made, ca, use) &&
        X509_sign(made, key_.get(), EVP_sha256()) > 0;
    if (!done) return fail(openssl_error(ErrorCode::internal, "provision: cannot issue a certificate"));
    TRY(check_certificate(made, use_of(use), "as issued"));
    return certificate;
}

Result<X509Ptr> Issuer::enrol(ByteView csr, std::string_view name, std::string_view words, UtcTime now,
                              std::chrono::days life) const {
    const CheckedCsr checked = TRY(check_csr(csr));
    if (checked.name != name)
        return fail(ErrorCode::refused, "request: it asks for '{}', approved is '{}'",
                    to_plain_text(checked.name, max_name_shown), to_plain_text(name, max_name_shown));
    const std::string found = TRY(fingerprint(checked.key.get()));
    if (!is_same_fingerprint(found, words))
        return fail(
            ErrorCode::refused,
            "request: its fingerprint is {}, not the one that was read at the device; somebody may have "
            "exchanged the request: fetch it again",
            found);
    return issue(checked.key.get(), name, DeviceKey::identity, now, life);
}

Result<X509Ptr> Issuer::renew(ByteView vouched, const TrustStore& vouchers, DeviceKey wanted, UtcTime now,
                              std::chrono::days life) const {
    const SignedText text = TRY(verify_statement(vouched, vouchers, now));
    if (text.trust != KeyTrust::trusted)
        return fail(ErrorCode::refused, "request: signed by the key {} of '{}', which is {}",
                    text.signer_key_id, to_plain_text(text.signer_name, max_name_shown),
                    to_string(text.trust));
    const SignedKeyRequest request = TRY(parse_key_request(text.json));
    const CheckedCsr checked = TRY(check_csr(request.csr));
    if (request.device != text.signer_name || checked.name != text.signer_name)
        return fail(ErrorCode::refused, "request: '{}' asks for a certificate of '{}'",
                    to_plain_text(text.signer_name, max_name_shown),
                    to_plain_text(request.device != text.signer_name ? request.device : checked.name,
                                  max_name_shown));
    if (request.use != wanted)
        return fail(ErrorCode::refused, "request: it asks for the {} key's certificate, not the {} key's",
                    to_string(request.use), to_string(wanted));
    return issue(checked.key.get(), text.signer_name, wanted, now, life);
}

Result<std::string> certificate_to_pem(X509* certificate) {
    const BioPtr out(BIO_new(BIO_s_mem()));
    if (!out || PEM_write_bio_X509(out.get(), certificate) != 1)
        return fail(openssl_error(ErrorCode::internal, "provision: cannot write a certificate"));
    return std::string(as_text(written_to(out.get())));
}

}  // namespace portcullis
