#include "seal/certificate.hpp"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "base/file.hpp"
#include "seal/gate.hpp"
#include "seal/secret_file.hpp"

namespace portcullis {

namespace {

using ObjectPtr = std::unique_ptr<ASN1_OBJECT, OpensslDeleter<ASN1_OBJECT_free>>;
using UsagesPtr = std::unique_ptr<EXTENDED_KEY_USAGE, OpensslDeleter<EXTENDED_KEY_USAGE_free>>;

struct UseRow {
    std::uint32_t key_usage;
    std::uint32_t extended;  // 0: any. emailProtection is CMS_verify's purpose; identities have clientAuth
    const char* oid;         // an extended usage of ours besides; nullptr: none
    std::string_view words;
};

const UseRow& row_of(CertificateUse use) {
    static constexpr UseRow sign{KU_DIGITAL_SIGNATURE, XKU_SMIME, nullptr,
                                 "digitalSignature and emailProtection"};
    static constexpr UseRow receive{KU_KEY_AGREEMENT, 0, nullptr, "keyAgreement"};
    static constexpr UseRow identify{KU_DIGITAL_SIGNATURE, XKU_SSL_CLIENT, nullptr,
                                     "digitalSignature and clientAuth"};
    static constexpr UseRow policy{KU_DIGITAL_SIGNATURE, XKU_SMIME, oid_policy,
                                   "digitalSignature, emailProtection and the policy usage"};
    static constexpr UseRow reads{KU_KEY_AGREEMENT, 0, oid_receive_reads,
                                  "keyAgreement and the usage of reads"};
    static constexpr UseRow plates{KU_KEY_AGREEMENT, 0, oid_receive_plates,
                                   "keyAgreement and the usage of plate pictures"};
    static constexpr UseRow overviews{KU_KEY_AGREEMENT, 0, oid_receive_overviews,
                                      "keyAgreement and the usage of overviews"};
    static constexpr UseRow health{KU_KEY_AGREEMENT, 0, oid_receive_health,
                                   "keyAgreement and the usage of health records"};
    switch (use) {
        case CertificateUse::receive:
            return receive;
        case CertificateUse::identify:
            return identify;
        case CertificateUse::sign_policy:
            return policy;
        case CertificateUse::receive_reads:
            return reads;
        case CertificateUse::receive_plates:
            return plates;
        case CertificateUse::receive_overviews:
            return overviews;
        case CertificateUse::receive_health:
            return health;
        case CertificateUse::sign_reads:
        case CertificateUse::sign_receipts:
            break;
    }
    return sign;
}

bool has_extended_usage(X509* certificate, const char* oid) {
    const ObjectPtr wanted(OBJ_txt2obj(oid, 1));
    const UsagesPtr usages(
        static_cast<EXTENDED_KEY_USAGE*>(X509_get_ext_d2i(certificate, NID_ext_key_usage, nullptr, nullptr)));
    for (int i = 0; usages && i < sk_ASN1_OBJECT_num(usages.get()); ++i)
        if (wanted && OBJ_cmp(sk_ASN1_OBJECT_value(usages.get(), i), wanted.get()) == 0) return true;
    return false;
}

/// The file as a BIO that has its own copy. Certificates are no secret; keys are cleansed by their caller.
Result<Bytes> read_pem(const std::filesystem::path& path, std::string_view what) {
    Result<Bytes> bytes = read_file(path, max_pem_bytes);
    if (!bytes)
        return fail(ErrorCode::configuration, "{}: {}; give the path of a readable PEM file", what,
                    bytes.error().message());
    return bytes;
}

BioPtr borrow(const Bytes& bytes) {
    return BioPtr(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

/// An encrypted key must fail at once instead of asking a terminal for its pass phrase.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) {
    return -1;
}

std::optional<UtcTime> to_utc(const ASN1_TIME* time) {
    std::tm fields{};
    if (time == nullptr || ASN1_TIME_to_tm(time, &fields) != 1) return std::nullopt;
    return UtcTime(std::chrono::seconds(::timegm(&fields)));
}

}  // namespace

bool is_p256(EVP_PKEY* key) {
    char group[32] = {};
    return key != nullptr && EVP_PKEY_is_a(key, "EC") == 1 &&
           EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) == 1 &&
           OBJ_txt2nid(group) == NID_X9_62_prime256v1;
}

Result<std::vector<X509Ptr>> load_certificates(const std::filesystem::path& path) {
    const Bytes bytes = TRY(read_pem(path, "certificate"));
    const BioPtr source = borrow(bytes);
    std::vector<X509Ptr> found;
    while (source) {
        X509Ptr next(PEM_read_bio_X509(source.get(), nullptr, no_passphrase, nullptr));
        if (!next) break;
        if (found.size() == max_chain_length)
            return fail(ErrorCode::configuration, "certificate {}: more than {} certificates in one file",
                        path.string(), max_chain_length);
        found.push_back(std::move(next));
    }
    const unsigned long reason = ERR_peek_last_error();
    const bool at_end = ERR_GET_LIB(reason) == ERR_LIB_PEM && ERR_GET_REASON(reason) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    if (found.empty() || !at_end)
        return fail(ErrorCode::configuration,
                    "certificate {}: not a PEM certificate; it must hold -----BEGIN CERTIFICATE----- blocks",
                    path.string());
    return found;
}

Result<X509Ptr> load_certificate(const std::filesystem::path& path) {
    std::vector<X509Ptr> found = TRY(load_certificates(path));
    return std::move(found.front());
}

X509Ptr certificate_from_der(ByteView der) {
    const unsigned char* end = u8(der);
    X509Ptr certificate(d2i_X509(nullptr, &end, static_cast<long>(der.size())));
    ERR_clear_error();
    if (end != u8(der) + der.size()) certificate.reset();
    return certificate;
}

Bytes certificate_to_der(X509* certificate) {
    unsigned char* der = nullptr;
    const int length = i2d_X509(certificate, &der);
    if (length <= 0) return {};
    const ByteView view = std::as_bytes(std::span(der, static_cast<std::size_t>(length)));
    Bytes bytes(view.begin(), view.end());
    OPENSSL_free(der);
    return bytes;
}

Result<KeyPtr> load_private_key(const std::filesystem::path& path) {
    Bytes bytes = TRY(read_secret_file(path, max_pem_bytes, "key"));
    const Cleanse cleanse(bytes);
    const BioPtr source = borrow(bytes);
    KeyPtr key(source ? PEM_read_bio_PrivateKey(source.get(), nullptr, no_passphrase, nullptr) : nullptr);
    ERR_clear_error();
    if (!key)
        return fail(
            ErrorCode::configuration,
            "key {}: not an unencrypted PEM private key; it must hold a -----BEGIN PRIVATE KEY----- block",
            path.string());
    if (!is_p256(key.get()))
        return fail(ErrorCode::configuration, "key {}: not on the curve P-256; make a new key on prime256v1",
                    path.string());
    return key;
}

Result<void> check_certificate(X509* certificate, CertificateUse use, std::string_view name) {
    const UseRow& row = row_of(use);
    if (!is_p256(X509_get0_pubkey(certificate)))
        return fail(ErrorCode::configuration,
                    "certificate {}: not on the curve P-256; make a new key on prime256v1", name);
    if (key_id(certificate).size() != 2 * key_id_bytes)
        return fail(
            ErrorCode::configuration,
            "certificate {}: no subject key identifier of {} bytes; issue it with subjectKeyIdentifier=hash",
            name, key_id_bytes);
    const std::uint32_t flags = X509_get_extension_flags(certificate);
    const bool usage = (flags & EXFLAG_KUSAGE) != 0 && (X509_get_key_usage(certificate) & row.key_usage) != 0;
    const bool extended =
        row.extended == 0 ||
        ((flags & EXFLAG_XKUSAGE) != 0 && (X509_get_extended_key_usage(certificate) & row.extended) != 0);
    const bool ours = row.oid == nullptr || has_extended_usage(certificate, row.oid);
    if (!usage || !extended || !ours || (flags & (EXFLAG_CA | EXFLAG_INVALID)) != 0)
        return fail(
            ErrorCode::configuration,
            "certificate {}: wrong key usage; it needs {} and must not be a CA; use the right certificate",
            name, row.words);
    return {};
}

Result<void> check_dates(X509* certificate, UtcTime now, std::string_view name) {
    if (now < not_before(certificate))
        return fail(ErrorCode::configuration,
                    "certificate {}: not valid before {} (now {}); set the clock or issue it anew", name,
                    to_iso8601(not_before(certificate)), to_iso8601(now));
    if (now > not_after(certificate))
        return fail(ErrorCode::configuration, "certificate {}: expired on {} (now {}); renew it", name,
                    to_iso8601(not_after(certificate)), to_iso8601(now));
    return {};
}

Result<void> check_pair(EVP_PKEY* key, X509* certificate, std::string_view name) {
    const bool fits = X509_check_private_key(certificate, key) == 1;
    ERR_clear_error();
    if (!fits)
        return fail(
            ErrorCode::configuration,
            "certificate {}: belongs to another private key; name the key and certificate of one pair", name);
    return {};
}

std::string key_id(X509* certificate) {
    const ASN1_OCTET_STRING* id = X509_get0_subject_key_id(certificate);
    if (id == nullptr) return {};
    return to_hex(std::as_bytes(
        std::span(ASN1_STRING_get0_data(id), static_cast<std::size_t>(ASN1_STRING_length(id)))));
}

std::string common_name(X509* certificate) {
    return common_name(X509_get_subject_name(certificate));
}

std::string common_name(const X509_NAME* subject) {
    const int place = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (place < 0) return {};
    unsigned char* text = nullptr;
    const int length =
        ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, place)));
    if (length < 0) return {};
    std::string name(reinterpret_cast<const char*>(text), static_cast<std::size_t>(length));
    OPENSSL_free(text);
    return name;
}

// A date that cannot be read makes the certificate never valid.
UtcTime not_before(X509* certificate) {
    return to_utc(X509_get0_notBefore(certificate)).value_or(UtcTime::max());
}
UtcTime not_after(X509* certificate) {
    return to_utc(X509_get0_notAfter(certificate)).value_or(UtcTime::min());
}

}  // namespace portcullis
