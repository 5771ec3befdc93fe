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

TEST_CASE("a statement of another kind is refused: a checkpoint is no receipt") {
    CHECK_FALSE(parse_receipt(encode_checkpoint(checkpoint()).value()));
    CHECK_FALSE(parse_tombstone(encode_checkpoint(checkpoint()).value()));
    CHECK_FALSE(parse_checkpoint(encode_receipt(receipt()).value()));
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

TEST_CASE("a statement without end is refused") {
    CHECK_FALSE(parse_receipt(R"({"v":1,"kind":"receipt","dev":")" + std::string(100'000, 'a')));
}
