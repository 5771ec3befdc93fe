// What a row keeps to itself.
#include "index/index_cell.hpp"

#include <doctest/doctest.h>

#include "unit/index/index_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

TEST_CASE("what is written into a cell is read from it") {
    for (const std::string& text : {std::string(), std::string("AB12CDE"), std::string(24, 'Z')})
        for (const std::string& lane : {std::string(), std::string("lane 2"), std::string(64, 'x')}) {
            IndexedPassage passage = passage_of(text);
            passage.lane = lane;
            IndexedPassage read = passage_of("");
            read.lane = read.text = "";
            must_do(decode_cell(must(encode_cell(passage)), read));
            CHECK(read == passage);
        }
}

TEST_CASE("a cell's length tells nothing of the plate") {
    CHECK(must(encode_cell(passage_of(""))).size() ==
          must(encode_cell(passage_of(std::string(24, 'A')))).size());
}

TEST_CASE("what is too long, or of before 1970, gets no cell") {
    IndexedPassage passage = passage_of(std::string(25, 'A'));
    CHECK(encode_cell(passage).error().code() == ErrorCode::invalid_argument);
    passage = passage_of("AB");
    passage.lane = std::string(65, 'x');
    CHECK(encode_cell(passage).error().code() == ErrorCode::invalid_argument);
    passage = passage_of("AB");
    passage.captured = UtcTime(microseconds(-1));
    CHECK(encode_cell(passage).error().code() == ErrorCode::invalid_argument);
}

TEST_CASE("a cell of another form is damaged, whatever it holds") {
    const Bytes good = must(encode_cell(passage_of("AB12")));
    IndexedPassage passage;
    for (std::size_t size = 0; size < good.size(); ++size)
        CHECK_FALSE(decode_cell(ByteView(good).first(size), passage));
    const std::vector<std::pair<std::size_t, int>> wrong = {{0, 0x80}, {8, 3}, {9, 25}, {10, 30}, {10, 255}};
    for (const auto& [at, value] : wrong) {
        CAPTURE(at);
        Bytes bad = good;
        bad[at] = static_cast<std::byte>(value);
        CHECK(decode_cell(bad, passage).error().code() == ErrorCode::corrupt);
    }
}

TEST_CASE("a sealed cell opens in its place, with its key, unchanged, and else not at all") {
    SecretKey secret;
    secret.bytes.fill(std::byte{7});
    const IndexKey key(secret);
    const Bytes plain = to_bytes("sixty-four bytes or so");
    const Bytes cell = must(key.seal(plain, as_bytes("here")));
    CHECK(must(key.open(cell, as_bytes("here"))) == plain);
    CHECK(cell != must(key.seal(plain, as_bytes("here"))));  // a new nonce each time
    CHECK(key.open(cell, as_bytes("there")).error().code() == ErrorCode::corrupt);
    secret.bytes.fill(std::byte{8});
    CHECK(IndexKey(secret).open(cell, as_bytes("here")).error().code() == ErrorCode::corrupt);
    for (std::size_t i = 0; i < cell.size(); ++i) {
        Bytes changed = cell;
        changed[i] ^= std::byte{1};
        CHECK_FALSE(key.open(changed, as_bytes("here")));
    }
    for (const std::size_t size : {std::size_t{0}, std::size_t{28}})
        CHECK_FALSE(key.open(ByteView(cell).first(size), as_bytes("here")));
}
