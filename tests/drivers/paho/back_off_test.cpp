#include "drivers/broker/paho/back_off.hpp"

#include <doctest/doctest.h>

using namespace portcullis;

TEST_CASE("the wait doubles up to its limit, and 50 to 100 % of it are waited") {
    BackOff back_off(milliseconds(100), milliseconds(1000), 1);
    for (const int whole : {100, 200, 400, 800, 1000, 1000}) {
        const auto wait = back_off.next().count();
        CHECK(wait >= whole / 2);
        CHECK(wait <= whole);
    }
}

TEST_CASE("after a good connection the wait begins small again") {
    BackOff back_off(milliseconds(100), milliseconds(100'000), 1);
    for (int i = 0; i < 8; ++i)
        static_cast<void>(back_off.next());
    back_off.reset();
    CHECK(back_off.next() <= milliseconds(100));
}

TEST_CASE("two devices do not wait in step") {
    BackOff one(milliseconds(10'000), milliseconds(10'000), 1);
    BackOff two(milliseconds(10'000), milliseconds(10'000), 2);
    CHECK(one.next() != two.next());
}
