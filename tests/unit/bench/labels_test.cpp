// The labels' CSV: what it takes, and that every bad row is told with its file, line and column.
#include <doctest/doctest.h>

#include "apps/portcullis/bench_labels.hpp"

using namespace portcullis;
using namespace portcullis::bench;

namespace {

const std::string header = "image,source,licence,x1,y1,x2,y2,x3,y3,x4,y4,text,split_hint,kind\n";

std::string message_of(const std::string& row) {
    const auto parsed = parse_labels(header + "ok.png,s,,1,2,3,4,5,6,7,8,AB1,dev,scene\n" + row, "l.csv");
    return parsed ? "parsed" : parsed.error().message();
}

bool begins(const std::string& text, std::string_view start) {
    return text.starts_with(start);
}

}  // namespace

TEST_CASE("rows of one picture are gathered, quoted fields and a picture without plates are taken") {
    const auto parsed = parse_labels(header +
                                         "a.png,s,\"x, \"\"y\"\"\",1,2,3,2,3,4,1.5,4,AB1,dev,scene\r\n"
                                         "n.png,t,,,,,,,,,,,train,negative\n"
                                         "a.png,s,,9,9,11,9,11,12,9,12,,dev,scene",
                                     "l.csv");
    REQUIRE_MESSAGE(parsed, parsed.error().message());
    REQUIRE(parsed->size() == 2);
    const LabelledPicture& first = parsed->front();
    CHECK(first.image == "a.png");
    CHECK(first.hint == "dev");
    REQUIRE(first.plates.size() == 2);
    CHECK(first.plates[0].text == "AB1");
    CHECK(first.plates[0].quad.corners[3] == Point{1.5F, 4});
    CHECK(first.plates[1].text.empty());
    CHECK(parsed->back().kind == Kind::negative);
    CHECK(parsed->back().plates.empty());
}

TEST_CASE("a bad row is told with file, line and column") {
    struct Row {
        const char* row;
        const char* begins;
    };
    const Row rows[] = {
        {"b.png,s,,1,2,3,x,5,6,7,8,AB1,dev,scene", "l.csv:3:y2: not a number"},
        {"b.png,s,,1,2,3,,5,6,7,8,AB1,dev,scene", "l.csv:3:y2: not a number"},
        {"b.png,s,,1,2,3,nan,5,6,7,8,AB1,dev,scene", "l.csv:3:y2: not a number"},
        {"b.png,s,,1,2,3,4px,5,6,7,8,AB1,dev,scene", "l.csv:3:y2: not a number"},
        {"b.png,s,,1,2,3,4,5,6,7,8,AB1,dev,lorry", "l.csv:3:kind: not a known kind"},
        {"b.png,s,,,,,,,,,,AB1,dev,scene", "l.csv:3:x1: a plate without corners"},
        {"b.png,s,,1,2,3,4,5,6,7,8,,dev,negative", "l.csv:3:kind: a negative has no plate"},
        {",s,,1,2,3,4,5,6,7,8,AB1,dev,scene", "l.csv:3:image: empty"},
        {"ok.png,s,,1,2,3,4,5,6,7,8,AB1,dev,crop", "l.csv:3:kind: differs from an earlier row"},
        {"b.png,s,1,2,3,4,5,6,7,8,AB1,dev,scene", "l.csv:3:row: 13 fields"},
        {"b.png,\"s,,1,2,3,4,5,6,7,8,AB1,dev,scene", "l.csv:3:field 2: a quote does not close"},
    };
    for (const Row& row : rows) {
        const std::string message = message_of(row.row);
        CAPTURE(message);
        CHECK(begins(message, row.begins));
        CHECK(message.find("; ") != std::string::npos);   // the cure
        CHECK(message.find("AB1") == std::string::npos);  // no plate text
    }
}

TEST_CASE("a missing column and a file without rows are told") {
    const auto no_kind = parse_labels("image,source,x1,y1,x2,y2,x3,y3,x4,y4,text,split_hint\n", "l.csv");
    REQUIRE_FALSE(no_kind);
    CHECK(begins(no_kind.error().message(), "l.csv:1:kind: no such column"));
    CHECK_FALSE(parse_labels(header, "l.csv"));
    CHECK_FALSE(parse_labels("", "l.csv"));
}
