#include "apps/portcullis/bench_keys.hpp"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "base/file.hpp"

namespace portcullis::bench {

namespace {

constexpr long lifetime_s = 24L * 60 * 60;

struct Pair {
    KeyPtr key;
    X509Ptr certificate;
};

struct Extension {
    int nid;
    const char* value;
};

bool add_extension(X509* certificate, X509* issuer, const Extension& extension) {
    X509V3_CTX context{};
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* made = X509V3_EXT_conf_nid(nullptr, &context, extension.nid, extension.value);
    const bool added = made != nullptr && X509_add_ext(certificate, made, -1) == 1;
    X509_EXTENSION_free(made);
    return added;
}

/// issuer: null for a certificate that signs itself.
Result<Pair> make_pair(const std::string& name, const Pair* issuer, std::initializer_list<Extension> use) {
    static long serial = 0;
    Pair pair{KeyPtr(EVP_EC_gen("P-256")), X509Ptr(X509_new())};
    X509* certificate = pair.certificate.get();
    X509* by = issuer == nullptr ? certificate : issuer->certificate.get();
    bool done =
        pair.key && certificate != nullptr && X509_set_version(certificate, 2) == 1 &&
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial) == 1 &&
        X509_gmtime_adj(X509_getm_notBefore(certificate), 0) != nullptr &&
        X509_gmtime_adj(X509_getm_notAfter(certificate), lifetime_s) != nullptr &&
        X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0) == 1 &&
        X509_set_pubkey(certificate, pair.key.get()) == 1 &&
        X509_set_issuer_name(certificate, X509_get_subject_name(by)) == 1;
    for (const Extension& extension : use)
        done = done && add_extension(certificate, by, extension);
    done = done && add_extension(certificate, by, {NID_subject_key_identifier, "hash"}) &&
           X509_sign(certificate, (issuer == nullptr ? pair.key : issuer->key).get(), EVP_sha256()) > 0;
    if (!done) return fail(openssl_error(ErrorCode::internal, "bench: cannot make a certificate"));
    return pair;
}

Result<KeyFiles> write_pair(const Pair& pair, const std::filesystem::path& folder, const std::string& name) {
    const BioPtr key(BIO_new(BIO_s_mem()));
    const BioPtr certificate(BIO_new(BIO_s_mem()));
    if (!key || !certificate ||
        PEM_write_bio_PKCS8PrivateKey(key.get(), pair.key.get(), nullptr, nullptr, 0, nullptr, nullptr) !=
            1 ||
        PEM_write_bio_X509(certificate.get(), pair.certificate.get()) != 1)
        return fail(openssl_error(ErrorCode::internal, "bench: cannot write a key"));
    const auto written = [](BIO* memory) {
        char* data = nullptr;
        const long length = BIO_get_mem_data(memory, &data);
        return as_bytes({data, static_cast<std::size_t>(length)});
    };
    KeyFiles files{folder / (name + ".key"), folder / (name + ".crt")};
    TRY(write_file_atomically(files.key, written(key.get()), S_IRUSR | S_IWUSR));
    TRY(write_file_atomically(files.certificate, written(certificate.get())));
    return files;
}

}  // namespace

std::string ThrowAwayKeys::device_name(std::size_t n) {
    return fmt::format("bench-{}", n + 1);
}

Result<ThrowAwayKeys> ThrowAwayKeys::create(std::size_t recipients, std::size_t devices) {
    ThrowAwayKeys keys(TRY(BenchFolder::create()));
    const Pair authority = TRY(
        make_pair("bench CA", nullptr,
                  {{NID_basic_constraints, "critical,CA:TRUE"}, {NID_key_usage, "critical,keyCertSign"}}));
    keys.authority_ = TRY(write_pair(authority, keys.folder_.path(), "ca"))
    .certificate;
    std::error_code made;
    std::filesystem::create_directory(keys.signers(), made);
    if (made) return fail(Error::from_errno(keys.signers().string(), made.value()));
    for (std::size_t i = 0; i < devices; ++i) {
        const Pair device = TRY(make_pair(
            device_name(i), &authority,
            {{NID_key_usage, "critical,digitalSignature"}, {NID_ext_key_usage, "emailProtection"}}));
        keys.devices_.push_back(TRY(write_pair(device, keys.signers(), device_name(i))));
    }
    for (std::size_t i = 0; i < recipients; ++i) {
        const std::string name = fmt::format("recipient-{}", i + 1);
        const Pair recipient = TRY(make_pair(name, &authority, {{NID_key_usage, "critical,keyAgreement"}}));
        keys.recipients_.push_back(TRY(write_pair(recipient, keys.folder_.path(), name)));
    }
    return keys;
}

}  // namespace portcullis::bench
