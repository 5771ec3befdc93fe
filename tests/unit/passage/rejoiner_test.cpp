#include "passage/rejoiner.hpp"

#include <doctest/doctest.h>

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
        {"another text", passage(2, 125, 128, 60, 90), read_as("AB1239")},
        {"a letter more", passage(2, 125, 128, 60, 90), read_as("AB12345")},
        {"no text", passage(2, 125, 128, 60, 90), read_as("")},
        {"both in sight together", passage(2, 102, 104, 60, 90), read_as("AB1234")},
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

TEST_CASE("letters that either reading doubts do not tell two passages apart, sure ones do") {
    const auto knows = [](const Read& first, const Read& then) {
        Rejoiner rejoiner(std::chrono::seconds(60));
        rejoiner.remember(passage(1, 100, 103, 40, 60), first);
        return rejoiner.knows(passage(2, 110, 112, 60, 90), then);
    };
    Read doubtful = read_as("A81234");
    CHECK_FALSE(knows(doubtful, read_as("AB1234")));
    doubtful.characters[1].alternatives = {{'B', 0.1F}};
    CHECK(knows(doubtful, read_as("AB1234")));
    CHECK(knows(read_as("AB1234"), doubtful));
    CHECK(knows(read_as("XYZ234", 0.5F), read_as("AB1234")));
    CHECK_FALSE(knows(read_as("XYZ934", 0.5F), read_as("AB1234")));  // four letters are too many
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
    for (PassageId id = 1; id <= max_remembered + 1; ++id)
        full.remember(passage(id, 100, 103, 40, 60), read_as("AB" + std::to_string(1000 + id)));
    CHECK_FALSE(full.knows(passage(900, 110, 112, 60, 90), read_as("AB1001")));
    CHECK(full.knows(passage(900, 110, 112, 60, 90), read_as("AB1002")));
}
