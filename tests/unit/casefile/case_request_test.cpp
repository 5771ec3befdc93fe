// The texts that people sign: one spelling each.
#include "unit/casefile/case_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

TEST_CASE("a request says the same after it was written and read, with a question or with names") {
    CaseBench bench;
    CaseRequest request = bench.request("BO?1*");
    request.question.from = now - 3 * day;
    request.question.direction = Direction::receding;
    request.question.device = "gate-*";
    const std::string text = must(encode_case_request(request));
    const CaseRequest again = must(parse_case_request(text));
    CHECK(again.question == request.question);
    CHECK(again.recipient == request.recipient);
    CHECK(again.until == request.until);
    request.question = {};
    request.reads = {{"gate-1", bench.head.chain, 3}, {"gate-2", bench.head.chain, 1}};
    CHECK(must(parse_case_request(must(encode_case_request(request)))).reads == request.reads);
}

TEST_CASE("a request cut short, changed in one letter, or of another version is refused") {
    CaseBench bench;
    const std::string text = must(encode_case_request(bench.request()));
    for (std::size_t bytes = 0; bytes < text.size(); ++bytes)
        CHECK(!parse_case_request(text.substr(0, bytes)));
    std::string other = text;
    other[5] = '2';
    CHECK(!parse_case_request(other));
    CHECK(!parse_case_request(text + " "));
}

TEST_CASE("a request that asks for nothing, for too much or for two things at once cannot be written") {
    CaseBench bench;
    CaseRequest request = bench.request();
    request.most = max_case_reads + 1;
    CHECK(!encode_case_request(request));
    request.most = 0;
    CHECK(!encode_case_request(request));
    request = bench.request();
    request.reads = {{"gate-1", bench.head.chain, 3}};
    CHECK(!encode_case_request(request));
    request = bench.request();
    request.case_number = "  ";
    CHECK(!encode_case_request(request));
    request = bench.request("");
    request.reads = {{"gate-2", bench.head.chain, 3}, {"gate-1", bench.head.chain, 3}};
    CHECK(!encode_case_request(request));
}

TEST_CASE("a read's name is refused in any other form") {
    CHECK(place_from_string("gate-1/0123456789abcdef/17"));
    for (const char* bad :
         {"", "gate-1", "gate-1/0123456789abcdef", "gate-1/0123456789abcdef/0", "gate-1/0123456789abcdef/1x",
          "gate-1/zz/1", "/0123456789abcdef/1", "../0123456789abcdef/1", "gate-1/0123456789abcdef/-1",
          "gate-1/0123456789abcdef/99999999999999999999999"})
        CHECK(!place_from_string(bad));
}

TEST_CASE("a manifest with a part that leads elsewhere cannot be written") {
    CaseManifest manifest;
    manifest.parts = {{"reads.json", {}, 1}};
    const std::string text = must(encode_manifest(manifest));
    CHECK(must(parse_manifest(text)).parts.size() == 1);
    for (std::size_t bytes = 0; bytes < text.size(); ++bytes)
        CHECK(!parse_manifest(text.substr(0, bytes)));
    for (const char* bad : {"../x", "/etc/x", ".x", "", "A", "a/b"}) {
        manifest.parts[0].name = bad;
        CHECK(!encode_manifest(manifest));
    }
}
