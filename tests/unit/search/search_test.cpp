// Questions to the plate index, over the opener's socket: who is answered, and what stands in the audit log.
#include "collector/opener/search_desk.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <set>

#include "database/database.hpp"
#include "support/fault_vfs.hpp"
#include "unit/search/search_desk_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

TEST_CASE("a plate is found over the socket, with its place, time, lane and direction") {
    SearchBench bench;
    const SealedItem read = bench.device.seal().items[0];
    bench.judge(read);
    const SearchAnswer answer = bench.search(search_for("ab-12 cde"));
    REQUIRE(answer.found.size() == 1);
    CHECK(answer.found[0].device == "gate-1");
    CHECK(answer.found[0].chain == bench.device.head.chain);
    CHECK(answer.found[0].seq == read.seq);
    CHECK(answer.found[0].captured == now);
    CHECK(answer.found[0].text == "AB12CDE");
    CHECK(answer.found[0].lane == "lane-1");
    CHECK(answer.matched == 1);
    CHECK(answer.opened == 1);
    CHECK(answer.damaged == 0);
    CHECK(bench.search(search_for("XY99ZZZ")).found.empty());
    SearchRequest folded = search_for("A8I2CDE");
    CHECK(bench.search(folded).found.empty());
    folded.question.look_alike = true;
    CHECK(bench.search(folded).found.size() == 1);
    CHECK(bench.search(search_for("?B12*")).found.size() == 1);
    CHECK(bench.search(search_for("")).found.size() == 1);
    SearchRequest elsewhere = search_for("AB12CDE");
    elsewhere.question.lane = "lane-2";
    CHECK(bench.search(elsewhere).found.empty());
    CHECK(bench.server.counters().searches == 7);
    CHECK(bench.server.counters().shown == 4);
    CHECK(bench.server.viewers() == 0);
}

TEST_CASE("an entry stands before the answer: who, why, how many, which reads, and what was asked, sealed") {
    SearchBench bench;
    for (int i = 0; i < 2; ++i)
        bench.judge(bench.device.seal().items[0]);
    SearchRequest request = search_for("AB12CDE");
    request.question.from = now - std::chrono::hours(1);
    CHECK(bench.search(request).found.size() == 2);
    const std::vector<Access> entries = bench.entries();
    REQUIRE(entries.size() == 3);
    CHECK(entries[0].what == "search");
    CHECK(entries[0].count == 2);
    CHECK(entries[0].uid == ::geteuid());
    CHECK(entries[0].purpose == "stolen-vehicle");
    CHECK(entries[0].case_number == "2026-117");
    CHECK(entries[0].device.empty());
    for (const std::size_t i : {std::size_t{1}, std::size_t{2}}) {
        CHECK(entries[i].what == "found");
        CHECK(entries[i].device == "gate-1");
        CHECK(entries[i].chain == bench.device.head.chain);
    }
    CHECK(std::set{entries[1].seq, entries[2].seq} == std::set<Seq>{1, 4});
    const std::string asked = bench.asked(1);
    CHECK(
        asked.starts_with(R"({"plate":"AB12CDE","look_alike":false,"from":"2026-11-23T07:00:00.000000Z"})"));
    CHECK(asked.size() == asked_bytes);
    // Another question is of the same length, and no plate stands in the log in the clear.
    CHECK(bench.search(search_for("")).found.size() == 2);
    CHECK(bench.asked(4).size() == asked_bytes);
    AuditLog log = must(AuditLog::read_only(bench.audit_path));
    for (const AuditRow& row : must(log.rows(0, 100))) {
        CHECK(row.text.find("AB12") == std::string::npos);
        CHECK(as_text(row.asked).find("AB12") == std::string_view::npos);
    }
}

TEST_CASE("who finds nothing has an entry all the same") {
    SearchBench bench;
    CHECK(bench.search(search_for("NONE123")).found.empty());
    REQUIRE(bench.entries().size() == 1);
    CHECK(bench.entries()[0].what == "search");
    CHECK(bench.entries()[0].count == 1);
}

