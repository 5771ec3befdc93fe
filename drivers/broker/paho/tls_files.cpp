#include "drivers/broker/paho/tls_files.hpp"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/conf.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <ctime>
#include <memory>
#include <string_view>

#include "base/file.hpp"
#include "base/unix_time.hpp"
#include "seal/openssl.hpp"
#include "seal/secret_file.hpp"

namespace portcullis {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_pem_bytes = 64 * 1024;

using ConfPtr = std::unique_ptr<CONF, OpensslDeleter<NCONF_free>>;

// Never ask on the terminal: a daemon has none.
int no_password(char*, int, int, void*) {
    return -1;
}

Result<BioPtr> open_pem(const fs::path& path, std::string_view what) {
    auto bytes = read_file(path, max_pem_bytes);
    if (!bytes)
        return fail(ErrorCode::configuration, "{}: {}; give the path of the {}", path.string(),
                    bytes.error().message(), what);
    BioPtr bio(BIO_new(BIO_s_mem()));
    if (!bio || BIO_write(bio.get(), bytes->data(), static_cast<int>(bytes->size())) !=
                    static_cast<int>(bytes->size()))
        return fail(ErrorCode::internal, "{}: OpenSSL has no memory", path.string());
    return bio;
}

Result<X509Ptr> load_certificate(const fs::path& path, std::string_view what) {
    const BioPtr bio = TRY(open_pem(path, what));
    X509Ptr certificate(PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr));
    ERR_clear_error();
    if (!certificate)
        return fail(ErrorCode::configuration, "{}: no PEM certificate in it; give the {}", path.string(),
                    what);
    return certificate;
}

std::string to_text(const ASN1_TIME* time) {
    const BioPtr bio(BIO_new(BIO_s_mem()));
    std::array<char, 64> text{};
    if (!bio || ASN1_TIME_print(bio.get(), time) != 1) return "an unreadable date";
    const int size = BIO_read(bio.get(), text.data(), static_cast<int>(text.size()));
    return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : "an unreadable date";
}

Result<void> check_dates(X509* certificate, const fs::path& path, UtcTime now) {
    std::time_t seconds = unix_seconds(now);
    if (X509_cmp_time(X509_get0_notAfter(certificate), &seconds) <= 0)
        return fail(ErrorCode::configuration, "{}: the certificate expired on {}; have a new one issued",
                    path.string(), to_text(X509_get0_notAfter(certificate)));
    if (X509_cmp_time(X509_get0_notBefore(certificate), &seconds) > 0)
        return fail(ErrorCode::configuration,
                    "{}: the certificate is valid from {} only; set the clock ({} now)", path.string(),
                    to_text(X509_get0_notBefore(certificate)), to_iso8601(now));
    return {};
}

Result<std::string> common_name(X509* certificate, const fs::path& path) {
    std::array<char, 128> name{};
    const int size = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                               name.data(), static_cast<int>(name.size()));
    if (size <= 0)
        return fail(ErrorCode::configuration,
                    "{}: the certificate has no common name; it must be the device's name", path.string());
    return std::string(name.data(), static_cast<std::size_t>(size));
}

Result<void> check_key(X509* certificate, const TlsFiles& files) {
    Bytes bytes = TRY(read_secret_file(files.key, max_pem_bytes, "TLS client key"));
    const Cleanse cleanse(bytes);
    const BioPtr bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
    const KeyPtr key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr) : nullptr);
    ERR_clear_error();
    if (!key)
        return fail(ErrorCode::configuration,
                    "{}: no private key that can be read without a password; give the TLS client key",
                    files.key.string());
    if (X509_check_private_key(certificate, key.get()) != 1) {
        ERR_clear_error();
        return fail(ErrorCode::configuration, "{}: not the key of {}; give the pair", files.key.string(),
                    files.certificate.string());
    }
    return {};
}

}  // namespace

Result<std::string> check_tls_files(const TlsFiles& files) {
    const X509Ptr ca = TRY(load_certificate(files.ca, "CA certificate of the broker"));
    const X509Ptr certificate = TRY(load_certificate(files.certificate, "TLS client certificate"));
    TRY(check_key(certificate.get(), files));
    return common_name(certificate.get(), files.certificate);
}

std::vector<std::string> tls_date_doubts(const TlsFiles& files, UtcTime now) {
    std::vector<std::string> doubts;
    for (const fs::path& path : {files.ca, files.certificate}) {
        const auto certificate = load_certificate(path, "certificate");
        if (!certificate) continue;
        if (const auto dates = check_dates(certificate->get(), path, now); !dates)
            doubts.push_back(dates.error().message());
    }
    return doubts;
}

// Paho's own option pins exactly one version and knows none above 1.2; OpenSSL's default for every new
// context is the way in.
Result<void> require_tls_1_3() {
    constexpr std::string_view text =
        "portcullis = init\n[init]\nssl_conf = ssl\n[ssl]\nsystem_default = tls\n[tls]\nMinProtocol = "
        "TLSv1.3\n";
    // The system's own file first, or it would be read later and win.
    OPENSSL_init_ssl(OPENSSL_INIT_LOAD_CONFIG, nullptr);
    const ConfPtr conf(NCONF_new(nullptr));
    const BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    if (!conf || !bio || NCONF_load_bio(conf.get(), bio.get(), nullptr) <= 0 ||
        CONF_modules_load(conf.get(), "portcullis", 0) <= 0)
        return fail(ErrorCode::internal, "OpenSSL does not take 'MinProtocol = TLSv1.3'");
    return {};
}

}  // namespace portcullis
