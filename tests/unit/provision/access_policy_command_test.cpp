#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "apps/portcullis/access_policy_source.hpp"
#include "apps/portcullis/policy_command.hpp"
#include "base/file.hpp"
#include "record/access_policy_codec.hpp"
#include "support/command_run.hpp"
#include "unit/seal/test_policies.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

/// A policy key that holds at the time of this run: the command judges by the machine's clock.
struct AccessTable {
    PolicyDesk desk;
    std::chrono::sys_days day = std::chrono::floor<std::chrono::days>(SystemClock().utc());
    KeyFiles key = desk.desk.pki.issue("now-policy", "policy",
                                       {.ca = "root",
                                        .extended = "emailProtection," + std::string(oid_policy),
                                        .from = UtcTime(day) - std::chrono::days(2),
                                        .until = UtcTime(day) + std::chrono::days(100)});

    [[nodiscard]] std::string file(const char* name) const {
        return (desk.desk.pki.folder() / name).string();
    }
    [[nodiscard]] std::string on(int days) const { return to_string(day + std::chrono::days(days)); }
    /// A source of one operator and one administrator.
    [[nodiscard]] std::string source(const std::string& more = "") const {
        return fmt::format(
            "fleet = \"north\"\nvalid_until = \"{0}\"\npurposes = [\"theft\", \"crash\"]\n"
            "[[site]]\nname = \"bridge\"\ndevices = [\"gate-2\", \"gate-1\"]\n"
            "[[person]]\naccount = \"zoe\"\nrole = \"administrator\"\nuntil = \"{0}\"\n"
            "[[person]]\naccount = \"alice\"\nrole = \"operator\"\nsites = [\"bridge\"]\n"
            "purposes = [\"theft\"]\nuntil = \"{1}\"\n{2}",
            on(60), on(30), more);
    }
    [[nodiscard]] Outcome run(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), "access");
        const std::vector<std::string> rules = {"--certificate", key.certificate, "--policy-chain",
                                                file("root.crt")};
        arguments.insert(arguments.end(), rules.begin(), rules.end());
        return run_command(add_policy_command, "policy", arguments);
    }
    [[nodiscard]] Outcome sign(const char* name, const std::string& source,
                               const std::vector<std::string>& more = {"--version", "1"}) const {
        must_write(source);
        std::vector<std::string> words = {"sign",  file(name), "--source", file("access.toml"),
                                          "--key", key.key};
        words.insert(words.end(), more.begin(), more.end());
        return run(words);
    }
    void must_write(const std::string& source) const {
        REQUIRE(write_file_atomically(file("access.toml"), as_bytes(source)));
    }
};

}  // namespace

TEST_CASE("policy access signs a fleet's first policy, counts the next one up and shows who may see what") {
    const AccessTable table;
    REQUIRE(table.sign("a.policy", table.source(), {"--version", "4"}).code == 0);
    REQUIRE(table.sign("b.policy", table.source(), {"--previous", table.file("a.policy")}).code == 0);
    const Outcome shown = table.run({"show", table.file("b.policy"), "--fleet", "north"});
    REQUIRE(shown.code == 0);
    const auto json = nlohmann::json::parse(shown.out);
    CHECK(json["version"] == 5);
    CHECK(json["in_force"] == true);
    CHECK(json["until"] == table.on(60));
    CHECK(json["signer"] == "policy");
    CHECK(json["digest"] == to_hex(sha256(must(read_file(table.file("b.policy"), max_access_policy_bytes)))));
    REQUIRE(json["people"].size() == 2);
    CHECK(json["people"][0]["account"] == "alice");
    CHECK(json["people"][0]["devices"] == std::vector<std::string>{"gate-1", "gate-2"});
    CHECK(json["people"][1]["role"] == "administrator");
    CHECK(table.run({"show", table.file("b.policy"), "--fleet", "south"}).code == 1);
}

