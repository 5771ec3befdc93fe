#include "passage/rejoiner.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace portcullis;

namespace {

Read read_as(std::string_view text, float confidence = 0.95F) {
    Read read;
    read.confidence = confidence;
    read.readings = 3;
    for (const char letter : text)
        read.characters.push_back({letter, confidence, {}});
    return read;
}

Box plate(float x, float y, float width) {
    return {x - width / 2, y - width / 8, x + width / 2, y + width / 8};
}

/// Approaching: it enters small and leaves large.
Passage passage(PassageId id, double first_s, double last_s, float enters_px, float leaves_px) {
    const auto at = [](double seconds) {
        return BootTime(microseconds(static_cast<std::int64_t>(seconds * 1e6)));
    };
    Passage passage;
    passage.id = id;
    passage.direction = leaves_px > enters_px ? Direction::approaching : Direction::receding;
    passage.first_seen = at(first_s);
    passage.last_seen = at(last_s);
    passage.frames = 20;
    passage.entered = plate(640, 4 * enters_px, enters_px);
    passage.left = plate(640, 4 * leaves_px, leaves_px);
    return passage;
}

}  // namespace

TEST_CASE("a vehicle that was hidden in a queue and comes out farther on is known again") {
    Rejoiner rejoiner(std::chrono::seconds(60));
    rejoiner.remember(passage(1, 100, 103, 40, 60), read_as("AB1234"));
    CHECK(rejoiner.knows(passage(2, 125, 128, 58, 90), read_as("AB1234")));
    // And once more, from where it was last.
    CHECK(rejoiner.knows(passage(3, 150, 152, 92, 110), read_as("AB1234")));
    CHECK_FALSE(rejoiner.knows(passage(4, 160, 162, 60, 110), read_as("AB1234")));
}

TEST_CASE("two passages are not one when anything tells them apart") {
    struct Row {
        const char* what;
        Passage passage;
        Read read;
    };
    const Row rows[] = {
        {"it enters before where the other was lost: it drove round", passage(2, 125, 128, 40, 90),
         read_as("AB1234")},
        {"another text", passage(2, 125, 128, 60, 90), read_as("AB1238")},
        {"two letters more", passage(2, 125, 128, 60, 90), read_as("AB123480")},
        {"no text", passage(2, 125, 128, 60, 90), read_as("")},
        {"both in sight together, one behind the other", passage(2, 102, 104, 30, 50), read_as("AB1234")},
        {"it goes the other way", passage(2, 125, 128, 60, 40), read_as("AB1234")},
        {"too late", passage(2, 163.5, 165, 60, 90), read_as("AB1234")},
    };
    for (const Row& row : rows) {
        CAPTURE(std::string(row.what));
        Rejoiner rejoiner(std::chrono::seconds(60));
        rejoiner.remember(passage(1, 100, 103, 40, 60), read_as("AB1234"));
        CHECK_FALSE(rejoiner.knows(row.passage, row.read));
    }
}

TEST_CASE("attack: two cars with one cloned plate in convoy are two records") {
    Rejoiner rejoiner(std::chrono::seconds(60));
    rejoiner.remember(passage(1, 100, 103, 40, 110), read_as("AB1234"));
    CHECK_FALSE(rejoiner.knows(passage(2, 104, 107, 40, 110), read_as("AB1234")));
    Rejoiner beside(std::chrono::seconds(60));
    beside.remember(passage(1, 100, 103, 40, 110), read_as("AB1234"));
    CHECK_FALSE(beside.knows(passage(2, 102, 105, 40, 110), read_as("AB1234")));
}

TEST_CASE("what is often misread does not tell two passages apart, a letter that is lost neither") {
    const auto knows = [](const char* first, const char* then, double after_s = 110, int frames = 20) {
        Rejoiner rejoiner(std::chrono::seconds(60));
        Passage before = passage(1, 100, 103, 40, 60);
        before.frames = frames;
        rejoiner.remember(before, read_as(first));
        return rejoiner.knows(passage(2, after_s, after_s + 2, 60, 90), read_as(then));
    };
    CHECK(knows("A81234", "AB1234"));
    CHECK(knows("OI2S4B8", "0125488"));
    CHECK(knows("AB12345", "AB1245"));
    CHECK(knows("AB1245", "AB12345"));
    CHECK_FALSE(knows("AB1234", "B1234"));  // too short for that
    CHECK_FALSE(knows("AB1234", "0B1234"));
    CHECK(knows("AB1234", "0B1234", 104));  // at once and where it was to be: one letter is no other vehicle
    CHECK_FALSE(knows("AB1234", "0B1294", 104));
    CHECK(knows("AB1234", "0B1234", 104, 5));  // seen for a moment and at once again: once it may be misread
    CHECK_FALSE(knows("AB1234", "0B1294", 104, 5));
    CHECK_FALSE(knows("AB1234", "0B1234", 110, 5));
}

