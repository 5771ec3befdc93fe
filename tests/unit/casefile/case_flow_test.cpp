// From two people's signatures to the recipient's folder: the steps of `portcullis case` on a real store.
#include "unit/casefile/case_office.hpp"

#include "apps/portcullis/case_command.hpp"
#include "casefile/case_file.hpp"
#include "drivers/camera/replay/picture.hpp"
#include "support/command_run.hpp"

using namespace portcullis;
using namespace portcullis::test;

TEST_CASE(
    "two people sign, the opener's host makes the file, and its recipient opens reads and marked pictures") {
    const Quiet quiet;
    Office office;
    office.ask();
    office.approve();
    must_do(office.make());
    CHECK(words(office.open(office.auditor)).find("117.case") != std::string::npos);
    must_do(office.open(office.court));
    const auto reads =
        nlohmann::json::parse(must(read_text_file(office.folder / "117" / "reads.json", 1 << 20)));
    CHECK(reads["recipient"] == "court");
    CHECK(reads["reads"].size() == 2 + 2);
    const Bytes jpeg = must(read_file(office.folder / "117" / "p0001-plate.jpg", 1 << 20));
    const replay::Picture picture = must(replay::decode_jpeg(jpeg));
    CHECK(picture.view.width == min_marked_width);
    CHECK(picture.view.height > min_marked_width * 40 / 160);
    CHECK(holds(must(read_text_file(office.folder / "117" / "manifest.json", 1 << 20)),
                R"("approved":"erin")"));
    CHECK(words(office.open(office.court)).find("not there yet") != std::string::npos);
}

TEST_CASE("a request and a case file on the disk show no plate to who has none of their keys") {
    const Quiet quiet;
    Office office;
    office.options.plate = "AB12CDE";
    office.ask();
    office.approve();
    must_do(office.make());
    for (const char* file : {"request", "approval", "117.case/manifest.cms", "117.case/reads.json.cms"})
        CHECK(must(read_text_file(office.folder / file, 1 << 20)).find("AB12CDE") == std::string::npos);
}

TEST_CASE("whoever asked cannot approve, and a request sealed to others is not read") {
    const Quiet quiet;
    Office office;
    office.ask();
    CaseOptions alice = office.as("alice");
    alice.file = office.folder / "request";
    alice.output = office.folder / "approval";
    CHECK(holds(words(approve_case(alice, now)), "another person must approve it"));
    alice.opener = {office.auditor.key, office.auditor.certificate};
    CHECK(holds(words(show_case(alice, now)), "request"));
}

TEST_CASE("what is missing or wrong is named with its cure, and nothing is made") {
    const Quiet quiet;
    Office office;
    office.ask();
    office.approve();
    office.write_settings(false);
    CHECK(holds(words(office.make()), "cases.key names no file"));
    office.write_settings();
    const Bytes in_force = must(read_file(office.folder / "access.policy", 1 << 20));
    AccessPolicy newer = case_policy();
    newer.version = 8;
    must_do(write_file_atomically(office.folder / "access.policy", office.policies.sign(newer)));
    CHECK(holds(words(office.make()), "SIGHUP"));
    must_do(write_file_atomically(office.folder / "access.policy", in_force));
    office.options.store = office.folder / "none.db";
    CHECK(holds(words(office.make()), "none.db"));
    office.options.store = office.bench.place();
    std::filesystem::rename(office.folder / "approval", office.folder / "approval.away");
    CHECK(holds(words(office.make()), "approval"));
    CHECK(!std::filesystem::exists(office.folder / "117.case"));
    std::filesystem::rename(office.folder / "approval.away", office.folder / "approval");
    must_do(office.make());
    CHECK(holds(words(office.make()), "made before"));
}

TEST_CASE(
    "a request that asks for nothing, names no read rightly, or has no fit recipient is refused as usage") {
    const Quiet quiet;
    Office office;
    office.options.output = office.folder / "request";
    const auto refused = [&](const CaseOptions& given) {
        const Result<void> done = ask_for_case(given, now);
        REQUIRE(!done);
        CHECK(done.error().code() == ErrorCode::configuration);
        return done.error().message();
    };
    CaseOptions given = office.options;
    given.plate.clear();
    CHECK(holds(refused(given), "say what"));
    given.reads = {"gate-1"};
    CHECK(holds(refused(given), "DEVICE/CHAIN/SEQ"));
    given = office.options;
    given.plate = "AB<script>";
    CHECK(!refused(given).empty());
    given = office.options;
    given.recipient = office.cases_sign.certificate;
    CHECK(holds(refused(given), "--recipient"));
    given = office.options;
    given.days = 80;
    CHECK(holds(refused(given), "does not hold"));
    given = office.options;
    given.signer.key = office.folder / "none.key";
    CHECK(holds(refused(given), "none.key"));
    CHECK(run_command(&add_case_command, "case", {"ask", "--plate", "B"}).code == 2);
    CHECK(run_command(&add_case_command, "case", {"make"}).code == 2);
}
