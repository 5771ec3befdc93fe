// The example settings are complete and right; what is wrong in a file is told with its line and cure.
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>

#include "base/file.hpp"
#include "config/collector_settings.hpp"
#include "config/opener_settings.hpp"
#include "config/settings_reader.hpp"
#include "support/temp_dir.hpp"

using namespace portcullis;

namespace {

const std::filesystem::path examples = std::filesystem::path(PORTCULLIS_SOURCE_DIR) / "board/host/config";

template <class Settings>
Error error_of(const std::string& text) {
    const portcullis::test::TempDir folder;
    std::ofstream(folder.path() / "a.toml") << text;
    const auto settings = Settings::load(folder.path() / "a.toml");
    REQUIRE_FALSE(settings);
    return settings.error();
}

}  // namespace

TEST_CASE("the collector's example file loads and says what the program's defaults are") {
    const auto settings = CollectorSettings::load(examples / "collector.toml");
    REQUIRE_MESSAGE(settings, (settings ? "" : settings.error().message()));
    CHECK(settings->broker.uri == "mqtts://localhost:8884");
    CHECK(settings->broker.session_expiry == std::chrono::hours(168));
    CHECK(settings->store.quarantine_bytes == 256U * 1024 * 1024);
    CHECK(settings->batch_items == 64);
    CHECK(settings->batch_time == milliseconds(5));
    CHECK_FALSE(settings->devices.deny_list);
}

TEST_CASE("the opener's example file loads and says what the program's defaults are") {
    const auto settings = OpenerSettings::load(examples / "opener.toml");
    REQUIRE_MESSAGE(settings, (settings ? "" : settings.error().message()));
    CHECK(settings->recipients.size() == 2);
    CHECK(settings->sockets.collector_user == "portcullis-collector");
    CHECK(settings->access.fleet == "north");
    CHECK(settings->access.policy == "/etc/portcullis/access/access.policy");
    CHECK(settings->keep_views == 100);
    CHECK(settings->audit_log == "/var/lib/portcullis/opener/audit.db");
    CHECK(settings->search.index.empty());
    CHECK(settings->search.auditor.empty());
    CHECK_FALSE(settings->devices.revocations);
}

TEST_CASE("each fault of a collector's file is told with line, key and cure") {
    const Error error = error_of<CollectorSettings>(
        "[broker]\nuri = \"tcp://x\"\nshare_group = \"a/b\"\nspeed = 3\n[ingest]\nbatch_items = 0\n");
    CHECK(error.code() == ErrorCode::configuration);
    for (const char* part :
         {"a.toml:2: broker.uri", "mqtts://", "a.toml:3: broker.share_group",
          "a.toml:4: broker.speed: unknown key", "a.toml:6: ingest.batch_items", "store.path: is missing",
          "receipts.key: is missing", "devices.signers: is missing"}) {
        CAPTURE(part);
        CHECK(error.message().find(part) != std::string::npos);
    }
}

TEST_CASE("several collectors do not share a file") {
    const Error error =
        error_of<CollectorSettings>("[broker]\nshare_group = \"a\"\n[store]\npath = \"store.db\"\n");
    CHECK(error.message().find("a.toml:2: broker.share_group: ") != std::string::npos);
    CHECK(error.message().find("PostgreSQL") != std::string::npos);
}

