// What only a PKCS#11 token can do wrong; the URI that names it.
#include "drivers/keys/pkcs11/pkcs11_signing_key.hpp"
#include "drivers/keys/pkcs11/pkcs11_token.hpp"
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

TEST_CASE("whatever a token refuses, it is told in words: which step, why, and the cure where there is one") {
    const TempDir folder;
    std::ofstream(folder.path() / "pin") << "123456\n";
    std::filesystem::permissions(folder.path() / "pin", std::filesystem::perms::owner_read);
    TokenUri uri{"pkcs11:token=lane", FAKE_TOKEN_LIBRARY, folder.path() / "pin", "lane", "read"};
    using Work = std::function<Result<void>(Pkcs11Token&)>;
    const Work nothing = [](Pkcs11Token&) { return Result<void>(); };
    const Work make = [](Pkcs11Token& token) -> Result<void> {
        auto made = token.make("read", TokenKeyUse::sign);
        return made ? Result<void>() : fail(std::move(made.error()));
    };
    const Work find = [](Pkcs11Token& token) -> Result<void> {
        auto found = token.find("read");
        return found ? Result<void>() : fail(std::move(found.error()));
    };
    const Work destroy = [](Pkcs11Token& token) { return token.destroy({"read", Bytes(1), nullptr}); };
    const Work destroy_found = [](Pkcs11Token& token) -> Result<void> {
        const auto found = token.find("read");
        return found && !found->empty() ? token.destroy(found->front()) : Result<void>();
    };
    struct Row {
        const char* fails;
        const Work& work;
        ErrorCode code;
        const char* step;
        const char* why;
    };
    constexpr auto configuration = ErrorCode::configuration;
    constexpr auto io = ErrorCode::io;
    const Row rows[] = {
        {"C_GetFunctionList=1", nothing, configuration, FAKE_TOKEN_LIBRARY, "no PKCS#11 library"},
        {"C_Initialize=0x30", nothing, configuration, "does not start", "refuses (0x30)"},
        {"C_GetSlotList=0x5", nothing, configuration, "slots cannot be listed", "refuses (0x5)"},
        {"C_GetTokenInfo=0xe0", nothing, configuration, "'lane': not there", "is it plugged in"},
        {"C_OpenSession=0xe0", nothing, configuration, "cannot open a session", "the token is not there"},
        {"C_Login=0xa0", nothing, configuration, "cannot log in", "the PIN is wrong"},
        {"C_Login=0xa4", nothing, configuration, "cannot log in", "locked after too many wrong ones"},
        {"C_GenerateKeyPair=0x31", make, io, "cannot make a key", "the token is full"},
        {"C_GenerateKeyPair=0x70", make, io, "cannot make a key", "makes no P-256 keys"},
        {"C_GenerateKeyPair=0xe2", make, io, "cannot make a key", "write-protected"},
        {"C_GenerateKeyPair=0xb5", make, io, "cannot make a key", "write-protected"},
        {"", make, io, "the key that it made", "not on P-256"},
        {"C_GetAttributeValue=0x11", make, io, "the key that it made", "not on P-256"},
        {"C_FindObjectsInit=0x101", find, io, "cannot look for keys", "write pin-source=FILE"},
        {"C_FindObjects=0x32", find, io, "cannot look for keys", "the token is not there"},
        {"C_FindObjectsInit=0x32", destroy, io, "cannot look for keys", "the token is not there"},
        {"C_DestroyObject=0xe2", destroy, io, "cannot destroy a key", "write-protected"},
        {"C_GetAttributeValue=0x11", destroy_found, ErrorCode::refused, "has no id", "may be another one"},
    };
    const auto run = [&](const Work& work) -> Result<void> {
        auto token = Pkcs11Token::open(uri);
        return token ? work(*token) : fail(std::move(token.error()));
    };
    for (const Row& row : rows) {
        CAPTURE(row.fails);
        ::setenv("FAKE_TOKEN", row.fails, 1);
        const auto done = run(row.work);
        REQUIRE_FALSE(done);
        INFO(done.error().message());
        CHECK(done.error().code() == row.code);
        CHECK(done.error().message().find(row.step) != std::string::npos);
        CHECK(done.error().message().find(row.why) != std::string::npos);
    }
    // Control: without a fault each step is done; one that logged in before, or asks for no PIN, is no fault.
    for (const char* fails : {"", "C_Initialize=0x191", "C_Login=0x100"}) {
        CAPTURE(fails);
        ::setenv("FAKE_TOKEN", fails, 1);
        for (const Work* work : {&nothing, &find, &destroy})
            CHECK(run(*work));
    }
    ::setenv("FAKE_TOKEN", "C_Login=0xa0", 1);
    uri.pin_source.clear();
    CHECK(run(nothing));
    uri.module = "/lib/libc-is-not-there.so";
    CHECK(run(nothing).error().message().find("no PKCS#11 library") != std::string::npos);
    uri.token.clear();
    CHECK(run(nothing).error().message().find("names no token") != std::string::npos);
    ::unsetenv("FAKE_TOKEN");
}

TEST_CASE("a token that is pulled while its key is due: nothing is made or destroyed, and it is told") {
    if (skip<TokenBench>()) return;
    TokenBench bench;
    const auto certificate = load_certificate(bench.certify());
    REQUIRE(certificate);
    bench.take_away();
    const auto next = Pkcs11SigningKey::successor(bench.source(), certificate->get());
    REQUIRE_FALSE(next);
    CHECK(next.error().message().find("'lane': not there") != std::string::npos);
    const auto retired = Pkcs11SigningKey::retire(bench.source(), certificate->get());
    REQUIRE_FALSE(retired);
    CHECK(retired.error().message().find("'lane': not there") != std::string::npos);
}
