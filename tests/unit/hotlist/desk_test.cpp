// Hits: found as reads arrive, shown to who may see them, and what a person says of them.
#include "support/captured_log.hpp"
#include "unit/hotlist/hotlist_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

TEST_CASE("a read of a look-alike is a candidate, with its doubt, jurisdiction and pictures") {
    HotlistBench bench;
    const Seq seq = bench.pass();
    const HotlistAnswer answer = bench.ask_hits(hits_of());
    CHECK(answer.version == 7);
    CHECK(answer.wanted == 3);
    CHECK(answer.matched == 1);
    REQUIRE(answer.hits.size() == 1);
    const ToldHit& told = answer.hits[0];
    CHECK(told.state == HitState::candidate);
    CHECK(told.who.empty());
    CHECK(told.hit.seq == seq);
    CHECK(told.hit.text == "AB12CDE");
    CHECK(told.hit.distance == 2);
    CHECK(told.hit.confidence == doctest::Approx(0.9));
    CHECK(told.hit.jurisdiction == "gb");
    CHECK_FALSE(told.hit.is_elsewhere());
    REQUIRE(told.hit.pictures.size() == 2);
    CHECK(told.hit.pictures[0] == HitPicture{MediaRole::plate, seq + 1});
    CHECK(told.hit.entry.plate == "A8I2CDE");
    CHECK(told.hit.entry.why == "stolen 20 Nov; call the desk first");
    CHECK(bench.server.counters().hits == 1);
}

TEST_CASE("each hit that is shown has an entry before it, and what nobody is shown has none") {
    HotlistBench bench;
    const Seq first = bench.pass();
    bench.pass();
    CHECK(bench.looks().empty());
    CHECK(bench.ask_hits(hits_of()).hits.size() == 2);
    const std::vector<Access> looks = bench.looks();
    REQUIRE(looks.size() == 2);
    for (const Access& look : looks) {
        CHECK(look.what == shows_hit);
        CHECK(look.device == "gate-1");
        CHECK(look.purpose == "stolen-vehicle");
        CHECK(look.case_number == "2026-117");
    }
    CHECK(std::min(looks[0].seq, looks[1].seq) == first);
    HotlistRequest none = hits_of();
    none.state = HitState::confirmed;
    CHECK(bench.ask_hits(none).hits.empty());
    none.state = HitState::candidate;
    none.since = now + std::chrono::hours(1);
    CHECK(bench.ask_hits(none).matched == 0);
    CHECK(bench.looks().size() == 2);
}

TEST_CASE("a person says what a hit is, and the audit log says it before he is answered") {
    HotlistBench bench;
    const Seq seq = bench.pass();
    const HotlistAnswer answer = bench.ask_hits(bench.about(HotlistAct::confirm, seq));
    REQUIRE(answer.hits.size() == 1);
    CHECK(answer.hits[0].state == HitState::confirmed);
    CHECK(answer.hits[0].who == user_name(::geteuid()));
    CHECK(answer.hits[0].at == now);
    REQUIRE(bench.looks().size() == 2);
    CHECK(bench.looks()[0].what == confirms_hit);
    CHECK(bench.looks()[0].seq == seq);
    CHECK(bench.refusal(bench.about(HotlistAct::confirm, seq)).find("said so already") != std::string::npos);
    // He was mistaken: the last word counts, and both stand in the log.
    CHECK(bench.ask_hits(bench.about(HotlistAct::reject, seq)).hits.at(0).state == HitState::rejected);
    CHECK(bench.looks().at(2).what == rejects_hit);
    HotlistRequest rejected = hits_of();
    rejected.state = HitState::rejected;
    CHECK(bench.ask_hits(rejected).matched == 1);
}

TEST_CASE("attack: who has no right sees no hit, and says nothing of one") {
    HotlistBench bench;
    const Seq seq = bench.pass();
    const auto refused = [&](HotlistRequest request, const char* words) {
        CHECK(bench.refusal(request).find(words) != std::string::npos);
    };
    HotlistRequest request = hits_of();
    request.purpose.clear();
    refused(request, "without a purpose");
    request.purpose = "joyride";
    refused(request, "no purpose of the access policy");
    HotlistRequest word = bench.about(HotlistAct::confirm, seq);
    word.case_number = "2026-118";
    refused(word, "no hit of yours");
    word = bench.about(HotlistAct::confirm, seq + 3);
    refused(word, "no hit of yours");
    word = bench.about(HotlistAct::confirm, seq);
    word.purpose = "hit-and-run";  // he may, and the entry is for another
    refused(word, "no hit of yours");
    request = hits_of();
    request.purpose = "hit-and-run";
    CHECK(bench.ask_hits(request).matched == 0);
    CHECK(bench.looks().empty());
    AccessPolicy policy = host_policy(8);
    person_of(policy, ::geteuid()).sites = {"tunnel"};
    bench.policy.put(policy);
    bench.server.reload_policy();
    CHECK(bench.ask_hits(hits_of()).matched == 0);
    refused(bench.about(HotlistAct::confirm, seq), "no hit of yours");
    policy = host_policy(9);
    person_of(policy, ::geteuid()) = {user_name(::geteuid()), AccessRole::audits, {}, {}, policy.until};
    bench.policy.put(policy);
    bench.server.reload_policy();
    refused(hits_of(), "sees no plate");
    CHECK(bench.looks().empty());
}