TEST_CASE("policy access hands out no policy that an opener would refuse, and says what is wrong where") {
    const AccessTable table;
    const std::string good = table.source();
    const auto changed = [&](std::string_view from, const std::string& to) {
        std::string text = good;
        text.replace(text.find(from), from.size(), to);
        return text;
    };
    struct Row {
        std::string source;
        int code;
        const char* told;
    };
    const Row rows[] = {
        {changed("\"administrator\"", "\"auditor\""), 1, "no administrator is enrolled"},
        {changed("\"administrator\"", "\"root\""), 2, "access.toml:9: person[0].role"},
        {changed("[\"theft\"]\n", "[\"curiosity\"]\n"), 1, "person 'alice': there is no purpose 'curiosity'"},
        {changed("\"zoe\"", "\"alice\""), 1, "'alice' stands twice"},
        {changed(table.on(60), "tomorrow"), 2, "access.toml:2: valid_until: write a day"},
        {changed(table.on(60), table.on(99) + "\"\n#"), 1, "no administrator is enrolled"},
        {good + "level = 3\n", 2, "person[1].level: unknown key"},
        {good + "[[person]]\naccount = \"bob\"\nrole = \"auditor\"\nsites = [\"bridge\"]\nuntil = \"" +
             table.on(1) + "\"\n",
         1, "an auditor sees no plate"},
        {"fleet = \"north\"\n", 2, "valid_until: is missing"},
        {"", 2, "fleet: is missing"},
    };
    for (const Row& row : rows) {
        const Outcome done = table.sign("x.policy", row.source);
        CAPTURE(done.out);
        CHECK(done.code == row.code);
        CHECK_MESSAGE(done.out.find(row.told) != std::string::npos, row.told);
    }
    CHECK(table.sign("x.policy", good, {}).code == 2);
    CHECK_FALSE(std::filesystem::exists(table.file("x.policy")));
}

TEST_CASE("policy access signs gateways, and shows them") {
    const AccessTable table;
    const std::string source =
        table.source() + "[[gateway]]\naccount = \"web\"\n[[gateway]]\naccount = \"portcullis-api\"\n";
    REQUIRE(table.sign("a.policy", source, {"--version", "1"}).code == 0);
    const Outcome shown = table.run({"show", table.file("a.policy"), "--fleet", "north"});
    REQUIRE(shown.code == 0);
    CHECK(nlohmann::json::parse(shown.out)["gateways"] == std::vector<std::string>{"portcullis-api", "web"});
    const Outcome refused = table.sign("x.policy", table.source() + "[[gateway]]\naccount = \"alice\"\n");
    CHECK(refused.code == 1);
    CHECK(refused.out.find("give the service one of its own") != std::string::npos);
}

TEST_CASE("policy access signs nothing that outlives its policy key") {
    const AccessTable table;
    std::string text = table.source();
    for (std::size_t at = 0; (at = text.find(table.on(60), at)) != std::string::npos;)
        text.replace(at, table.on(60).size(), table.on(100));
    const Outcome done = table.sign("x.policy", text);
    CHECK(done.code == 1);
    CHECK(done.out.find("its policy key holds from") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(table.file("x.policy")));
}

TEST_CASE("the environment cannot put a word into a policy's source") {
    const AccessTable table;
    table.must_write(table.source());
    REQUIRE(::setenv("PORTCULLIS_SET_FLEET", "south", 1) == 0);  // NOLINT(concurrency-mt-unsafe)
    const AccessPolicy policy = must(load_access_policy_source(table.file("access.toml")));
    ::unsetenv("PORTCULLIS_SET_FLEET");  // NOLINT(concurrency-mt-unsafe)
    CHECK(policy.fleet == "north");
}

TEST_CASE("the example of a policy's source can be signed") {
    const AccessPolicy policy = must(load_access_policy_source(std::filesystem::path(PORTCULLIS_SOURCE_DIR) /
                                                               "board/host/config/access.toml"));
    AccessPolicy issued = policy;
    issued.version = 1;
    issued.issued = UtcTime(policy.until) - std::chrono::days(90);
    CHECK(encode_access_policy(issued).has_value());
}
