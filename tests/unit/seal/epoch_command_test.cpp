// portcullis epoch: its arguments, what it says, its exit codes.
#include "apps/portcullis/epoch_command.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "base/file.hpp"
#include "seal/key_store.hpp"
#include "seal/statement.hpp"
#include "support/command_run.hpp"
#include "unit/seal/test_pki.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

struct EpochDesk {
    TestPki pki;
    TempDir dir;
    std::string store = (dir.path() / "keys.store").string();
    std::string kek = (dir.path() / "kek").string();
    KeyFiles recipient = pki.recipient("reads");
    KeyFiles witness = pki.issue("witness", "collector", {.ca = "service-ca"});

    [[nodiscard]] Outcome run(const std::string& step, std::vector<std::string> more = {}) const {
        std::vector<std::string> arguments{step, store, "--kek", kek};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return run_command(add_epoch_command, "epoch", arguments);
    }
    [[nodiscard]] Outcome run_for(const std::string& step, const std::string& epoch,
                                  const KeyFiles& files) const {
        return run(step, {"--epoch", epoch, "--key", files.key, "--certificate", files.certificate});
    }
    [[nodiscard]] std::string id(const KeyFiles& files) const {
        return key_id(must(load_certificate(files.certificate)).get());
    }
    [[nodiscard]] std::string stored() const { return must(read_text_file(store, 1 << 20)); }
};

bool says(const Outcome& outcome, std::string_view part) {
    INFO(outcome.out);
    const bool found = outcome.out.find(part) != std::string::npos;
    CHECK(found);
    return found;
}

}  // namespace

TEST_CASE("epoch makes a store, takes a key in, lists it, and destroys it with a signed record") {
    const EpochDesk desk;
    const Outcome made = desk.run("create");
    CHECK(made.code == 0);
    CHECK(says(made, desk.store));
    CHECK(desk.run("list").out.empty());
    const Outcome added = desk.run_for("add", "2026-11-25", desk.recipient);
    CHECK(added.code == 0);
    CHECK(says(added, "epoch: 2026-11-25\nkey id: " + desk.id(desk.recipient)));
    CHECK(says(added, "Now destroy " + desk.recipient.key.string()));
    REQUIRE(desk.run_for("add", "2026-11-26", desk.pki.recipient("next")).code == 0);
    const Outcome listed = desk.run("list");
    CHECK(listed.code == 0);
    CHECK(says(listed, "2026-11-25 " + desk.id(desk.recipient) + "\n2026-11-26 "));
    const Outcome destroyed = desk.run_for("destroy", "2026-11-25", desk.witness);
    CHECK(destroyed.code == 0);
    CHECK(says(destroyed, "destroyed: 2026-11-25"));
    CHECK(says(destroyed, "keys left: 1"));
    CHECK(desk.run("list").out.starts_with("2026-11-26 "));
    const Bytes record = must(read_file(desk.store + ".2026-11-25.destroyed", max_signed_bytes));
    const TrustStore witnesses = must(TrustStore::create({.ca_chain = desk.pki.chain("service-ca"),
                                                          .signers = desk.witness.certificate,
                                                          .use = CertificateUse::sign_receipts}));
    const SignedText text = must(verify_statement(record, witnesses, now));
    CHECK(must(parse_destruction(text.json)).keys == std::vector{desk.id(desk.recipient)});
}

TEST_CASE("epoch without what it needs is wrong usage, and nothing is made") {
    const EpochDesk desk;
    CHECK(run_command(add_epoch_command, "epoch", {}).code == 2);
    CHECK(run_command(add_epoch_command, "epoch", {"create", desk.store}).code == 2);
    CHECK(run_command(add_epoch_command, "epoch", {"create", "--kek", desk.kek}).code == 2);
    CHECK(run_command(add_epoch_command, "epoch", {"forget", desk.store, "--kek", desk.kek}).code == 2);
    CHECK(desk.run("add", {"--epoch", "2026-11-25"}).code == 2);
    CHECK(desk.run("create", {"--epoch", "2026-11-25"}).code == 2);
    CHECK_FALSE(std::filesystem::exists(desk.store));
    const Outcome keyless =
        desk.run("add", {"--epoch", "2026-11-25", "--certificate", desk.recipient.certificate});
    CHECK(keyless.code == 2);
    CHECK(says(keyless, "--key FILE, or --token URI"));
    const Outcome both =
        desk.run("add", {"--epoch", "2026-11-25", "--certificate", desk.recipient.certificate, "--key",
                         desk.recipient.key, "--token", "pkcs11:token=lane?module-path=/x.so"});
    CHECK(both.code == 2);
    CHECK(says(both, "name one of them"));
    for (const char* step : {"list", "add", "destroy"}) {
        const Outcome none = std::string(step) == "list"
                                 ? desk.run(step)
                                 : desk.run_for(step, "2026-11-25",
                                                step == std::string("add") ? desk.recipient : desk.witness);
        CHECK(none.code == 2);
        CHECK(says(none, "portcullis epoch create"));  // the cure
    }
}

