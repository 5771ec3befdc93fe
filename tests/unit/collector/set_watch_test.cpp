#include "collector/ingest/set_watch.hpp"

#include <doctest/doctest.h>

#include "base/file.hpp"
#include "seal/signed_profile.hpp"
#include "unit/collector/collector_bench.hpp"
#include "unit/seal/test_sets.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

const Digest issued = sha256(as_bytes("a set that was issued"));
const Digest secret = sha256(as_bytes("a set that somebody made"));

/// The bench's readers, as a set of this digest names them.
Audiences named_by(const CollectorBench& bench, const Digest& set, bool stale = false) {
    Audiences audiences;
    audiences.read.push_back(must(load_certificate(bench.road.reader.certificate)));
    audiences.plate.push_back(must(load_certificate(bench.road.evidence.certificate)));
    audiences.overview.push_back(must(load_certificate(bench.road.evidence.certificate)));
    audiences.set = set;
    audiences.stale = stale;
    return audiences;
}

std::vector<std::string> incidents(CollectorBench& bench) {
    std::vector<std::string> what;
    for (const IncidentRow& row : bench.incidents(100))
        what.push_back(row.what);
    return what;
}

void pass_by(CollectorBench& bench, TestDevice& device, int records) {
    for (int i = 0; i < records; ++i)
        bench.deliver(device.messages(device.seal()));
    bench.judge_all();
}

}  // namespace

TEST_CASE(
    "attack: who holds the policy key adds a recipient: the unknown set is an alarm in the ledger, once a "
    "chain") {
    CollectorBench bench;
    bench.ingest->know_sets({issued});
    TestDevice device(bench.road);
    device.seal_to(named_by(bench, secret));
    pass_by(bench, device, 3);
    const auto told = incidents(bench);
    REQUIRE(told.size() == 1);
    CHECK(told[0].find("alarm: sealed to the recipient set " + to_hex(secret)) != std::string::npos);
    CHECK(bench.verdict(device, 1)->good());  // the read itself is authentic, and is told as such
}

TEST_CASE(
    "a set that was issued is no incident, a stale one is, and so is nothing while no sets are watched") {
    CollectorBench bench;
    TestDevice device(bench.road);
    device.seal_to(named_by(bench, secret));
    pass_by(bench, device, 1);
    CHECK(incidents(bench).empty());

    bench.ingest->know_sets({issued});
    device.seal_to(named_by(bench, issued));
    pass_by(bench, device, 1);
    CHECK(incidents(bench).empty());

    device.seal_to(named_by(bench, issued, true));
    pass_by(bench, device, 2);
    REQUIRE(incidents(bench).size() == 1);
    CHECK(incidents(bench)[0].find("more than 7 days") != std::string::npos);
}

TEST_CASE("a site without sets gives no set incidents") {
    CollectorBench bench;
    bench.ingest->know_sets({issued});
    TestDevice device(bench.road);
    pass_by(bench, device, 1);
    CHECK(incidents(bench).empty());
}

TEST_CASE("the sets of a folder are known, other files in it are passed over") {
    const SetDesk desk;
    const TempDir dir;
    std::set<Digest> digests;
    for (const std::uint64_t version : {2U, 10U, 9U}) {
        const Bytes blob = desk.sign(desk.set(version));
        digests.insert(sha256(blob));
        REQUIRE(write_file_atomically(dir.path() / (std::to_string(version) + ".set"), blob));
    }
    REQUIRE(write_file_atomically(dir.path() / "notes.txt", as_bytes("not a set")));
    CHECK(must(load_known_sets(dir.path())) == digests);
}

TEST_CASE("a file that is no set, and a folder that is none, are refused with their names") {
    const TempDir dir;
    REQUIRE(write_file_atomically(dir.path() / "x.set", as_bytes("not a set")));
    const auto sets = load_known_sets(dir.path());
    REQUIRE_FALSE(sets);
    CHECK(sets.error().code() == ErrorCode::configuration);
    CHECK(sets.error().message().find("x.set") != std::string::npos);
    CHECK_FALSE(load_known_sets(dir.path() / "missing"));
}
