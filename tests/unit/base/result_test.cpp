#include <doctest/doctest.h>

#include "base/result.hpp"

using namespace portcullis;

namespace {

Result<int> half(int value) {
    if (value % 2 != 0) return fail(ErrorCode::invalid_argument, "{} is odd", value);
    return value / 2;
}

Result<int> quarter(int value) {
    const int once = TRY(half(value));
    return TRY(half(once));
}

}  // namespace

TEST_CASE("TRY gives the value, or leaves with the error") {
    CHECK(quarter(8).value() == 2);
    REQUIRE_FALSE(quarter(6));
    CHECK(quarter(6).error().message() == "3 is odd");
}

TEST_CASE("context is put before the message and the code stays") {
    const auto result = with_context(half(3), "room");
    REQUIRE_FALSE(result);
    CHECK(result.error().message() == "room: 3 is odd");
    CHECK(result.error().code() == ErrorCode::invalid_argument);
}