TEST_CASE("hits and what was said of them are there after a new start, for as long as their key lives") {
    HotlistBench bench;
    const Seq said = bench.pass();
    const Seq open = bench.pass();
    static_cast<void>(bench.ask_hits(bench.about(HotlistAct::reject, said)));
    const std::vector<ToldHit> before = bench.ask_hits(hits_of()).hits;
    bench.use();
    CHECK(bench.ask_hits(hits_of()).hits == before);
    CHECK(bench.server.counters().hits == 2);
    CHECK(bench.ask_hits(bench.about(HotlistAct::confirm, open)).hits.at(0).state == HitState::confirmed);
    // The epoch is forgotten: so are its hits, in memory and for whoever has the file.
    const std::vector<std::string> gone = bench.road.opener_with({bench.road.reader}).recipients();
    CHECK(bench.server.forget_keys(gone) == 1);
    CHECK(bench.ask_hits(hits_of()).matched == 0);
    bench.server.replace_keys(bench.road.opener_with({bench.road.reader}));
    CHECK(bench.ask_hits(hits_of()).matched == 2);
}

TEST_CASE("a hit that somebody changed in the file is left out, and told") {
    HotlistBench bench;
    bench.pass();
    bench.pass();
    {
        Database database = must(Database::open({.path = bench.hits_path}));
        must_do(database.execute("UPDATE hit SET sealed = (SELECT zeroblob(length(sealed))) WHERE id = 1"));
    }
    bench.use();
    const HotlistAnswer answer = bench.ask_hits(hits_of());
    CHECK(answer.matched == 1);
    CHECK(answer.damaged == 1);
}

TEST_CASE("a list comes into force with an entry, an older one is refused with one, and the newer stays") {
    HotlistBench bench;
    const auto lists = [&bench](AccessVerdict verdict) {
        std::vector<Access> all = bench.entries(verdict);
        std::erase_if(all, [](const Access& one) { return one.what != adopts_hotlist; });
        return all;
    };
    REQUIRE(lists(AccessVerdict::granted).size() == 1);
    CHECK(lists(AccessVerdict::granted)[0].seq == 7);
    CHECK(lists(AccessVerdict::granted)[0].who == "policy");
    bench.server.reload_hotlist();
    CHECK(lists(AccessVerdict::granted).size() == 1);  // the same one
    bench.put(sample_hotlist(now, 6));
    bench.server.reload_hotlist();
    CHECK(lists(AccessVerdict::refused).size() == 1);
    CHECK(bench.ask_hits(hits_of()).version == 7);
    Hotlist next = sample_hotlist(now, 8);
    next.entries.erase(next.entries.begin());
    bench.put(next);
    bench.server.reload_hotlist();
    CHECK(lists(AccessVerdict::granted).size() == 2);
    bench.pass();
    CHECK(bench.ask_hits(hits_of()).matched == 0);
    CHECK(bench.ask_hits(hits_of()).version == 8);
    // Nor after a new start: the log remembers.
    bench.put(sample_hotlist(now, 7));
    bench.use();
    CHECK(bench.ask_hits(hits_of()).version == 0);
}

TEST_CASE(
    "an opener whose list cannot be read gives verdicts all the same, and says that nothing is wanted") {
    HotlistBench bench;
    std::filesystem::remove(bench.list_path);
    bench.use();
    bench.pass();
    const HotlistAnswer answer = bench.ask_hits(hits_of());
    CHECK(answer.version == 0);
    CHECK(answer.matched == 0);
}

TEST_CASE("entries of sites count there alone, and another jurisdiction is told") {
    Hotlist list = sample_hotlist(now);
    list.entries[0].jurisdiction = "nl";
    list.entries[0].sites = {"tunnel"};
    HotlistBench bench(list);
    bench.pass();
    CHECK(bench.ask_hits(hits_of()).matched == 0);
    list.version = 8;
    list.entries[0].sites = {"bridge"};
    bench.put(list);
    bench.server.reload_hotlist();
    bench.pass();
    CHECK(bench.ask_hits(hits_of()).hits.at(0).hit.is_elsewhere());
}

TEST_CASE("the same read given again is one hit, and more than an answer holds are told by their number") {
    HotlistBench bench;
    const SealedItem read = bench.device.seal().items[0];
    for (int again = 0; again < 3; ++again)
        CHECK(bench.ask(bench.ingest, bench.request(read)).verdict.good());
    CHECK(bench.ask_hits(hits_of()).matched == 1);
    for (std::size_t more = 0; more < max_told_hits; ++more)
        bench.pass();
    const HotlistAnswer answer = bench.ask_hits(hits_of());
    CHECK(answer.matched == max_told_hits + 1);
    CHECK(answer.hits.size() == max_told_hits);
}

TEST_CASE("an opener without a hotlist says so") {
    ServerBench bench;
    PacketStream stream = bench.connect(bench.views_path);
    must_do(stream.send(to_packet(hits_of()), patience));
    bench.turn();
    const auto reason = parse_refusal(must(stream.receive(milliseconds(0))));
    REQUIRE(reason);
    CHECK(reason->find("has no hotlist") != std::string::npos);
}

TEST_CASE(
    "attack: the log of an opener that finds hits tells neither plate, nor case, nor which read it was") {
    const TempDir folder;
    const CapturedLog log(folder.path() / "log");
    HotlistBench bench;
    const Seq seq = bench.pass();
    static_cast<void>(bench.ask_hits(hits_of()));
    static_cast<void>(bench.ask_hits(bench.about(HotlistAct::confirm, seq)));
    for (const char* secret : {"AB12CDE", "A8I2CDE", "LA77TER", "2026-117", "seq=1"})
        CHECK(log.text().find(secret) == std::string::npos);
    CHECK(log.text().find("hotlist: version=7 entries=3") != std::string::npos);
}
