#include "unit/seal/revocation_list.hpp"

#include <doctest/doctest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace portcullis::test {

std::filesystem::path revocation_list(const TestPki& pki, const KeyFiles& files, const std::string& issuer) {
    const X509Ptr authority = must(load_certificate(pki.folder() / (issuer + ".crt")));
    const KeyPtr key = must(load_private_key(pki.folder() / (issuer + ".key")));
    const X509Ptr certificate = must(load_certificate(files.certificate));
    const X509CrlPtr crl(X509_CRL_new());
    X509_CRL_set_version(crl.get(), 1);
    X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(authority.get()));
    ASN1_TIME* time = ASN1_TIME_set(nullptr, 1'700'000'000);  // long past: an old list still revokes
    X509_CRL_set1_lastUpdate(crl.get(), time);
    X509_CRL_set1_nextUpdate(crl.get(), time);
    X509_REVOKED* entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(certificate.get()));
    X509_REVOKED_set_revocationDate(entry, time);
    X509_CRL_add0_revoked(crl.get(), entry);
    ASN1_TIME_free(time);
    REQUIRE(X509_CRL_sign(crl.get(), key.get(), EVP_sha256()) > 0);
    const std::filesystem::path list = pki.folder() / "revoked.crl";
    const std::filesystem::path fresh = pki.folder() / "revoked.crl.new";
    BioPtr file(BIO_new_file(fresh.c_str(), "w"));
    REQUIRE(PEM_write_bio_X509_CRL(file.get(), crl.get()) == 1);
    file.reset();
    std::filesystem::rename(fresh, list);
    return list;
}

}  // namespace portcullis::test
