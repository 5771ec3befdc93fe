#include <doctest/doctest.h>

#include <cmath>

#include "core/chain.hpp"
#include "core/geometry.hpp"
#include "core/ids.hpp"
#include "core/reading.hpp"
#include "core/sealed_item.hpp"
#include "core/verdict.hpp"

using namespace portcullis;

TEST_CASE("a box as a quad runs clockwise from its top left and is convex") {
    const Quad quad = quad_from_box({10, 20, 110, 50});
    CHECK(quad.corners[0] == Point{10, 20});
    CHECK(quad.corners[2] == Point{110, 50});
    CHECK(signed_area(quad) == doctest::Approx(3000));
    CHECK(is_convex(quad));
    CHECK(mean_width(quad) == doctest::Approx(100));
    CHECK(mean_height(quad) == doctest::Approx(30));
}

TEST_CASE("a crossed quad is not convex") {
    Quad quad = quad_from_box({0, 0, 10, 10});
    std::swap(quad.corners[0], quad.corners[1]);
    CHECK_FALSE(is_convex(quad));
}

TEST_CASE("the overlap of boxes is 1 for the same, 0 for apart, a third for halves") {
    const Box box{0, 0, 10, 10};
    CHECK(iou(box, box) == doctest::Approx(1));
    CHECK(iou(box, {20, 20, 30, 30}) == 0);
    CHECK(iou(box, {5, 0, 15, 10}) == doctest::Approx(1.0 / 3));
}

TEST_CASE("a polygon holds the points inside it, an empty one holds all") {
    const std::array<Point, 3> triangle{Point{0, 0}, Point{10, 0}, Point{0, 10}};
    CHECK(contains(triangle, {2, 2}));
    CHECK_FALSE(contains(triangle, {8, 8}));
    CHECK(contains({}, {1000, 1000}));
}

TEST_CASE("a chain link depends on the link before, the seq and the blob") {
    const ChainId chain{};
    const Digest start = first_link("gate-1", chain);
    const Digest blob = sha256(as_bytes("blob"));
    const Digest link = next_link(start, 1, blob);
    CHECK(link == next_link(start, 1, blob));
    CHECK(link != next_link(start, 2, blob));
    CHECK(link != next_link(first_link("gate-2", chain), 1, blob));
    CHECK(link != next_link(start, 1, sha256(as_bytes("blub"))));
}

TEST_CASE("a first link has the value that other implementations must reproduce") {
    const ChainId chain = chain_from_string("0001020304050607").value();
    Bytes by_hand{std::byte{0}};
    for (const char letter : std::string_view("gate-1"))
        by_hand.push_back(static_cast<std::byte>(letter));
    by_hand.push_back(std::byte{0});
    for (int i = 0; i < 8; ++i)
        by_hand.push_back(static_cast<std::byte>(i));
    CHECK(first_link("gate-1", chain) == sha256(by_hand));
}

TEST_CASE("chain ids survive their text form and others are refused") {
    CHECK(to_string(chain_from_string("00ff00ff00ff00ff").value()) == "00ff00ff00ff00ff");
    for (const char* text : {"", "00", "00ff00ff00ff00ff00", "00ff00ff00ff00fg"})
        CHECK_FALSE(chain_from_string(text));
}

TEST_CASE("a widened quad has each edge moved outwards by the same number of pixels") {
    const Quad wide = widened(quad_from_box({10, 20, 50, 30}), 0.5F);
    CHECK(wide == quad_from_box({9.5F, 19.5F, 50.5F, 30.5F}));
    const Quad slanted{{{{0, 0}, {40, 0}, {50, 10}, {10, 10}}}};
    const Quad moved = widened(slanted, 1);
    CHECK(moved.corners[0].y == doctest::Approx(-1));
    CHECK(moved.corners[1].y == doctest::Approx(-1));
    CHECK(moved.corners[2].y == doctest::Approx(11));
    // The left edge runs through (0, 0) at 45 degrees: a pixel further is sqrt(2) further to the left.
    CHECK(moved.corners[0].x - moved.corners[0].y == doctest::Approx(-std::sqrt(2.0F)));
}

TEST_CASE("what has no proper corners is not widened") {
    for (const Quad& odd : {Quad{}, quad_from_box({5, 5, 5, 9}), quad_from_box({9, 5, 5, 9}),
                            Quad{{{{0, 0}, {40, 0}, {80, 1}, {0, 1}}}}})
        CHECK(widened(odd, 1) == odd);
}

TEST_CASE("device names are short, lower case and safe in topics and paths") {
    for (const char* name : {"gate-1", "a", "lane0-north"})
        CHECK(is_device_name(name));
    for (const char* name :
         {"", "-a", "a-", "Gate", "a/b", "a+b", "#", "a b", "..", "123456789012345678901234567890123"})
        CHECK_FALSE(is_device_name(name));
}

TEST_CASE(
    "attack: no device may bear the name of a service or an operator, by which the broker gives rights") {
    for (const char* name : {"collector", "broker", "signers", "op-anna"})
        CHECK_FALSE(is_device_name(name));
    for (const char* name : {"collector-7", "stop-1", "op"})
        CHECK(is_device_name(name));
}

TEST_CASE("item kinds and verdicts survive their text forms") {
    for (const ItemKind kind :
         {ItemKind::read, ItemKind::plate, ItemKind::overview, ItemKind::checkpoint, ItemKind::tombstone})
        CHECK(item_kind_from_string(to_string(kind)) == kind);
    for (const Authenticity a :
         {Authenticity::authentic, Authenticity::unopened, Authenticity::damaged, Authenticity::forged,
          Authenticity::misplaced, Authenticity::conflicting, Authenticity::duplicate, Authenticity::missing})
        CHECK(authenticity_from_string(to_string(a)) == a);
    for (const KeyTrust t : {KeyTrust::trusted, KeyTrust::stranger, KeyTrust::expired, KeyTrust::revoked,
                             KeyTrust::unfit, KeyTrust::unchecked, KeyTrust::lapsed})
        CHECK(key_trust_from_string(to_string(t)) == t);
    CHECK_FALSE(item_kind_from_string("picture"));
    CHECK_FALSE(authenticity_from_string("valid"));
}

TEST_CASE("only an authentic record by a trusted key is good") {
    CHECK(Verdict{Authenticity::authentic, KeyTrust::trusted}.good());
    CHECK_FALSE(Verdict{Authenticity::authentic, KeyTrust::expired}.good());
    CHECK_FALSE(Verdict{Authenticity::damaged, KeyTrust::trusted}.good());
}

TEST_CASE("the published text names what is in doubt, best first, and leaves out what is unlikely") {
    const std::vector<CharacterReading> characters{
        {'A', 0.99F, {{'4', 0.01F}}}, {'O', 0.5F, {{'0', 0.4F}, {'D', 0.05F}}}, {'7', 0.9F, {}}};
    CHECK(published_text(characters) == "A[O0]7");
    CHECK(text_of(characters) == "AO7");
    CHECK(published_text({}).empty());
}

TEST_CASE("the plate alphabet is numbered there and back, and holds nothing else") {
    for (std::size_t i = 0; i < plate_alphabet; ++i)
        CHECK(alphabet_index(alphabet_at(i)) == i);
    CHECK(alphabet_at(0) == '0');
    CHECK(alphabet_at(35) == 'Z');
    for (const char sign : {'a', ' ', '-', '[', '\0'})
        CHECK_FALSE(alphabet_index(sign));
}
