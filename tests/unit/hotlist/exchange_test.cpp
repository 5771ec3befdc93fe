// What crosses the view socket about hits.
#include "collector/link/hotlist_exchange.hpp"

#include "unit/hotlist/hotlist_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

TEST_CASE("questions about hits, and their answers, cross as they were") {
    HotlistRequest request = hits_of();
    request.since = now;
    request.state = HitState::candidate;
    CHECK(is_hotlist_request(to_packet(request)));
    CHECK(must(parse_hotlist_request(to_packet(request))) == request);
    HotlistRequest word = hits_of(HotlistAct::reject);
    word.device = "gate-1";
    word.chain.bytes.fill(std::byte{3});
    word.seq = 42;
    CHECK(must(parse_hotlist_request(to_packet(word))) == word);
    HotlistAnswer answer;
    answer.hits = {{sample_hit(now), HitState::candidate, "", {}},
                   {sample_hit(now), HitState::confirmed, "alice", now}};
    answer.matched = 3;
    answer.version = 7;
    answer.wanted = 5;
    CHECK(must(parse_hotlist_answer(must(to_packet(answer)))) == answer);
}

TEST_CASE("an answer of another shape is refused") {
    HotlistAnswer answer;
    answer.hits = {{sample_hit(now), HitState::candidate, "", {}}};
    const Packet good = must(to_packet(answer));
    Packet packet = good;
    packet.blob.clear();
    CHECK_FALSE(parse_hotlist_answer(packet));
    packet = good;
    packet.blob.push_back(std::byte{'x'});
    CHECK_FALSE(parse_hotlist_answer(packet));
    for (const char* ruling : {R"(["alert","",0])", R"(["candidate","",-1])", R"(["candidate"])", R"(7)"}) {
        CAPTURE(ruling);
        packet = good;
        const std::string ours = R"(["candidate","",0])";
        packet.header.replace(packet.header.find(ours), ours.size(), ruling);
        CHECK_FALSE(parse_hotlist_answer(packet));
    }
}
