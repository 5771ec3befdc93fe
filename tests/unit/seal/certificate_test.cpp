#include "seal/certificate.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "base/file.hpp"
#include "unit/seal/test_pki.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

template <class T>
std::string error_of(const Result<T>& result) {
    return result ? "no error" : result.error().message();
}

bool says(const std::string& message, std::string_view words) {
    return message.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("a certificate tells its key id, name and dates") {
    const TestPki pki;
    const X509Ptr certificate = must(load_certificate(pki.device("gate-1").certificate));
    CHECK(key_id(certificate.get()).size() == 40);
    CHECK(common_name(certificate.get()) == "gate-1");
    CHECK(not_before(certificate.get()) == now - 10 * day);
    CHECK(not_after(certificate.get()) == now + 10 * day);
}

TEST_CASE("a certificate file that is missing is told with its name and the cure") {
    const std::string message = error_of(load_certificate("/nowhere/gate.crt"));
    CHECK(says(message, "/nowhere/gate.crt"));
    CHECK(says(message, "give the path"));
}

TEST_CASE("a certificate file that is not PEM is refused") {
    const TempDir dir;
    const std::filesystem::path path = dir.path() / "noise.crt";
    for (const std::string_view content :
         {"", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}) {
        REQUIRE(write_file_atomically(path, as_bytes(content)));
        CHECK(says(error_of(load_certificate(path)), "not a PEM certificate"));
    }
}

TEST_CASE("a chain whose second certificate is cut short is refused") {
    const TestPki pki;
    std::string text = must(read_text_file(pki.chain("device-ca"), max_pem_bytes));
    text.resize(text.size() - 60);
    const std::filesystem::path path = pki.folder() / "cut.pem";
    REQUIRE(write_file_atomically(path, as_bytes(text)));
    CHECK(says(error_of(load_certificates(path)), "not a PEM certificate"));
}

TEST_CASE("a file with more certificates than a chain may have is refused") {
    const TestPki pki;
    const Bytes one = must(read_file(pki.device("gate-1").certificate, max_pem_bytes));
    const std::filesystem::path file = pki.folder() / "long.crt";
    Bytes all;
    for (std::size_t i = 0; i < max_chain_length; ++i)
        all.insert(all.end(), one.begin(), one.end());
    REQUIRE(write_file_atomically(file, all));
    CHECK(must(load_certificates(file)).size() == max_chain_length);
    all.insert(all.end(), one.begin(), one.end());
    REQUIRE(write_file_atomically(file, all));
    CHECK(says(error_of(load_certificates(file)), "more than 8 certificates"));
}

TEST_CASE("a key that others may read or write is refused with its chmod") {
    const TestPki pki;
    const KeyFiles files = pki.device("gate-1");
    for (const unsigned mode : {0644U, 0604U, 0620U, 0602U}) {
        ::chmod(files.key.c_str(), mode);
        CHECK(says(error_of(load_private_key(files.key)), "chmod 600 " + files.key.string()));
    }
    for (const unsigned mode : {0600U, 0400U, 0640U}) {
        ::chmod(files.key.c_str(), mode);
        CHECK(load_private_key(files.key));
    }
}

TEST_CASE("a key file that holds a certificate, or a key on another curve, is refused") {
    const TestPki pki;
    const KeyFiles p256 = pki.device("gate-1");
    ::chmod(p256.certificate.c_str(), 0600);
    CHECK(says(error_of(load_private_key(p256.certificate)), "not an unencrypted PEM private key"));
    const KeyFiles p384 = pki.issue("big", "gate-1", {.curve = "P-384"});
    CHECK(says(error_of(load_private_key(p384.key)), "P-256"));
}

TEST_CASE("a signing certificate needs P-256, a key id and the right usages, and each lack is named") {
    const TestPki pki;
    const auto judge = [&](const char* file, const Request& request) {
        const X509Ptr certificate = must(load_certificate(pki.issue(file, "gate-1", request).certificate));
        return error_of(check_certificate(certificate.get(), CertificateUse::sign_reads, file));
    };
    CHECK(judge("good", {}) == "no error");
    CHECK(says(judge("curve", {.curve = "P-384"}), "curve: not on the curve P-256"));
    CHECK(says(judge("no-id", {.key_identifier = false}), "subject key identifier"));
    CHECK(says(judge("tls", {.extended = "clientAuth"}), "wrong key usage"));
    CHECK(says(judge("any", {.extended = ""}), "wrong key usage"));
    CHECK(says(judge("agrees", {.usage = "keyAgreement"}), "wrong key usage"));
}

TEST_CASE("a recipient's certificate needs key agreement") {
    const TestPki pki;
    const X509Ptr good = must(load_certificate(pki.recipient("reader").certificate));
    CHECK(check_certificate(good.get(), CertificateUse::receive, "reader"));
    const X509Ptr signs = must(load_certificate(pki.device("gate-1").certificate));
    CHECK(says(error_of(check_certificate(signs.get(), CertificateUse::receive, "gate-1")), "keyAgreement"));
}

TEST_CASE("a CA's certificate is fit for nothing but its CA") {
    const TestPki pki;
    const X509Ptr authority = must(load_certificate(pki.folder() / "device-ca.crt"));
    CHECK_FALSE(check_certificate(authority.get(), CertificateUse::sign_reads, "ca"));
    CHECK_FALSE(check_certificate(authority.get(), CertificateUse::receive, "ca"));
}

TEST_CASE("dates are judged at the given time, and the error tells the date") {
    const TestPki pki;
    const X509Ptr certificate = must(load_certificate(pki.device("gate-1").certificate));
    CHECK(check_dates(certificate.get(), now, "gate"));
    CHECK(check_dates(certificate.get(), now + 10 * day, "gate"));
    CHECK(says(error_of(check_dates(certificate.get(), now + 11 * day, "gate")), "expired on 2026-12-03"));
    CHECK(says(error_of(check_dates(certificate.get(), now - 11 * day, "gate")),
               "not valid before 2026-11-13"));
}

TEST_CASE("a signing key from files is refused when key and certificate are not a pair") {
    const TestPki pki;
    const KeyFiles one = pki.device("gate-1");
    const KeyFiles two = pki.device("gate-2");
    CHECK(FileSigningKey::create(one.key, one.certificate));
    CHECK(says(error_of(FileSigningKey::create(one.key, two.certificate)), "belongs to another private key"));
}

TEST_CASE("a signing key from files is refused when its certificate is misused") {
    const TestPki pki;
    const KeyFiles tls = pki.issue("tls", "gate-1", {.extended = "clientAuth"});
    CHECK(says(error_of(FileSigningKey::create(tls.key, tls.certificate)), "wrong key usage"));
}
