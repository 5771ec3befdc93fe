#include "record/instant.hpp"

#include <doctest/doctest.h>

using namespace portcullis;

TEST_CASE("a point in time is read as it is written, in UTC, to the microsecond") {
    constexpr UtcTime day{std::chrono::sys_days(std::chrono::year(2026) / 11 / 25)};
    using std::chrono::hours;
    using std::chrono::minutes;
    using std::chrono::seconds;
    CHECK(instant_from_string("2026-11-25") == day);
    CHECK(instant_from_string("2026-11-25T08:15") == day + hours(8) + minutes(15));
    CHECK(instant_from_string("2026-11-25T08:15:30Z") == day + hours(8) + minutes(15) + seconds(30));
    CHECK(instant_from_string("2026-11-25T08:15:30.5Z") ==
          day + hours(8) + minutes(15) + milliseconds(30'500));
    const UtcTime fine = day + microseconds(86'399'123'456);
    CHECK(instant_from_string(to_iso8601(fine)) == fine);
}

TEST_CASE("what is no point in time is none") {
    for (const char* text :
         {"", "Z", "2026-11-2", "2026-13-01", "2026-02-30", "2026-11-25T", "2026-11-25T8:15",
          "2026-11-25T24:00", "2026-11-25T08:60", "2026-11-25T08:15:60Z", "2026-11-25 08:15",
          "2026-11-25T08:15:30.Z", "2026-11-25T08:15:30.1234567Z", "2026-11-25T08:15:30,5Z",
          "2026-11-25T08:15:30+01:00", "2026-11-25T08:15:30ZZ", "2026-11-25T08:15:-1", "2026-11-25T08:15.5"})
        CHECK_MESSAGE(!instant_from_string(text), text);
}