TEST_CASE("a store in PostgreSQL is named by its server, and over the network it needs a CA") {
    const Error error = error_of<CollectorSettings>(
        "[store]\nkind = \"postgresql\"\nhost = \"db.example\"\nkey = \"k\"\npath = \"store.db\"\n");
    for (const char* part :
         {"a.toml: store.ca: ", "TLS alone", "a.toml:4: store.key: ", "a.toml:5: store.path: unknown key"}) {
        CAPTURE(part);
        CAPTURE(error.message());
        CHECK(error.message().find(part) != std::string::npos);
    }
    const Error file = error_of<CollectorSettings>("[store]\npath = \"store.db\"\nhost = \"db\"\n");
    CHECK(file.message().find("a.toml:3: store.host: unknown key") != std::string::npos);
    const Error kind = error_of<CollectorSettings>("[store]\nkind = \"oracle\"\n");
    CHECK(kind.message().find("a.toml:2: store.kind") != std::string::npos);
    const portcullis::test::TempDir folder;
    std::string text = *read_text_file(examples / "collector.toml", max_settings_file_bytes);
    text.replace(text.find("\"sqlite\""), 8, "\"postgresql\"");
    text.erase(text.find("path = \"/var/lib"), 6);  // no key of a server
    text.insert(text.find("\"/var/lib"), "# ");
    std::ofstream(folder.path() / "a.toml") << text;
    const auto settings = CollectorSettings::load(folder.path() / "a.toml");
    REQUIRE_MESSAGE(settings, (settings ? "" : settings.error().message()));
    CHECK(settings->store.kind == CollectorSettings::StoreKind::postgresql);
    CHECK(settings->store.server.host == "/run/postgresql");
    CHECK(settings->store.server.port == 5432);
    CHECK(settings->store.server.database == "portcullis");
}

TEST_CASE("an opener without a certificate for each key is refused") {
    const Error error = error_of<OpenerSettings>(
        "[recipients]\nkeys = [\"a\", \"b\"]\ncertificates = [\"a\"]\n[devices]\nca_chain = \"c\"\nsigners = "
        "\"s\"\n");
    CHECK(error.message().find("a.toml:3: recipients.certificates") != std::string::npos);
}

TEST_CASE("an opener without an access policy is refused, and the environment cannot name another") {
    REQUIRE(::setenv("PORTCULLIS_SET_ACCESS__POLICY", "/tmp/mine", 1) == 0);  // NOLINT(concurrency-mt-unsafe)
    const Error error = error_of<OpenerSettings>(
        "[recipients]\nkeys = [\"a\"]\ncertificates = [\"a\"]\n[devices]\nca_chain = \"c\"\nsigners = "
        "\"s\"\n");
    ::unsetenv("PORTCULLIS_SET_ACCESS__POLICY");  // NOLINT(concurrency-mt-unsafe)
    for (const char* part :
         {"access.fleet: is missing", "access.policy: says whom to trust", "access.policy: is missing",
          "access.policy_chain: is missing", "access.policy_signers: is missing"}) {
        CAPTURE(part);
        CHECK(error.message().find(part) != std::string::npos);
    }
}

TEST_CASE("an opener that makes case files is told what it lacks, and the environment names no people") {
    const std::string rest =
        "[recipients]\nkeys = [\"a\"]\ncertificates = [\"a\"]\n[devices]\nca_chain = \"c\"\nsigners = \"s\"\n"
        "[access]\nfleet = \"f\"\npolicy = \"p\"\npolicy_chain = \"c\"\npolicy_signers = \"s\"\n";
    REQUIRE(::setenv("PORTCULLIS_SET_CASES__PEOPLE", "/tmp/mine", 1) == 0);  // NOLINT(concurrency-mt-unsafe)
    const Error error = error_of<OpenerSettings>(rest + "[cases]\nkey = \"k\"\nfiles_a_day = 0\n");
    ::unsetenv("PORTCULLIS_SET_CASES__PEOPLE");  // NOLINT(concurrency-mt-unsafe)
    for (const char* part :
         {"cases.certificate: is missing", "cases.signing_key: is missing", "cases.people_chain: is missing",
          "cases.people: says whom to trust", "cases.files_a_day"}) {
        CAPTURE(part);
        CHECK(error.message().find(part) != std::string::npos);
    }
}

TEST_CASE("an opener with one path for both sockets is refused") {
    const Error error = error_of<OpenerSettings>(
        "[sockets]\ningest = \"a.sock\"\nviews = \"a.sock\"\n[recipients]\nkeys = [\"a\"]\ncertificates = "
        "[\"a\"]\n"
        "[devices]\nca_chain = \"c\"\nsigners = \"s\"\n");
    CHECK(error.message().find("a.toml:3: sockets.views") != std::string::npos);
}
