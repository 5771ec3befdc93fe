#include "record/statement_codec.hpp"

#include <doctest/doctest.h>

using namespace portcullis;

namespace {

constexpr UtcTime noon{microseconds(1'795'435'200'000'000)};

Digest link_of(char letter) {
    Digest digest;
    digest.fill(static_cast<std::byte>(letter));
    return digest;
}

ChainId chain() {
    return chain_from_string("00112233445566ff").value();
}

Checkpoint checkpoint() {
    return {"gate-1", chain(), 1, 64, link_of('c'), noon};
}
Tombstone tombstone() {
    return {"gate-1", chain(), 5, 9, link_of('t'), 1, 2, 1, 1, noon};
}
Receipt receipt() {
    return {"gate-1", chain(), 64, link_of('r'), noon};
}

LifeStatement life() {
    LifeStatement life;
    life.device = "gate-1";
    life.chain = chain();
    life.reason = LifeReason::rolled_back;
    life.boots = 12;
    life.previous = chain_from_string("ff00112233445566").value();
    life.previous_last = 64;
    life.previous_link = link_of('p');
    life.records_lost = 3;
    life.frames_dropped = 450;
    life.link = link_of('l');
    life.time = noon;
    return life;
}

}  // namespace

TEST_CASE("a checkpoint comes back as it was written") {
    const std::string text = encode_checkpoint(checkpoint()).value();
    CHECK(text.starts_with(R"({"v":1,"kind":"checkpoint","dev":"gate-1",)"));
    const Checkpoint read = parse_checkpoint(text).value();
    CHECK(read.first == 1);
    CHECK(read.last == 64);
    CHECK(read.link == link_of('c'));
    CHECK(read.time == noon);
    CHECK(read.chain == chain());
}

TEST_CASE("a tombstone comes back as it was written") {
    const Tombstone read = parse_tombstone(encode_tombstone(tombstone()).value()).value();
    CHECK(read.reads == 1);
    CHECK(read.plates == 2);
    CHECK(read.overviews == 1);
    CHECK(read.checkpoints == 1);
    CHECK(read.last == 9);
}

TEST_CASE("a receipt comes back as it was written") {
    const Receipt read = parse_receipt(encode_receipt(receipt()).value()).value();
    CHECK(read.device == "gate-1");
    CHECK(read.upto == 64);
    CHECK(read.link == link_of('r'));
}

TEST_CASE("a life statement is written as its page says, and comes back") {
    const std::string text = encode_life(life()).value();
    const std::string of_p = "7070707070707070707070707070707070707070707070707070707070707070";
    const std::string of_l = "6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c";
    CHECK(text == R"({"v":1,"kind":"life","dev":"gate-1","chain":"00112233445566ff","why":"rolled_back",)"
                  R"("boots":12,"from":"ff00112233445566","from_last":64,"from_link":")" +
                      of_p + R"(","lost":3,"dropped":450,"last":0,"link":")" + of_l +
                      R"(","t":1795435200000000})");
    const LifeStatement read = parse_life(text).value();
    CHECK(read.reason == LifeReason::rolled_back);
    CHECK(read.boots == 12);
    CHECK(read.previous == life().previous);
    CHECK(read.previous_last == 64);
    CHECK(read.records_lost == 3);
    CHECK(read.frames_dropped == 450);
    CHECK(read.last == 0);
    for (const LifeReason reason :
         {LifeReason::made, LifeReason::start, LifeReason::set_aside, LifeReason::rolled_back,
          LifeReason::spool_lost, LifeReason::anchor_lost, LifeReason::report})
        CHECK(life_reason_from_string(to_string(reason)) == reason);
}

TEST_CASE("a life statement that contradicts itself is neither written nor read") {
    const auto refused = [](const LifeStatement& wrong, const std::string& from, const std::string& to) {
        CHECK_FALSE(encode_life(wrong));
        std::string text = encode_life(life()).value();
        REQUIRE(text.find(from) != std::string::npos);
        text.replace(text.find(from), from.size(), to);
        CHECK_FALSE(parse_life(text));
    };
    LifeStatement in_the_middle = life();  // a chain begins with its first item
    in_the_middle.last = 9;
    refused(in_the_middle, R"("last":0)", R"("last":9)");
    LifeStatement goes_on = life();  // what goes on follows no other
    goes_on.reason = LifeReason::start;
    refused(goes_on, "rolled_back", "start");
    LifeStatement first = life();
    first.reason = LifeReason::made;
    refused(first, "rolled_back", "new");
    LifeStatement never = life();
    never.boots = 0;
    refused(never, R"("boots":12)", R"("boots":0)");
    std::string unknown = encode_life(life()).value();
    unknown.replace(unknown.find("rolled_back"), 11, "rolled_over");
    CHECK_FALSE(parse_life(unknown));
}

TEST_CASE("a statement of another kind is refused: a checkpoint is no receipt") {
    CHECK_FALSE(parse_receipt(encode_checkpoint(checkpoint()).value()));
    CHECK_FALSE(parse_tombstone(encode_checkpoint(checkpoint()).value()));
    CHECK_FALSE(parse_checkpoint(encode_receipt(receipt()).value()));
    CHECK_FALSE(parse_checkpoint(encode_life(life()).value()));
    CHECK_FALSE(parse_life(encode_checkpoint(checkpoint()).value()));
}

TEST_CASE("a span that is empty or begins at 0 is neither written nor read") {
    Checkpoint empty = checkpoint();
    empty.last = 0;
    CHECK_FALSE(encode_checkpoint(empty));
    Checkpoint zero = checkpoint();
    zero.first = 0;
    CHECK_FALSE(encode_checkpoint(zero));
    std::string text = encode_checkpoint(checkpoint()).value();
    text.replace(text.find("\"first\":1"), 9, "\"first\":0");
    CHECK_FALSE(parse_checkpoint(text));
}

TEST_CASE("a receipt of nothing is a receipt up to 0") {
    Receipt none = receipt();
    none.upto = 0;
    CHECK(parse_receipt(encode_receipt(none).value()).value().upto == 0);
}

TEST_CASE("every truncation and every changed byte of a statement is refused or reads otherwise") {
    const std::string text = encode_tombstone(tombstone()).value();
    CHECK_FALSE(parse_tombstone(text + " "));
    for (std::size_t i = 0; i < text.size(); ++i) {
        REQUIRE_FALSE(parse_tombstone(text.substr(0, i)));
        std::string changed = text;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        const Result<Tombstone> read = parse_tombstone(changed);
        REQUIRE((!read || encode_tombstone(*read).value() == changed));
    }
}

TEST_CASE("every truncation and every changed byte of a life statement is refused or reads otherwise") {
    const std::string text = encode_life(life()).value();
    CHECK_FALSE(parse_life(text + " "));
    for (std::size_t i = 0; i < text.size(); ++i) {
        REQUIRE_FALSE(parse_life(text.substr(0, i)));
        for (const int bit : {1, 2, 16}) {
            std::string changed = text;
            changed[i] = static_cast<char>(changed[i] ^ bit);
            const Result<LifeStatement> read = parse_life(changed);
            REQUIRE((!read || encode_life(*read).value() == changed));
        }
    }
}

TEST_CASE("a statement without end is refused") {
    CHECK_FALSE(parse_receipt(R"({"v":1,"kind":"receipt","dev":")" + std::string(100'000, 'a')));
}