TEST_CASE("two tracks that took turns with one plate are one vehicle") {
    // By 1/width: at 101 s it is 48 px wide, at 102 s 60 px.
    const auto knows = [](const Passage& inner) {
        Rejoiner rejoiner(std::chrono::seconds(60));
        rejoiner.remember(passage(1, 100, 103, 40, 80), read_as("AB1234"));
        return rejoiner.knows(inner, read_as("AB1234"));
    };
    CHECK(knows(passage(2, 101, 102, 48, 60)));
    CHECK_FALSE(knows(passage(2, 101, 102, 34, 40)));  // behind it
    Passage beside = passage(2, 101, 102, 48, 60);
    for (Box* box : {&beside.entered, &beside.left}) {
        box->left += 100;
        box->right += 100;
    }
    CHECK_FALSE(knows(beside));
}

TEST_CASE("of a fleet with plates in a row each car is a record, where plates do not grow as well") {
    Rejoiner rejoiner(std::chrono::seconds(60));
    for (PassageId id = 0; id < 10; ++id) {
        const double begins_s = 100 + 2.0 * static_cast<double>(id);
        Passage crossing = passage(id + 1, begins_s, begins_s + 1, 60, 60);
        crossing.direction = Direction::unknown;
        crossing.left.left += 300;
        crossing.left.right += 300;
        const Read read = read_as("AB10" + std::to_string(id));
        CHECK_FALSE(rejoiner.knows(crossing, read));
        rejoiner.remember(crossing, read);
    }
}

TEST_CASE("the way of a few frames counts for nothing, one bad quad makes it") {
    Rejoiner rejoiner(std::chrono::seconds(60));
    Passage glimpse = passage(1, 100, 100.2, 42, 31);  // receding, by its last quad
    glimpse.frames = 3;
    rejoiner.remember(glimpse, read_as("AB1234"));
    CHECK(rejoiner.knows(passage(2, 100.5, 103, 33, 80), read_as("AB1234")));
}

TEST_CASE("a passage that is reported late does not make the rejoiner forget one that it may belong to") {
    Rejoiner rejoiner(std::chrono::seconds(60));
    rejoiner.remember(passage(1, 100, 103, 40, 60), read_as("AB1234"));
    CHECK_FALSE(rejoiner.knows(passage(3, 170, 172, 40, 90), read_as("XYZ987")));
    CHECK(rejoiner.knows(passage(2, 160, 175, 60, 90), read_as("AB1234")));
}

TEST_CASE("attack: what is kept of a text fits hundreds of thousands of texts") {
    std::array<int, 4> digits{};
    std::array<int, 4> letters{};
    for (std::size_t i = 0; i < plate_alphabet; ++i)
        ++(i < 10 ? digits : letters)[letter_group(alphabet_at(i))];
    for (std::size_t group = 0; group < 4; ++group) {
        CHECK(digits[group] >= 2);
        CHECK(letters[group] >= 6);
    }
    // Nothing but the groups is in it.
    const TextTrace trace = trace_of(read_as("AB1234").characters);
    CHECK(trace == trace_of(read_as("HP7Z89", 0.3F).characters));
    CHECK(sizeof trace == max_traced_letters + 1);
    CHECK(trace_of(read_as("ABCDEFGHIJKLM").characters).length == 0);
}

TEST_CASE("a shorter fragment that is reported later is known too") {
    Rejoiner rejoiner(std::chrono::seconds(60));
    rejoiner.remember(passage(2, 104, 105, 62, 110), read_as("AB1234"));
    CHECK(rejoiner.knows(passage(1, 100, 103, 40, 60), read_as("AB1234")));
}

TEST_CASE("a passage that goes on after it was reported is remembered from its end") {
    Rejoiner rejoiner(std::chrono::seconds(60));
    rejoiner.remember(passage(1, 100, 103, 40, 60), read_as("AB1234"));
    rejoiner.extend(passage(1, 100, 150, 40, 80));
    CHECK_FALSE(rejoiner.knows(passage(2, 155, 157, 60, 90), read_as("AB1234")));
    CHECK(rejoiner.knows(passage(3, 160, 162, 78, 90), read_as("AB1234")));
}

TEST_CASE("zero switches it off, and its memory is bounded") {
    Rejoiner off(milliseconds(0));
    off.remember(passage(1, 100, 103, 40, 60), read_as("AB1234"));
    CHECK_FALSE(off.knows(passage(2, 103.5, 104, 60, 90), read_as("AB1234")));
    Rejoiner full(std::chrono::seconds(60));
    const auto text = [](PassageId number) {  // one of each group, as the digits of the number
        std::string signs = "AB";
        for (int place = 0; place < 4; ++place, number /= 4)
            signs += "0134"[number % 4];
        return signs;
    };
    for (PassageId id = 1; id <= max_remembered + 1; ++id)
        full.remember(passage(id, 100, 103, 40, 60), read_as(text(id)));
    CHECK_FALSE(full.knows(passage(900, 110, 112, 60, 90), read_as(text(1))));
    CHECK(full.knows(passage(900, 110, 112, 60, 90), read_as(text(2))));
}