TEST_CASE("epoch takes only days of the calendar, and says how one is written") {
    const EpochDesk desk;
    REQUIRE(desk.run("create").code == 0);
    const std::string before = desk.stored();
    for (const char* day : {"2026-02-30", "2026-11-5", "today", "", "2026-11-25 "})
        for (const char* step : {"add", "destroy"}) {
            const Outcome refused = desk.run_for(step, day, desk.recipient);
            CHECK(refused.code == 2);
            if (*day != '\0') CHECK(says(refused, "write when it begins, as 2026-11-25"));
        }
    CHECK(desk.stored() == before);
}

TEST_CASE("epoch refuses with 1, and leaves the store as it was") {
    const EpochDesk desk;
    REQUIRE(desk.run("create").code == 0);
    REQUIRE(desk.run_for("add", "2026-11-25", desk.recipient).code == 0);
    REQUIRE(desk.run_for("add", "2026-11-26", desk.pki.recipient("next")).code == 0);
    REQUIRE(desk.run_for("destroy", "2026-11-26", desk.witness).code == 0);
    const std::string before = desk.stored();
    const auto refuses = [&](const Outcome& outcome, std::string_view part) {
        CHECK(outcome.code == 1);
        CHECK(outcome.out.starts_with("portcullis epoch: "));
        CHECK(says(outcome, part));
        CHECK(desk.stored() == before);
    };
    refuses(desk.run("create"), "is there already");
    refuses(desk.run_for("add", "2026-11-27", desk.recipient), "there already");
    refuses(desk.run_for("add", "2026-11-26", desk.pki.recipient("late")), "was destroyed");
    refuses(desk.run_for("destroy", "2026-11-26", desk.witness), "holds no key of the epoch");
    refuses(desk.run_for("destroy", "2031-01-01", desk.witness), "holds no key of the epoch 2031-01-01");
}

TEST_CASE("epoch takes no pair that could not open, and no witness that could not sign") {
    const EpochDesk desk;
    REQUIRE(desk.run("create").code == 0);
    const KeyFiles other = desk.pki.recipient("other");
    const auto adds = [&](const KeyFiles& files) { return desk.run_for("add", "2026-11-25", files); };
    CHECK(adds({desk.recipient.key, other.certificate}).code == 2);
    CHECK(adds({desk.recipient.key, desk.dir.path() / "no.crt"}).code == 2);
    CHECK(adds({desk.dir.path() / "no.key", desk.recipient.certificate}).code == 2);
    CHECK(adds(desk.witness).code == 2);  // it signs, and receives nothing
    CHECK(desk.run("list").out.empty());
    REQUIRE(adds(desk.recipient).code == 0);
    CHECK(desk.run_for("destroy", "2026-11-25", other).code == 2);
    CHECK(desk.run_for("destroy", "2026-11-25", {desk.witness.key, other.certificate}).code == 2);
    CHECK(desk.run("list").out.starts_with("2026-11-25 "));
}

TEST_CASE("epoch says of a store that was changed that it was") {
    const EpochDesk desk;
    REQUIRE(desk.run("create").code == 0);
    std::ofstream(desk.store, std::ios::app) << "2026-11-25 00 00\n";
    const Outcome listed = desk.run("list");
    CHECK(listed.code == 1);
    CHECK(says(listed, "not one of Portcullis, or changed"));
    std::filesystem::remove(desk.kek + ".1");
    CHECK(desk.run("list").code != 0);
}
