#include "drivers/broker/paho/tls_files.hpp"

#include <doctest/doctest.h>

#include "base/file.hpp"
#include "support/pki.hpp"
#include "support/temp_dir.hpp"

using namespace portcullis;
using namespace portcullis::test;

TEST_CASE("faulty TLS files are configuration errors that name the file and the cure") {
    const TempDir dir;
    const Pki pki(dir.path() / "pki", {"gate-1", "gate-2"});
    const TlsFiles good{pki.file("service-chain.pem"), pki.file("devices/gate-1/identity.crt"),
                        pki.file("devices/gate-1/identity.key")};
    const UtcTime now = SystemClock().utc();
    REQUIRE(check_tls_files(good).value() == "gate-1");

    const auto text = dir.path() / "text.pem";
    REQUIRE(write_file_atomically(text, as_bytes("no certificate\n"), 0600));
    const auto open_to_all = dir.path() / "open.key";
    std::filesystem::copy_file(good.key, open_to_all);
    std::filesystem::permissions(open_to_all, std::filesystem::perms(0644));
    const auto secret = dir.path() / "secret.key";
    run_or_fail(
        {"openssl", "ec", "-in", good.key.string(), "-aes128", "-passout", "pass:x", "-out", secret.string()},
        dir.path() / "log");
    pki.make_expired("devices/gate-1/identity", "device-ca", "expired.crt");

    struct Row {
        const char* what;
        TlsFiles files;
        std::filesystem::path named;
        const char* words;
    };
    const Row rows[] = {
        {"no CA", {dir.path() / "none", good.certificate, good.key}, dir.path() / "none", "CA certificate"},
        {"no certificate",
         {good.ca, dir.path() / "none", good.key},
         dir.path() / "none",
         "client certificate"},
        {"no key", {good.ca, good.certificate, dir.path() / "none"}, dir.path() / "none", "client key"},
        {"text for a CA", {text, good.certificate, good.key}, text, "no PEM certificate"},
        {"text for a certificate", {good.ca, text, good.key}, text, "no PEM certificate"},
        {"text for a key", {good.ca, good.certificate, text}, text, "no private key"},
        {"a key that others can read", {good.ca, good.certificate, open_to_all}, open_to_all, "chmod 600"},
        {"a key with a password", {good.ca, good.certificate, secret}, secret, "password"},
        {"the key of another",
         {good.ca, good.certificate, pki.file("devices/gate-2/identity.key")},
         pki.file("devices/gate-2/identity.key"),
         "not the key of"},
        {"a folder", {good.ca, dir.path(), good.key}, dir.path(), "client certificate"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.what);
        const auto checked = check_tls_files(row.files);
        REQUIRE_FALSE(checked);
        INFO(checked.error().message());
        CHECK(checked.error().code() == ErrorCode::configuration);
        CHECK(checked.error().message().find(row.named.string()) != std::string::npos);
        CHECK(checked.error().message().find(row.words) != std::string::npos);
    }

    const TlsFiles expired{good.ca, pki.file("expired.crt"), good.key};
    CHECK(check_tls_files(expired));  // no clock keeps anybody from trying
    REQUIRE(tls_date_doubts(expired, now).size() == 1);
    CHECK(tls_date_doubts(expired, now)[0].find("expired on") != std::string::npos);
    CHECK(tls_date_doubts(good, now).empty());
    const auto early = tls_date_doubts(good, UtcTime{});
    REQUIRE(early.size() == 2);
    CHECK(early[0].find("set the clock") != std::string::npos);
    CHECK(tls_date_doubts({dir.path() / "none", text, good.key}, now).empty());
}
