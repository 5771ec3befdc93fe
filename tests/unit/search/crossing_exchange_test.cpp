// A question about crossings and its answer on the wire.
#include "collector/link/view_exchange.hpp"
#include "unit/search/crossing_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

CrossingAnswer full_answer() {
    const ToldPassage in{"gate-1", ChainId(), "lane \"1\"", 7, now};
    const ToldPassage out{"gate-2", ChainId(), "", 9, now + std::chrono::minutes(3)};
    CrossingAnswer answer;
    answer.crossings.assign(max_told_crossings, {in, out, 5});
    answer.entries = {{in, "unread"}, {in, "edge"}};
    answer.exits = {{out, "ambiguous"}, {out, "alone"}};
    answer.counts = {1000, 2, 3, 4000, 5, 6};
    answer.median = std::chrono::minutes(-1);
    answer.centile_90 = std::chrono::hours(700);
    answer.holes = {{UtcTime(), now}};
    return answer;
}

}  // namespace

TEST_CASE("question and answer about crossings come over the wire as they went") {
    CrossingRequest request = crossings_at_the_gate();
    request.question.entry.direction = Direction::approaching;
    request.question.exit.direction = Direction::unknown;
    request.question.shortest = std::chrono::seconds(5);
    CHECK(is_crossing_request(to_packet(request)));
    CHECK_FALSE(is_crossing_request(to_packet(search_for("AB12"))));
    CHECK_FALSE(is_crossing_request(Packet{"[]", {}}));
    CHECK_FALSE(is_search(to_packet(request)));
    const CrossingRequest back = must(parse_crossing_request(to_packet(request)));
    CHECK(back.question == request.question);
    CHECK(back.purpose == request.purpose);
    CHECK(back.case_number == request.case_number);

    const CrossingAnswer answer = full_answer();
    const CrossingAnswer told = must(parse_crossing_answer(to_packet(answer)));
    CHECK(told.crossings == answer.crossings);
    CHECK(told.entries == answer.entries);
    CHECK(told.exits == answer.exits);
    CHECK(told.counts == answer.counts);
    CHECK(told.holes == answer.holes);
    CHECK(told.median == answer.median);
    CHECK(told.centile_90 == answer.centile_90);
}

TEST_CASE("what is no question about crossings is refused") {
    const std::string good = to_packet(crossings_at_the_gate()).header;
    const auto spoilt = [&good](const std::string& from, const std::string& to) {
        std::string text = good;
        const std::size_t at = text.find(from);
        REQUIRE(at != text.npos);
        text.replace(at, from.size(), to);
        return parse_crossing_request(Packet{text, {}}).error().code();
    };
    CHECK(spoilt("\"v\":1", "\"v\":2") == ErrorCode::corrupt);
    CHECK(spoilt("\"v\":1", "\"v\":1,\"more\":1") == ErrorCode::corrupt);
    CHECK(spoilt("[[\"gate-1\",\"in\"]]", "[[\"gate-1\"]]") == ErrorCode::corrupt);
    CHECK(spoilt("[[\"gate-1\",\"in\"]]", "[\"gate-1\"]") == ErrorCode::corrupt);
    CHECK(spoilt("[[\"gate-1\",\"in\"]]", "{\"gate-1\":\"in\"}") == ErrorCode::corrupt);
    CHECK(spoilt("[[\"gate-1\",\"in\"]]", "[[\"gate-1\",3]]") == ErrorCode::corrupt);
    CHECK(spoilt("\"slack_s\":2", "\"slack_s\":-2") == ErrorCode::corrupt);
    CHECK(spoilt("\"slack_s\":2", "\"slack_s\":1e99") == ErrorCode::corrupt);
    CHECK(spoilt("\"slack_s\":2", "\"slack_s\":2,\"exit_direction\":\"up\"") == ErrorCode::corrupt);
    CHECK(parse_crossing_request(Packet{good, to_bytes("more")}).error().code() == ErrorCode::corrupt);
}

TEST_CASE("an answer about crossings that is none is refused") {
    CrossingAnswer answer = full_answer();
    const std::string header = to_packet(answer).header;
    const auto parsed = [&header](const std::string& blob) {
        return parse_crossing_answer(Packet{header, to_bytes(blob)});
    };
    const std::string sources = R"("sources":[["gate-1","0000000000000000","in"]])";
    const std::string lists = R"(,"exits":[],"entries":)";
    CHECK(parsed("{" + sources + lists + R"([[[0,1,5],"edge"]],"crossings":[]})"));
    for (const char* entries : {R"([[[1,1,5],"edge"]])", R"([[[0,0,5],"edge"]])", R"([[[0,1,-5],"edge"]])",
                                R"([[[0,1,5],"why"]])", R"([[[0,1],"edge"]])", R"([[0,1,5]])", "[1]", "{}"}) {
        CAPTURE(entries);
        CHECK_FALSE(parsed("{" + sources + lists + entries + R"(,"crossings":[]})"));
    }
    for (const char* crossings : {"[[[0,1,5],[0,1,5]]]", "[[[0,1,5],[0,1,5],-1]]", "[[[0,1,5],[9,1,5],0]]"}) {
        CAPTURE(crossings);
        CHECK_FALSE(parsed("{" + sources + lists + R"([],"crossings":)" + crossings + "}"));
    }
    for (const char* blob : {"", "[]", "{}", R"({"sources":[["GATE","0000000000000000","in"]]})"})
        CHECK_FALSE(parsed(blob));
    answer.crossings.push_back(answer.crossings[0]);
    CHECK_FALSE(parse_crossing_answer(to_packet(answer)));
}
