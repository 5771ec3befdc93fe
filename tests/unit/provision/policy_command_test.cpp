#include "apps/portcullis/policy_command.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "support/command_run.hpp"
#include "unit/seal/test_sets.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

/// Certificates that hold at the time of this run: the command judges by the machine's clock.
struct PolicyTable {
    SetDesk desk;
    std::chrono::sys_days day = std::chrono::floor<std::chrono::days>(SystemClock().utc());
    KeyFiles policy =
        issue("now-policy", "root", "digitalSignature", "emailProtection," + std::string(oid_policy));
    std::string read =
        "=" + issue("now-read", "recipient-ca", "keyAgreement", oid_receive_reads).certificate.string();
    std::string plate =
        "=" + issue("now-plate", "recipient-ca", "keyAgreement", oid_receive_plates).certificate.string();

    KeyFiles issue(const char* name, const char* ca, const char* usage, const std::string& extended) const {
        return desk.pki.issue(name, name,
                              {.ca = ca,
                               .usage = usage,
                               .extended = extended,
                               .from = UtcTime(day) - std::chrono::days(2),
                               .until = UtcTime(day) + std::chrono::days(20)});
    }
    [[nodiscard]] std::string file(const char* name) const { return (desk.pki.folder() / name).string(); }
    [[nodiscard]] std::string on(int days, const std::string& certificate) const {
        return to_string(day + std::chrono::days(days)) + certificate;
    }
    [[nodiscard]] Outcome run(std::vector<std::string> arguments) const {
        const std::vector<std::string> rules = {
            "--fleet",        "north",          "--certificate",     policy.certificate,
            "--policy-chain", file("root.crt"), "--recipient-chain", desk.pki.chain("recipient-ca")};
        arguments.insert(arguments.end(), rules.begin(), rules.end());
        return run_command(add_policy_command, "policy", arguments);
    }
    [[nodiscard]] Outcome sign(const char* name, std::vector<std::string> more) const {
        more.insert(more.begin(), {"sign", file(name), "--key", policy.key});
        return run(more);
    }
};

}  // namespace

TEST_CASE("policy signs a fleet's first set, counts the next one up and shows who is in force") {
    const PolicyTable table;
    REQUIRE(table
                .sign("a.set", {"--version", "4", "--read", table.on(0, table.read), "--plate",
                                table.on(0, table.plate)})
                .code == 0);
    REQUIRE(
        table.sign("b.set", {"--previous", table.file("a.set"), "--read", table.on(-1, table.read)}).code ==
        0);
    const Outcome shown = table.run({"show", table.file("b.set")});
    REQUIRE(shown.code == 0);
    const auto json = nlohmann::json::parse(shown.out);
    CHECK(json["version"] == 5);
    CHECK(json["age"] == "fresh");
    REQUIRE(json["entries"].size() == 1);
    CHECK(json["entries"][0]["name"] == "now-read");
    CHECK(json["entries"][0]["in_force"] == true);
    CHECK(json["digest"] == to_hex(sha256(must(read_file(table.file("b.set"), max_recipient_set_bytes)))));
}

TEST_CASE("policy hands out no set that a device would refuse") {
    const PolicyTable table;
    CHECK(table.sign("x.set", {"--version", "1", "--read", table.on(0, table.plate)}).code == 1);
    CHECK(table.sign("x.set", {"--version", "1", "--read", table.on(99, table.read)}).code == 1);
    CHECK(table.sign("x.set", {"--version", "1", "--read", "today" + table.read}).code == 2);
    CHECK(table.sign("x.set", {"--version", "1"}).code == 2);
    CHECK(table.sign("x.set", {"--read", table.on(0, table.read)}).code == 2);
    CHECK_FALSE(std::filesystem::exists(table.file("x.set")));
    CHECK(table.run({"show", table.file("x.set")}).code != 0);
}
