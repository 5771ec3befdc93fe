#include "passage/continuation.hpp"

#include <doctest/doctest.h>

using namespace portcullis;

namespace {

BootTime at(double seconds) {
    return BootTime(microseconds(static_cast<std::int64_t>(seconds * 1e6)));
}

/// Where a plate of constant speed stands: 50 px wide after 2 s, 100 px after 6 s; down the picture with its
/// width.
Box place(double seconds, double width_error = 1) {
    const auto width = static_cast<float>(400 / (10 - seconds));
    const float wide = width * static_cast<float>(width_error);
    return {600 - wide / 2, 6 * width - wide / 8, 600 + wide / 2, 6 * width + wide / 8};
}

Passage seen(double first_s, double last_s, double width_error = 1) {
    Passage passage;
    passage.direction = Direction::approaching;
    passage.frames = 10;
    passage.first_seen = at(first_s);
    passage.last_seen = at(last_s);
    passage.entered = place(first_s, width_error);
    passage.left = place(last_s, width_error);
    return passage;
}

Passage later(Passage passage, double seconds) {
    const microseconds by = at(seconds).time_since_epoch();
    passage.first_seen += by;
    passage.last_seen += by;
    return passage;
}

Passage aside(Passage passage, float pixels) {
    for (Box* box : {&passage.entered, &passage.left}) {
        box->left += pixels;
        box->right += pixels;
    }
    return passage;
}

}  // namespace

TEST_CASE("one way: where a plate was lost, where it is found, and constant speed between") {
    const Passage first = seen(0, 2);
    CHECK(are_one_way(first, seen(2.5, 5)));
    CHECK(are_one_way(first, seen(3.9, 5)));
    CHECK(are_one_way(first, seen(1.5, 5)));        // two tracks took turns
    CHECK_FALSE(are_one_way(first, seen(4.1, 6)));  // too long a gap to tell
    CHECK_FALSE(are_one_way(seen(2.5, 5), first));  // the other way round
    CHECK_FALSE(are_one_way(first, aside(seen(2.5, 5), 150)));
    CHECK_FALSE(are_one_way(first, later(seen(1, 4), 1.5)));   // one that follows
    CHECK_FALSE(are_one_way(first, later(seen(4, 6), -1.5)));  // one that went ahead
}

TEST_CASE(
    "in line: the same when the widths are wrong, but never what begins behind, aside or the other way") {
    const Passage first = seen(0, 2, 2.2);  // the grille was taken for the plate
    CHECK_FALSE(are_one_way(first, seen(2.5, 5)));
    CHECK(are_in_line(first, seen(2.5, 5)));
    CHECK(are_in_line(seen(0, 2), seen(3.9, 5)));
    CHECK_FALSE(are_in_line(first, seen(4.1, 6)));
    CHECK_FALSE(are_in_line(first, aside(seen(2.5, 5), 150)));
    CHECK_FALSE(are_in_line(first, later(seen(0.5, 3), 2)));  // behind
    Passage back = seen(2.5, 5);
    std::swap(back.entered, back.left);
    CHECK_FALSE(are_in_line(first, back));
    Passage standing = seen(2.5, 5);
    standing.left = standing.entered;
    CHECK_FALSE(are_in_line(first, standing));
    CHECK_FALSE(are_in_line(first, later(seen(5.5, 7), -3.2)));  // far ahead, as nothing drives
}
