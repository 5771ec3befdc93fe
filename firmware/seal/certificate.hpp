#pragma once
// Certificates and private keys from PEM files. Every error names the file and the cure; errors have the code
// `configuration`. Pure functions, reentrant.

#include <filesystem>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "seal/openssl.hpp"

namespace portcullis {

inline constexpr std::size_t max_pem_bytes = std::size_t{64} * 1024;
inline constexpr std::size_t max_chain_length = 8;  // certificates in one file

// Extended key usages of ours, below 2.25.<a UUID of ours> (ITU-T X.667: nobody assigns these).
#define PORTCULLIS_OID_ARC "2.25.301530196188158170095905397724824781608"
inline constexpr const char* oid_receive_reads = PORTCULLIS_OID_ARC ".1";
inline constexpr const char* oid_receive_plates = PORTCULLIS_OID_ARC ".2";
inline constexpr const char* oid_receive_overviews = PORTCULLIS_OID_ARC ".3";
inline constexpr const char* oid_policy = PORTCULLIS_OID_ARC ".4";
inline constexpr const char* oid_receive_health = PORTCULLIS_OID_ARC ".5";

/// What a certificate is meant to do; check_certificate refuses a certificate that may not.
enum class CertificateUse {
    sign_reads,     // device: digitalSignature, emailProtection
    sign_receipts,  // collector: the same, from the service CA
    receive,        // recipient: keyAgreement
    identify,       // device: digitalSignature, clientAuth: TLS, and signing for the read key
    sign_policy,    // signs recipient sets: digitalSignature, emailProtection and oid_policy
    receive_reads,  // a recipient in a set: keyAgreement and the extended usage of its purpose
    receive_plates,
    receive_overviews,
    receive_health
};

[[nodiscard]] Result<X509Ptr> load_certificate(const std::filesystem::path& path);
/// All certificates of one file, at least one, at most max_chain_length.
[[nodiscard]] Result<std::vector<X509Ptr>> load_certificates(const std::filesystem::path& path);
/// Of DER with nothing behind it; null when it is none.
[[nodiscard]] X509Ptr certificate_from_der(ByteView der);
[[nodiscard]] Bytes certificate_to_der(X509* certificate);
/// A private key; refuses a file that is not for our eyes only (read_secret_file).
[[nodiscard]] Result<KeyPtr> load_private_key(const std::filesystem::path& path);

/// An EC key on P-256; false for nullptr.
[[nodiscard]] bool is_p256(EVP_PKEY* key);
/// P-256, a subject key id of 20 bytes, key usage fit for use. `name` stands in the error, mostly the path.
[[nodiscard]] Result<void> check_certificate(X509* certificate, CertificateUse use, std::string_view name);
/// notBefore <= now <= notAfter.
[[nodiscard]] Result<void> check_dates(X509* certificate, UtcTime now, std::string_view name);
/// The private key is that of the certificate.
[[nodiscard]] Result<void> check_pair(EVP_PKEY* key, X509* certificate, std::string_view name);

/// The subject key identifier as lower-case hex; empty when there is none.
[[nodiscard]] std::string key_id(X509* certificate);
/// The subject's common name; empty when there is none.
[[nodiscard]] std::string common_name(X509* certificate);
[[nodiscard]] std::string common_name(const X509_NAME* subject);
[[nodiscard]] UtcTime not_before(X509* certificate);
[[nodiscard]] UtcTime not_after(X509* certificate);

}  // namespace portcullis