TEST_CASE("attack: a search without purpose or case number opens nothing, and the log says who") {
    SearchBench bench;
    bench.judge(bench.device.seal().items[0]);
    for (const auto& [purpose, number] :
         {std::pair{"", "2026-117"}, {"stolen-vehicle", ""}, {"  ", "2026-117"}, {"a", "b\n"}}) {
        SearchRequest request = search_for("AB12CDE");
        request.purpose = purpose;
        request.case_number = number;
        CHECK(bench.refusal(request).find("without a purpose and a case number") != std::string::npos);
    }
    CHECK(bench.entries().empty());
    CHECK_FALSE(bench.entries(AccessVerdict::refused).empty());
    CHECK(bench.server.counters().refused == 4);
    CHECK(bench.server.counters().searches == 0);
}

TEST_CASE("bad questions are refused in words, and change nothing") {
    SearchBench bench;
    bench.judge(bench.device.seal().items[0]);
    std::vector<SearchRequest> bad;
    for (const std::string& plate : {std::string(1000, 'A'), std::string(25, 'A'), std::string("-"),
                                     std::string("A' OR '1'='1"), std::string("A\"; DROP TABLE passage; --")})
        bad.push_back(search_for(plate));
    bad.push_back(search_for("AB12CDE"));
    bad.back().question.from = now;
    bad.back().question.to = now - std::chrono::hours(1);
    bad.push_back(search_for("AB12CDE"));
    bad.back().question.device = "gate-1' --";
    bad.push_back(search_for("AB12CDE"));
    bad.back().question.lane = std::string(65, 'l');
    for (std::size_t i = 0; i < bad.size(); ++i) {
        CAPTURE(i);
        const std::string reason = bench.refusal(bad[i]);
        CHECK(reason.find("the opener's log") == std::string::npos);
        CHECK(reason.find("AAA") == std::string::npos);
    }
    CHECK(bench.entries().empty());
    CHECK(bench.search(search_for("AB12CDE")).found.size() == 1);
}

TEST_CASE("what is no question of this protocol is let go without a word") {
    SearchBench bench;
    for (
        const char* text :
        {R"({"v":1,"op":"search"})",
         R"({"v":2,"op":"search","purpose":"a","case":"b","plate":"","look_alike":false,"device":"","lane":""})",
         R"({"v":1,"op":"search","purpose":"a","case":"b","plate":"","look_alike":false,"device":"","lane":"","more":1})",
         R"({"v":1,"op":"search","purpose":"a","case":"b","plate":"","look_alike":0,"device":"","lane":""})",
         R"({"v":1,"op":"search","purpose":"a","case":"b","plate":"","look_alike":false,"device":"","lane":"","direction":"up"})",
         R"({"v":1,"op":"search","purpose":"a","case":"b","plate":"","look_alike":false,"device":"","lane":"","from_us":-1})"}) {
        CAPTURE(text);
        PacketStream stream = bench.connect(bench.views_path);
        must_do(stream.send(Packet{text, {}}, patience));
        bench.turn();
        CHECK(stream.receive(milliseconds(0)).error().code() == ErrorCode::closed);
    }
    Packet with_blob = to_packet(search_for("AB12CDE"));
    with_blob.blob = to_bytes("more");
    PacketStream stream = bench.connect(bench.views_path);
    must_do(stream.send(with_blob, patience));
    bench.turn();
    CHECK(stream.receive(milliseconds(0)).error().code() == ErrorCode::closed);
    CHECK(bench.entries().empty());
}

TEST_CASE("the audit log cannot be written: nothing is found, who asks is told, verdicts go on") {
    SearchBench bench;
    bench.judge(bench.device.seal().items[0]);
    must_do(must(Database::open({.path = bench.audit_path})).execute("DROP TABLE entry"));
    CHECK(bench.refusal(search_for("AB12CDE")).find("the opener's log says why") != std::string::npos);
    CHECK(bench.server.counters().searches == 0);
    CHECK(bench.server.counters().shown == 0);
    bench.judge(bench.device.seal().items[0]);
}

