#include "apps/portcullis/provision_command.hpp"

#include <doctest/doctest.h>

#include "base/file.hpp"
#include "support/command_run.hpp"
#include "unit/seal/test_pki.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

Outcome run(const std::vector<std::string>& arguments) {
    return run_command(add_provision_command, "provision", arguments);
}

std::string words_of(const std::string& out) {
    const std::size_t at = out.find("fingerprint: ") + 13;
    return out.substr(at, out.find('\n', at) - at);
}

}  // namespace

TEST_CASE("provision walks from an empty folder to two keys with certificates") {
    const TestPki pki;
    const TempDir device;
    const std::string keys = device.path().string();
    const auto file = [&](const char* name) { return (pki.folder() / name).string(); };
    const std::vector<std::string> ca = {"--ca", file("device-ca.crt"), "--ca-key", file("device-ca.key")};
    const auto with_ca = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.end(), ca.begin(), ca.end());
        return arguments;
    };

    const Outcome made = run({"request", keys, "--device", "gate-1"});
    REQUIRE(made.code == 0);
    const std::string shown = run({"fingerprint", keys + "/identity.csr"}).out;
    CHECK(shown == words_of(made.out) + "\n");
    CHECK(run(with_ca({"sign", keys + "/identity.csr", "--device", "gate-1", "--out", file("i.crt")})).code ==
          2);
    CHECK(run(with_ca({"sign", keys + "/identity.csr", "--device", "gate-1", "--out", file("i.crt"),
                       "--fingerprint", "babab-babab-babab-babab-babab-babab"}))
              .code == 1);
    REQUIRE(run(with_ca({"sign", keys + "/identity.csr", "--device", "gate-1", "--out", file("i.crt"),
                         "--fingerprint", words_of(made.out)}))
                .code == 0);
    const auto install = [&](const char* name) {
        return run({"install", keys, file(name), "--chain", pki.chain("device-ca"), "--device", "gate-1"});
    };
    REQUIRE(install("i.crt").code == 0);

    REQUIRE(run({"request", keys, "--device", "gate-1", "--use", "read"}).code == 0);
    CHECK(run(with_ca({"sign", keys + "/read.csr", "--out", file("r.crt")})).code == 2);
    REQUIRE(run(with_ca({"sign", keys + "/read.csr", "--out", file("r.crt"), "--vouchers", file("i.crt"),
                         "--chain", pki.chain("device-ca"), "--device", "gate-1"}))
                .code == 0);
    REQUIRE(install("r.crt").code == 0);
    CHECK(FileSigningKey::create(keys + "/read.key", keys + "/read.crt").has_value());
    CHECK(run({"request", keys, "--device", "gate-1"}).code == 1);
}
