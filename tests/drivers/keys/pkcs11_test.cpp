// What only a PKCS#11 token can do wrong; the URI that names it.
#include "drivers/keys/pkcs11/pkcs11_signing_key.hpp"
#include "key_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

std::string error_of(const Result<std::unique_ptr<Pkcs11SigningKey>>& key) {
    REQUIRE_FALSE(key);
    CHECK(key.error().code() == ErrorCode::configuration);
    return key.error().message();
}

}  // namespace

TEST_CASE("a token URI is taken apart: what names the key, the library, the file with the PIN") {
    const auto uri = parse_token_uri(
        "pkcs11:token=lane%201;object=read?module-path=/usr/lib/x.so&pin-source=file:/run/a%20b/pin");
    REQUIRE(uri);
    CHECK(uri->key == "pkcs11:token=lane%201;object=read");
    CHECK(uri->module == "/usr/lib/x.so");
    CHECK(uri->pin_source == "/run/a b/pin");
    CHECK(parse_token_uri("pkcs11:object=read?module-path=/x.so")->pin_source.empty());
}

TEST_CASE("a token URI that is wrong is refused with the cure") {
    struct Row {
        std::string uri;
        const char* words;
    };
    const Row rows[] = {
        {"", "no PKCS#11 URI"},
        {"file:/etc/key", "no PKCS#11 URI"},
        {"pkcs11:", "names no key"},
        {"pkcs11:?module-path=/x.so", "names no key"},
        {"pkcs11:object=read", "which library"},
        {"pkcs11:object=read?", "not known"},
        {"pkcs11:object=read?module-path=x.so", "whole path"},
        {"pkcs11:object=read?module-path=/x%2", "hex digits"},
        {"pkcs11:object=read?module-path=/x%zz", "hex digits"},
        {"pkcs11:object=read?module-path=/x.so&pin-value=1234", "no secrets"},
        {"pkcs11:object=read?module-path=/x.so&pin=1234", "'pin' is not known"},
        {"pkcs11:object=read?module-path=/x.so&", "not known"},
        {"pkcs11:object=" + std::string(max_token_uri_bytes, 'x'), "no PKCS#11 URI"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.uri);
        const auto uri = parse_token_uri(row.uri);
        REQUIRE_FALSE(uri);
        INFO(uri.error().message());
        CHECK(uri.error().code() == ErrorCode::configuration);
        CHECK(uri.error().message().find(row.words) != std::string::npos);
    }
}

TEST_CASE("a wrong PIN, a key that is not there and a library that is none are told with the cure") {
    if (skip<TokenBench>()) return;
    const TokenBench bench;
    const auto certificate = bench.certify();
    CHECK(error_of(Pkcs11SigningKey::create(bench.uri("lane", "read", "wrong-pin"), certificate))
              .find("is the PIN?") != std::string::npos);
    CHECK(error_of(Pkcs11SigningKey::create(bench.uri("lane", "wrote", "pin"), certificate))
              .find("no such private key") != std::string::npos);
    CHECK(error_of(Pkcs11SigningKey::create(bench.uri("road", "read", "pin"), certificate))
              .find("no such private key") != std::string::npos);
    CHECK(
        error_of(Pkcs11SigningKey::create(bench.uri("lane", "read", "no-pin"), certificate)).find("no-pin") !=
        std::string::npos);
    CHECK(error_of(Pkcs11SigningKey::create("pkcs11:object=read?module-path=/nowhere/x.so", certificate))
              .find("/nowhere/x.so") != std::string::npos);
    const auto no_library = bench.folder() / "softhsm.conf";
    CHECK(error_of(
              Pkcs11SigningKey::create("pkcs11:object=read?module-path=" + no_library.string(), certificate))
              .find("no PKCS#11 library") != std::string::npos);
    // After all that, the right one opens.
    CHECK(bench.open(certificate));
}

TEST_CASE("a PIN file that others can read is refused") {
    if (skip<TokenBench>()) return;
    const TokenBench bench;
    const auto certificate = bench.certify();
    std::filesystem::permissions(bench.folder() / "pin", std::filesystem::perms(0644));
    CHECK(error_of(Pkcs11SigningKey::create(bench.source(), certificate)).find("chmod 600") !=
          std::string::npos);
}