TEST_CASE("whichever write of the audit log fails in a search, the answer comes only with all its entries") {
    for (std::uint64_t call = 1;; ++call) {
        CAPTURE(call);
        REQUIRE(call < 100);
        FaultVfs disk;
        SearchBench bench;
        bench.judge(bench.device.seal().items[0]);
        disk.fail({FaultVfs::Call::write, SQLITE_FULL, call});
        const Packet packet = bench.exchange(to_packet(search_for("AB12CDE")));
        const bool answered = !parse_refusal(packet);
        CHECK(answered == !disk.struck());
        disk.mend();
        std::size_t searches = 0;
        std::size_t found = 0;
        for (const Access& entry : bench.entries()) {
            searches += entry.what == "search" ? 1 : 0;
            found += entry.what == "found" ? 1 : 0;
        }
        if (answered) {
            CHECK(must(parse_search_answer(packet)).found.size() == 1);
            CHECK(searches == 1);
            CHECK(found == 1);
            break;
        }
        CHECK(found == 0);
    }
}

TEST_CASE("a search that would open too much is refused with its bound, and the log says who tried") {
    SearchBench bench;
    PlateIndex index = must(PlateIndex::attach(bench.index_path));
    const EnvelopeOpener keys = bench.road.opener_with({bench.road.reader});
    must_do(index.use_keys(keys.recipients(), secrets_of(keys)));
    std::vector<IndexedPassage> passages(max_candidates + 1);
    for (std::size_t i = 0; i < passages.size(); ++i) {
        passages[i].device = "gate-1";
        passages[i].seq = i + 1;
        passages[i].captured = now + std::chrono::minutes(i);
        passages[i].text = fmt::format("AB{}", i);
    }
    REQUIRE(must(index.add_all(passages, keys.recipients().at(0), now)) == passages.size());
    const std::string reason = bench.refusal(search_for("AB*"));
    CHECK(reason.find(std::to_string(max_candidates)) != std::string::npos);
    const std::vector<Access> refused = bench.entries(AccessVerdict::refused);
    REQUIRE(refused.size() == 1);
    CHECK(refused[0].what == "search");
    CHECK(bench.asked(1).starts_with(R"({"plate":"AB*")"));
    // Within a narrower window the newest hundred are shown, and how many match.
    SearchRequest narrow = search_for("AB*");
    narrow.question.to = now + std::chrono::minutes(500);
    const SearchAnswer answer = bench.search(narrow);
    CHECK(answer.found.size() == max_found);
    CHECK(answer.matched == 500);
    CHECK(answer.found[0].text == "AB499");
    std::size_t found = 0;
    for (const Access& entry : bench.entries())
        found += entry.what == "found" ? 1 : 0;
    CHECK(found == max_found);
}

TEST_CASE("devices that somebody may not see are neither opened nor found") {
    SearchBench bench;
    bench.judge(bench.device.seal().items[0]);
    PlateIndex index = must(PlateIndex::attach(bench.index_path));
    const EnvelopeOpener keys = bench.road.opener_with({bench.road.reader});
    must_do(index.use_keys(keys.recipients(), secrets_of(keys)));
    AccessDesk desk = bench.policy.desk_on(bench.audit_path, bench.clock);
    const SearchDesk searches = must(SearchDesk::create(bench.auditor.certificate));
    const Access access = must(desk.admit(peer(::geteuid()), "hit-and-run", "2026-117", "search")).access;
    for (const char* plate : {"AB12CDE", "AB*"}) {
        const PlateQuestion question = search_for(plate).question;
        const Sees none = [](std::string_view) { return false; };
        CHECK(must(searches.answer(question, access, none, index, desk)).opened == 0);
        const Sees gate = [](std::string_view device) { return device == "gate-1"; };
        CHECK(must(searches.answer(question, access, gate, index, desk)).found.size() == 1);
    }
}

