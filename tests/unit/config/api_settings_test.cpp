// The API's example settings are complete and right; what is wrong in a file is told with its line and cure.
#include "config/api_settings.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "support/temp_dir.hpp"

using namespace portcullis;

namespace {

Error error_of(const std::string& text) {
    const portcullis::test::TempDir folder;
    std::ofstream(folder.path() / "a.toml") << text;
    const auto settings = ApiSettings::load(folder.path() / "a.toml");
    REQUIRE_FALSE(settings);
    return settings.error();
}

}  // namespace

TEST_CASE("the API's example file loads and says what the program's defaults are") {
    const auto settings =
        ApiSettings::load(std::filesystem::path(PORTCULLIS_SOURCE_DIR) / "board/host/config/api.toml");
    REQUIRE_MESSAGE(settings, (settings ? "" : settings.error().message()));
    CHECK(settings->socket.path == "/run/portcullis-api/api.sock");
    CHECK(settings->socket.group == "portcullis-relay");
    CHECK(settings->tls.revocations.empty());
    CHECK(settings->openers == std::vector<std::filesystem::path>{"/run/portcullis/view.sock"});
    CHECK(settings->store == "/var/lib/portcullis/collector/store.db");
    CHECK(settings->limits.connections == 1024);
    CHECK(settings->limits.per_account == 32);
    CHECK(settings->limits.threads == 4);
    CHECK(settings->limits.sign_in_time == std::chrono::seconds(10));
    CHECK(settings->limits.request_time == std::chrono::seconds(30));
}

TEST_CASE("each fault of an API's file is told with line, key and cure") {
    const Error error = error_of(
        "[tls]\nkey = 3\n[opener]\nsockets = []\n[limits]\nconnections = 16\nper_account = 16\nthreads = 0\n"
        "[server]\nport = 443\n");
    CHECK(error.code() == ErrorCode::configuration);
    for (const char* part :
         {"a.toml:2: tls.key", "tls.certificate: is missing", "tls.people_ca: is missing",
          "access.policy: is missing", "a.toml:4: opener.sockets: name the view sockets",
          "a.toml:7: limits.per_account: write less than connections", "a.toml:8: limits.threads", "server"})
        CHECK_MESSAGE(error.message().find(part) != std::string::npos, part, " in ", error.message());
}

TEST_CASE("the environment does not say whom the API trusts") {
    REQUIRE(::setenv("PORTCULLIS_SET_TLS__PEOPLE_CA", "/tmp/ca.pem", 1) ==
            0);  // NOLINT(concurrency-mt-unsafe)
    const Error error = error_of("[tls]\nkey = \"a\"\ncertificate = \"b\"\npeople_ca = \"c\"\n");
    ::unsetenv("PORTCULLIS_SET_TLS__PEOPLE_CA");  // NOLINT(concurrency-mt-unsafe)
    CHECK(error.message().find("PORTCULLIS_SET_TLS__PEOPLE_CA") != std::string::npos);
}
