// What leaves the collector, for whom, and after which entries.
#include "casefile/case_maker.hpp"

#include <nlohmann/json.hpp>

#include "unit/casefile/case_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

std::string why_not(const Result<CaseManifest>& made) {
    REQUIRE(!made);
    return made.error().message();
}

bool says(const std::string& text, std::string_view words) {
    INFO(text);
    return text.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE(
    "a case file holds what was found, sealed to its recipient alone, and names who asked and approved") {
    CaseBench bench;
    bench.drive("BOS123", now - std::chrono::hours(3));
    bench.drive("BXY77", now - std::chrono::hours(2));
    bench.drive("ZZ1", now - std::chrono::hours(1));
    const CaseManifest made = must(bench.make(bench.request()));
    CHECK(made.reads == 2 + 2);  // two reads and two canaries
    const CaseManifest opened = must(bench.open(bench.court));
    CHECK(opened.who == "alice");
    CHECK(opened.approved_by == "erin");
    CHECK(opened.recipient == "court");
    CHECK(opened.case_number == "2026-117");
    const auto reads = nlohmann::json::parse(bench.part("reads.json"));
    CHECK(reads["reads"].size() == 4);
    std::vector<std::string> plates;
    for (const auto& read : reads["reads"])
        plates.push_back(read["text"]);
    CHECK(std::ranges::count(plates, "BOS123") == 1);
    CHECK(std::ranges::count(plates, "BXY77") == 1);
    CHECK(std::ranges::count(plates, "ZZ1") == 0);
    CHECK(says(why_not(bench.open(bench.road.reader)), "manifest.cms"));
}

TEST_CASE("no byte of a case file on the disk shows a plate") {
    CaseBench bench;
    bench.drive("BOS123");
    must(bench.make(bench.request()));
    for (const auto& file : std::filesystem::directory_iterator(bench.folder))
        CHECK(!says(must(read_text_file(file.path(), 1 << 22)), "BOS123"));
}

TEST_CASE("before a read is opened, entries say who asked, who approved, for which case, and which read") {
    CaseBench bench;
    const CasePlace place = bench.drive("BOS123");
    must(bench.make(bench.request()));
    CHECK(bench.entries_before_opening == 3);
    const auto made = bench.entries(makes_case);
    REQUIRE(made.size() == 1);
    CHECK(made[0].who == "alice");
    CHECK(made[0].purpose == "stolen-vehicle");
    CHECK(made[0].case_number == "2026-117");
    CHECK(bench.entries(approves_case).at(0).who == "erin");
    const auto exported = bench.entries(exports_read);
    REQUIRE(exported.size() == 1);
    CHECK(exported[0].device == place.device);
    CHECK(exported[0].seq == place.seq);
    CHECK(says(bench.told(makes_case), R"("plate":"B*")"));
    CHECK(says(bench.told(makes_case), R"("recipient":"court")"));
}

TEST_CASE("when the audit log cannot be written nothing is opened and no file is there") {
    CaseBench bench;
    bench.drive("BOS123");
    std::filesystem::create_directory(bench.audit_path);
    CHECK_THROWS(static_cast<void>(bench.make(bench.request())));
    CHECK(bench.entries_before_opening == 0);
    CHECK(!std::filesystem::exists(bench.folder));
}

TEST_CASE("canaries are told to the auditor alone, and a thief of log, index and store finds none") {
    CaseBench bench;
    bench.drive("BOS123");
    must(bench.make(bench.request()));
    const auto told = nlohmann::json::parse(bench.told(marks_case));
    REQUIRE(told["canaries"].size() == 2);
    const std::string reads = bench.part("reads.json");
    for (const auto& canary : told["canaries"]) {
        const std::string plate = canary["plate"];
        CHECK(says(reads, plate));
        PlateQuestion question;
        question.plate = plate;
        CHECK(must(bench.index.candidates(question)).empty());
        for (const char* file : {"audit.db", "audit.db-wal", "index.db", "index.db-wal"}) {
            const auto bytes = read_text_file(bench.pki().folder() / file, 1 << 24);
            if (bytes) CHECK(!says(*bytes, plate));
        }
    }
}

TEST_CASE(
    "pictures go out only when they were asked for, each with its mark, and with its file's id inside") {
    CaseBench bench;
    bench.drive("BOS123");
    CHECK(must(bench.make(bench.request())).parts.size() == 1);
    CaseRequest request = bench.request();
    request.pictures = true;
    CHECK(must(bench.make(request)).parts.size() == 3);
    const std::string picture = bench.part("p0001-plate.jpg");
    CHECK(says(picture, "made for court"));
    CHECK(says(picture, "case 2026-117"));
    CHECK(says(picture, "portcullis case file " + to_string(request.id)));
}

TEST_CASE("it takes two people, each with a key of his own") {
    CaseBench bench;
    bench.drive("BOS123");
    const CaseRequest request = bench.request();
    const Bytes blob = bench.sign(request);
    CHECK(says(why_not(bench.make(request, "alice")), "it takes two people"));
    CHECK(says(why_not(bench.make(request, "bob")), "may not look for that purpose"));
    CHECK(says(why_not(bench.make(request, "carol")), "separation of duties"));
    bench.enrol("mallory");
    CHECK(says(why_not(bench.make(request, "mallory")), "does not stand in the access policy"));
    const auto alice = bench.key_of("alice");
    CHECK(!sign_case_approval(*alice, {request.id, sha256(blob), "erin", now}));
    const Bytes other = bench.sign(bench.request());
    CHECK(says(why_not(bench.make(blob, bench.approve(request, other))), "of another request"));
    Bytes bent = blob;
    bent[bent.size() - 5] ^= std::byte{1};
    CHECK(!bench.make(bent, bench.approve(request, bent)));
    CHECK(bench.entries_before_opening == 0);
    CHECK(bench.entries(exports_read).empty());
    CHECK(bench.make(request));
}

TEST_CASE("a key that no people CA issued signs nothing") {
    CaseBench bench;
    bench.drive("BOS123");
    const KeyFiles forged = bench.pki().issue("forged", "erin", {.ca = "stranger-ca"});
    const CaseRequest request = bench.request();
    const Bytes blob = bench.sign(request);
    const auto key =
        must(FileSigningKey::create(forged.key, forged.certificate, CertificateUse::sign_receipts));
    const Bytes approval = must(sign_case_approval(*key, {request.id, sha256(blob), "erin", now}));
    CHECK(says(why_not(bench.make(blob, approval)), "signed by nobody of the people"));
    std::filesystem::copy_file(forged.certificate, bench.people_folder / "forged.crt");
    CHECK(!bench.make(blob, approval));
    CHECK(bench.entries(exports_read).empty());
}

TEST_CASE("a file is made once, within a week of its request, for a recipient whose certificate holds") {
    CaseBench bench;
    bench.drive("BOS123");
    const CaseRequest request = bench.request();
    must(bench.make(request));
    CHECK(says(why_not(bench.make(request)), "made before"));
    CHECK(says(why_not(bench.make(bench.request(), "erin", now + 8 * day)), "holds for 7 days"));
    CaseRequest late = bench.request();
    late.until = std::chrono::floor<std::chrono::days>(now) + 30 * day;
    CHECK(says(why_not(bench.make(late)), "does not hold"));
    CaseRequest over = bench.request();
    over.until = std::chrono::floor<std::chrono::days>(now) - day;
    CHECK(says(why_not(bench.make(over)), "would have ended"));
    CaseRequest far = bench.request();
    far.until = std::chrono::floor<std::chrono::days>(now) + 200 * day;
    CHECK(says(why_not(bench.make(far)), "at most 90 days"));
    CaseRequest device = bench.request();
    device.recipient = certificate_to_der(must(load_certificate(bench.maker.certificate)).get());
    CHECK(says(why_not(bench.make(device)), "recipient"));
    CHECK(bench.entries(exports_read).size() == 1);
}

TEST_CASE("a case file that expired is not opened, and one that was changed is noticed") {
    CaseBench bench;
    bench.drive("BOS123");
    const CaseManifest made = must(bench.make(bench.request()));
    CHECK(bench.open(bench.court, now + 5 * day));
    CHECK(says(why_not(bench.open(bench.court, now + 6 * day)), "expired"));
    std::filesystem::copy_file(bench.folder / "manifest.cms", bench.folder / "reads.json.cms",
                               std::filesystem::copy_options::overwrite_existing);
    const auto part = open_part(bench.folder, made.parts[0], bench.key_to(bench.court));
    REQUIRE(!part);
    CHECK(says(part.error().message(), "somebody changed it"));
}

TEST_CASE("more reads than were approved are none") {
    CaseBench bench;
    for (int i = 0; i < 4; ++i)
        bench.drive("BOS12" + std::to_string(i));
    CHECK(
        says(why_not(bench.make(bench.request("B*", 3))), "4 reads are found, the request is for at most 3"));
    CHECK(bench.entries(exports_read).empty());
    CHECK(must(bench.make(bench.request("B*", 4))).reads == 6);
    CHECK(says(why_not(bench.make(bench.request("QQQ1"))), "no read is found"));
}

TEST_CASE("more than a hundred reads go out in one file that two people signed") {
    CaseBench bench;
    for (int i = 0; i < 120; ++i)
        bench.drive("BOS" + std::to_string(1000 + i));
    CHECK(must(bench.make(bench.request("B*", 120))).reads == 120 + 4);
    CHECK(bench.entries(exports_read).size() == 120);
}

TEST_CASE("named reads go out as well, of devices that both people see, also without an index") {
    CaseBench bench;
    bench.with_index = false;
    CaseRequest request = bench.request("");
    request.reads = {bench.drive("BOS123")};
    CHECK(must(bench.make(request)).reads == 3);
    CaseRequest foreign = bench.request("");
    foreign.reads = {{"gate-7", bench.head.chain, 1}};
    CHECK(says(why_not(bench.make(foreign)), "do not both see that device"));
    CaseRequest gone = bench.request("");
    gone.reads = {{"gate-1", bench.head.chain, 999}};
    CHECK(says(why_not(bench.make(gone)), "can be opened any more"));
    CHECK(says(why_not(bench.make(bench.request())), "name the reads"));
}

TEST_CASE("reads that cannot be opened any more are counted in the manifest") {
    CaseBench bench;
    bench.drive("BOS123");
    const CasePlace lost = bench.drive("BOS124");
    bench.store.erase(lost);
    const CaseManifest made = must(bench.make(bench.request()));
    CHECK(made.missing == 1);
    CHECK(made.reads == 3);
}

TEST_CASE("who takes more out than is usual is refused, and an alarm stands in the audit log") {
    CaseBench bench;
    for (int i = 0; i < 4; ++i)
        bench.drive("BOS12" + std::to_string(i));
    SUBCASE("too many files of one person") {
        bench.limits.files = 2;
        must(bench.make(bench.request()));
        must(bench.make(bench.request()));
        CHECK(says(why_not(bench.make(bench.request())), "2 case files within a day"));
        CHECK(bench.make(bench.request(), "erin", now + day + std::chrono::seconds(1)));
    }
    SUBCASE("too many reads of one person") {
        bench.limits.reads = 7;
        must(bench.make(bench.request()));
        CHECK(says(why_not(bench.make(bench.request())), "4 reads within a day"));
        CHECK(bench.entries(exports_read).size() == 4);
    }
    SUBCASE("too many reads of one site, by whomever") {
        bench.limits.site_reads = 7;
        must(bench.make(bench.request()));
        CaseRequest other = bench.request();
        other.who = "erin";
        CHECK(says(why_not(bench.make(other, "alice")), "of the site 'bridge'"));
        CHECK(bench.entries(exports_read).size() == 4);
    }
    const auto alarms = bench.entries(raises_alarm);
    REQUIRE(alarms.size() == 1);
    CHECK(alarms[0].verdict == AccessVerdict::refused);
}