TEST_CASE("attack: by a search another site's reads are neither found nor opened") {
    SearchBench bench;
    bench.judge(bench.device.seal().items[0]);
    AccessPolicy policy = host_policy(8);
    policy.sites = {{"bridge", {"gate-2"}}, {"tunnel", {"gate-1", "gate-7"}}};
    bench.policy.put(policy);
    bench.server.reload_policy();
    for (const char* plate : {"AB12CDE", "AB*", ""}) {
        const SearchAnswer answer = bench.search(search_for(plate));
        CHECK(answer.found.empty());
        CHECK(answer.opened == 0);
        CHECK(answer.matched == 0);
    }
    SearchRequest named = search_for("AB12CDE");
    named.question.device = "gate-1";
    CHECK(bench.search(named).found.empty());
    policy = host_policy(9);
    bench.policy.put(policy);
    bench.server.reload_policy();
    CHECK(bench.search(named).found.size() == 1);
    CHECK(bench.entries().back().what == "found");
    CHECK(bench.entries().back().role == "operator");
}

TEST_CASE(
    "attack: a search by who is not named, for a purpose that is not his, or with a policy that is over") {
    SearchBench bench;
    bench.judge(bench.device.seal().items[0]);
    SearchRequest request = search_for("AB12CDE");
    request.purpose = "curiosity";
    CHECK(bench.refusal(request).find("no purpose of the access policy") != std::string::npos);
    AccessPolicy policy = host_policy(8);
    remove_person(policy, ::geteuid());
    bench.policy.put(policy);
    bench.server.reload_policy();
    CHECK(bench.refusal(search_for("AB12CDE")).find("does not stand in") != std::string::npos);
    bench.clock.advance(91 * day);
    CHECK(bench.refusal(search_for("AB12CDE")).find("the access policy ended with") != std::string::npos);
    CHECK(bench.entries().empty());
    CHECK(bench.server.counters().searches == 0);
    bench.server.finish();
    std::uint64_t count = 0;
    for (const Access& entry : bench.entries(AccessVerdict::refused)) {
        CHECK(entry.what == "search");
        count += entry.count;
    }
    CHECK(count == 3);
}

TEST_CASE("after its epoch's key is gone a plate is found no more") {
    SearchBench bench;
    bench.judge(bench.device.seal().items[0]);
    CHECK(bench.search(search_for("AB12CDE")).found.size() == 1);
    bench.server.replace_keys(bench.road.opener_with({bench.road.evidence}));
    for (const char* plate : {"AB12CDE", "AB*", ""})
        CHECK(bench.search(search_for(plate)).found.empty());
    // Who has the key again and no row finds nothing either.
    bench.server.replace_keys(bench.road.opener_with({bench.road.reader}));
    CHECK(bench.search(search_for("AB12CDE")).found.empty());
}

TEST_CASE("what the index may lack is told with each answer that it concerns") {
    SearchBench bench;
    const SearchAnswer all = bench.search(search_for("AB12CDE"));
    CHECK(all.holes == std::vector<ToldHole>{{UtcTime(), now}});
    SearchRequest newer = search_for("AB12CDE");
    newer.question.from = now;
    CHECK(bench.search(newer).holes.empty());
    must_do(must(PlateIndex::attach(bench.index_path)).close_holes(now));
    CHECK(bench.search(search_for("AB12CDE")).holes.empty());
    bench.judge(bench.device.seal().items[0]);
    must_do(must(Database::open({.path = bench.index_path})).execute("UPDATE passage SET seq = 77"));
    const SearchAnswer changed = bench.search(search_for("AB12CDE"));
    CHECK(changed.damaged == 1);
    CHECK(changed.found.empty());
}

