// A hook's files, and the way out when there is nobody behind it.
#include <doctest/doctest.h>

#include <sys/stat.h>

#include <fstream>

#include "forward/hook_keys.hpp"
#include "forward/https_post.hpp"
#include "forward_bench.hpp"
#include "support/pki.hpp"
#include "support/temp_dir.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

struct HookFiles {
    TempDir dir;
    HookSettings hook = told_hook();

    HookFiles() {
        const auto ca = dir.path() / "ca.crt";
        run_or_fail(
            {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
             "-subj", "/CN=ca", "-keyout", (dir.path() / "ca.key").string(), "-out", ca.string()},
            dir.path() / "log");
        hook.ca = ca;
        hook.secrets = {dir.path() / "secret"};
        write_secret(std::string(64, 'a') + "\n");
    }
    void write_secret(const std::string& text, mode_t mode = 0600) const {
        std::ofstream(hook.secrets[0], std::ios::trunc) << text;
        REQUIRE(::chmod(hook.secrets[0].c_str(), mode) == 0);
    }
    std::string why_not() const {
        const auto keys = load_hook_keys(hook);
        if (keys) return "";
        CHECK(keys.error().code() == ErrorCode::configuration);
        return keys.error().message();
    }
};

}  // namespace

TEST_CASE("a hook's secret is its file without the line's end, and nobody else's to read") {
    HookFiles files;
    const auto keys = load_hook_keys(files.hook);
    REQUIRE(keys);
    CHECK((keys->secrets == std::vector<Bytes>{to_bytes(std::string(64, 'a'))}));
    CHECK(keys->certificate.empty());
    CHECK_FALSE(keys->ca.empty());
    files.write_secret(std::string(64, 'a'), 0644);
    CHECK(files.why_not().find("hook parking") != std::string::npos);
    CHECK(files.why_not().find("secret") != std::string::npos);
}

TEST_CASE("a hook whose files are wrong is refused with the file and the cure") {
    SUBCASE("a secret too short to be one") {
        const HookFiles files;
        files.write_secret("swordfish\n");
        CHECK(files.why_not().find("openssl rand -hex 32") != std::string::npos);
    }
    SUBCASE("a secret that is another file") {
        const HookFiles files;
        files.write_secret(std::string(2000, 'a'));
        CHECK(files.why_not().find(files.hook.secrets[0].string()) != std::string::npos);
    }
    SUBCASE("no CA") {
        HookFiles files;
        files.hook.ca = files.dir.path() / "nowhere";
        CHECK(files.why_not().find("nowhere") != std::string::npos);
    }
    SUBCASE("a CA that is none") {
        HookFiles files;
        files.hook.ca = files.hook.secrets[0];
        CHECK(files.why_not().find("secret") != std::string::npos);
    }
    SUBCASE("a certificate of another key") {
        HookFiles files;
        files.hook.certificate = files.hook.ca;
        files.hook.key = files.dir.path() / "ca.key";
        CHECK(files.why_not().empty());
        run_or_fail({"openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out",
                     files.hook.key.string()},
                    files.dir.path() / "log");
        CHECK(files.why_not().find("ca.crt") != std::string::npos);
    }
}

TEST_CASE("without a relay nothing is told, and the reason is given without a plate") {
    HookFiles files;
    files.hook.relay = files.dir.path() / "relay.sock";
    const auto keys = load_hook_keys(files.hook);
    const auto library = HttpsLibrary::start();
    REQUIRE((keys && library));
    auto post = HttpsPost::create(files.hook);
    REQUIRE(post);
    const std::string body = webhook_body(files.hook, told_view()).text;
    const auto answer = post->send({"id", "t=1,v1=0", "application/json", body}, *keys, {});
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code() == ErrorCode::closed);
    CHECK_FALSE(answer.error().message().empty());
    CHECK(answer.error().message().find("ABO123") == std::string::npos);
}

TEST_CASE("what would write the keys of connections to a disk is taken out of the environment") {
    REQUIRE(::setenv("SSLKEYLOGFILE", "/tmp/nowhere", 1) == 0);
    const auto library = HttpsLibrary::start();
    REQUIRE(library);
    CHECK(::getenv("SSLKEYLOGFILE") == nullptr);
}
