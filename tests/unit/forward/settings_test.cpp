// forwarder.toml: what is wrong is told with file, line, key and cure.
#include <doctest/doctest.h>

#include <fstream>

#include "config/forwarder_settings.hpp"
#include "support/temp_dir.hpp"

using namespace portcullis;
using portcullis::test::TempDir;

namespace {

const std::string view_part = "[view]\npurpose = \"parking\"\ncase = \"2026-1\"\n";
const std::string hook_part =
    "[[hook]]\nname = \"parking\"\nurl = \"https://receiver.example/reads\"\nrelay = \"relay.sock\"\n"
    "ca = \"ca.crt\"\nsecrets = [\"secret\"]\n";

Result<ForwarderSettings> load_text(const TempDir& dir, const std::string& text) {
    const auto file = dir.path() / "forwarder.toml";
    std::ofstream(file, std::ios::trunc) << text;
    return ForwarderSettings::load(file);
}

}  // namespace

TEST_CASE("the least that a forwarder needs is a purpose, a case and one receiver") {
    const TempDir dir;
    const auto settings = load_text(dir, view_part + hook_part);
    REQUIRE_MESSAGE(settings, settings.error().message());
    CHECK((settings->view.sockets == std::vector<std::filesystem::path>{"/run/portcullis/view.sock"}));
    CHECK(settings->view.last == 100);
    REQUIRE(settings->hooks.size() == 1);
    const HookSettings& hook = settings->hooks[0];
    CHECK(hook.relay == dir.path() / "relay.sock");
    CHECK(hook.shape == HookShape::portcullis);
    CHECK_FALSE(hook.form);
    CHECK(hook.devices == std::vector<std::string>{"*"});
    CHECK(hook.certificate.empty());
    CHECK(hook.keep == 1000);
    const auto theirs = load_text(dir, view_part + hook_part + "shape = \"platerecognizer\"\n");
    REQUIRE(theirs);
    CHECK(theirs->hooks[0].form);
}

TEST_CASE("the example of the forwarder's settings is read, and each of its keys is known") {
    const auto settings =
        ForwarderSettings::load(std::string(PORTCULLIS_SOURCE_DIR) + "/board/host/config/forwarder.toml");
    REQUIRE_MESSAGE(settings, settings.error().message());
    CHECK(settings->hooks.size() == 1);
}

TEST_CASE("settings that are wrong are refused with the key and the cure") {
    struct Row {
        std::string text;
        const char* key;
        const char* cure;
    };
    const auto with = [](const std::string& from, const std::string& to) {
        std::string text = view_part + hook_part;
        return text.replace(text.find(from), from.size(), to);
    };
    const std::vector<Row> rows{
        {view_part, "hook:", "[[hook]]"},
        {hook_part, "view.purpose", "add it"},
        {with("\"2026-1\"", "\"\""), "view.case", "audit log"},
        {"[view]\nsockets = []\n", "view.sockets", "each opener"},
        {with("https://", "http://"), "hook[0].url", "https://"},
        {with("receiver.example", "user:word@receiver.example"), "hook[0].url", "without a user"},
        {with("https://receiver.example/reads", "https://"), "hook[0].url", "HOST"},
        {with("https://receiver.example/reads", "https://a/\\n\\u0001"), "hook[0].url", "HOST"},
        {with("relay.sock", std::string(108, 'r')), "hook[0].relay", "107"},
        {with("\"relay.sock\"", "\"\""), "hook[0].relay", "Unix socket"},
        {with("relay = \"relay.sock\"\n", ""), "hook[0].relay", "add it"},
        {with("ca = \"ca.crt\"\n", ""), "hook[0].ca", "add it"},
        {with("[\"secret\"]", "[]"), "hook[0].secrets", "the new one and the old one"},
        {with("[\"secret\"]", "[\"a\", \"b\", \"c\"]"), "hook[0].secrets", "the new one and the old one"},
        {with("\"parking\"\nurl", "\"Park ing\"\nurl"), "hook[0].name", "hyphens"},
        {view_part + hook_part + hook_part, "hook[1].name", "another name"},
        {view_part + hook_part + "certificate = \"a.crt\"\n", "hook[0].key", "both"},
        {view_part + hook_part + "form = true\n", "hook[0].form", "remove it"},
        {view_part + hook_part + "shape = \"frigate\"\n", "hook[0].shape", "openalpr"},
        {view_part + hook_part + "devices = []\n", "hook[0].devices", "patterns"},
        {view_part + hook_part + "min_confidence = 87\n", "hook[0].min_confidence", "0 to 1"},
        {view_part + hook_part + "keep = 1\n", "hook[0].keep", "2 to"},
        {view_part + hook_part + "folow = true\n", "hook[0].folow", "unknown key"},
        {view_part + hook_part + "[log]\nlevel = \"all\"\n", "log.level", "debug"}};
    const TempDir dir;
    for (const Row& row : rows) {
        CAPTURE(row.text);
        const auto settings = load_text(dir, row.text);
        REQUIRE_FALSE(settings);
        CHECK(settings.error().code() == ErrorCode::configuration);
        INFO(settings.error().message());
        CHECK(settings.error().message().find("forwarder.toml") != std::string::npos);
        CHECK(settings.error().message().find(row.key) != std::string::npos);
        CHECK(settings.error().message().find(row.cure) != std::string::npos);
    }
}

TEST_CASE("where reads go is not taken from the environment") {
    const TempDir dir;
    REQUIRE(::setenv("PORTCULLIS_SET_HOOK[0]__URL", "https://elsewhere.example/", 1) == 0);
    const auto settings = load_text(dir, view_part + hook_part);
    REQUIRE(::unsetenv("PORTCULLIS_SET_HOOK[0]__URL") == 0);
    REQUIRE_FALSE(settings);
    CHECK(settings.error().message().find("not taken from the environment") != std::string::npos);
}