TEST_CASE("an opener without an index or an auditor says so") {
    ServerBench bench;
    PacketStream stream = bench.connect(bench.views_path);
    must_do(stream.send(to_packet(search_for("AB12CDE")), patience));
    bench.turn();
    const auto reason = parse_refusal(must(stream.receive(milliseconds(0))));
    REQUIRE(reason);
    CHECK(reason->find("[search]") != std::string::npos);
    CHECK(bench.entries().empty());
    CHECK(SearchDesk::create(bench.road.pki.folder() / "none.crt").error().code() ==
          ErrorCode::configuration);
    CHECK(SearchDesk::create(bench.road.device.certificate).error().code() == ErrorCode::configuration);
}

TEST_CASE("question and answer come over the wire as they went") {
    SearchRequest request = search_for("AB1?*");
    request.question.look_alike = true;
    request.question.from = now;
    request.question.to = now + microseconds(1);
    request.question.device = "north-*";
    request.question.lane = "lane \"2\"";
    request.question.direction = Direction::receding;
    CHECK(is_search(to_packet(request)));
    const SearchRequest back = must(parse_search_request(to_packet(request)));
    CHECK(back.question == request.question);
    CHECK(back.purpose == request.purpose);
    CHECK(back.case_number == request.case_number);
    CHECK_FALSE(is_search(to_packet(look())));
    CHECK_FALSE(is_search(Packet{"[]", {}}));

    SearchAnswer answer;
    answer.found.assign(max_found, {"gate-1", ChainId(), 7, now, "AB12", "lane 2", Direction::approaching});
    answer.matched = 105;
    answer.opened = 120;
    answer.damaged = 3;
    answer.locked = 2;
    answer.holes = {{UtcTime(), now}, {now, now + microseconds(5)}};
    const Packet packet = to_packet(answer);
    const SearchAnswer told = must(parse_search_answer(packet));
    CHECK(told.found == answer.found);
    CHECK(told.holes == answer.holes);
    CHECK(std::tie(told.matched, told.opened, told.damaged, told.locked) ==
          std::tie(answer.matched, answer.opened, answer.damaged, answer.locked));
    for (const char* blob : {"", "{}", "[1]", "[{}]", "[[]]"})
        CHECK(parse_search_answer(Packet{packet.header, to_bytes(blob)}).error().code() ==
              ErrorCode::corrupt);
    for (const char* header :
         {R"({})", R"({"v":1,"op":"found","matched":1,"opened":1,"damaged":0,"locked":0,"holes_us":[[2,1]]})",
          R"({"v":1,"op":"found","matched":-1,"opened":1,"damaged":0,"locked":0,"holes_us":[]})"})
        CHECK(parse_search_answer(Packet{header, to_bytes("[]")}).error().code() == ErrorCode::corrupt);
}

TEST_CASE("searches beyond what is usual are refused before anything is opened, and raise an alarm") {
    LookLimits limits;
    limits.searches = {2, 100};
    SearchBench bench(limits);
    bench.judge(bench.device.seal().items[0]);
    for (int i = 0; i < 2; ++i)
        CHECK(bench.search(search_for("AB12CDE")).found.size() == 1);
    const std::size_t before = bench.entries().size();
    CHECK(bench.refusal(search_for("AB12CDE")).find("2 searches within an hour") != std::string::npos);
    CHECK(bench.entries().size() == before);
    const std::vector<Access> refused = bench.entries(AccessVerdict::refused);
    REQUIRE(refused.size() == 2);
    CHECK(refused[0].what == raises_alarm);
    CHECK(refused[1].what == searches_index);
    CHECK(bench.server.counters().alarms == 1);
}

TEST_CASE("a search that would show more reads than is usual is refused before it opens them") {
    LookLimits limits;
    limits.looks = {3, 100};
    SearchBench bench(limits);
    for (int i = 0; i < 2; ++i)
        bench.judge(bench.device.seal().items[0]);
    CHECK(bench.search(search_for("AB12CDE")).found.size() == 2);
    CHECK(bench.refusal(search_for("AB12CDE")).find("would have 2 more; at most 3 are usual") !=
          std::string::npos);
    CHECK(bench.search(search_for("XY99ZZZ")).found.empty());
    CHECK(bench.entries().size() == 4);  // two searches, two reads found
}
