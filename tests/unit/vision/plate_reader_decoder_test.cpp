#include "vision/plate_reader_decoder.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace portcullis;

namespace {

TimeStep step(std::vector<CharacterChoice> choices) {
    float blank = 1;
    for (const CharacterChoice& choice : choices)
        blank -= choice.confidence;
    return {std::move(choices), std::max(0.0F, blank)};
}

}  // namespace

TEST_CASE("certain steps spell a certain text") {
    const std::vector<TimeStep> steps{step({{'A', 1}}), step({{'A', 1}}), step({}), step({{'7', 1}}),
                                      step({})};
    const Reading reading = decode(steps);
    CHECK(text_of(reading.characters) == "A7");
    CHECK(reading.confidence == doctest::Approx(1));
    CHECK(reading.characters[0].confidence == doctest::Approx(1));
    CHECK(reading.characters[0].alternatives.empty());
}

TEST_CASE("a character stands twice only if a blank parts it") {
    const std::vector<TimeStep> once{step({{'8', 1}}), step({{'8', 1}})};
    const std::vector<TimeStep> twice{step({{'8', 1}}), step({}), step({{'8', 1}})};
    CHECK(text_of(decode(once).characters) == "8");
    CHECK(text_of(decode(twice).characters) == "88");
}

TEST_CASE(
    "two shapes that the network cannot tell apart share the probability, the loser is an alternative") {
    const std::vector<TimeStep> steps{step({{'B', 1}}), step({}), step({{'0', 0.6F}, {'O', 0.4F}}), step({})};
    const Reading reading = decode(steps);
    REQUIRE(text_of(reading.characters) == "B0");
    CHECK(reading.confidence == doctest::Approx(0.6));
    CHECK(reading.characters[0].confidence == doctest::Approx(1));
    CHECK(reading.characters[1].confidence == doctest::Approx(0.6));
    REQUIRE(reading.characters[1].alternatives.size() == 1);
    CHECK(reading.characters[1].alternatives[0].letter == 'O');
    CHECK(reading.characters[1].alternatives[0].confidence == doctest::Approx(0.4));
}

TEST_CASE("a text's probability is the sum of its alignments, so the best path need not win") {
    // Best single path: blank blank (0.36). "A": A-, -A and AA together 0.64.
    const std::vector<TimeStep> steps{step({{'A', 0.4F}}), step({{'A', 0.4F}})};
    CHECK(text_probability(steps, "A") == doctest::Approx(0.64));
    CHECK(text_probability(steps, "") == doctest::Approx(0.36));
    CHECK(text_of(decode(steps).characters) == "A");
    CHECK(decode(steps).confidence == doctest::Approx(0.64));
}

TEST_CASE("a character that may be none is no certain character") {
    const std::vector<TimeStep> steps{step({{'X', 1}}), step({}), step({{'1', 0.7F}})};
    const Reading reading = decode(steps);
    REQUIRE(text_of(reading.characters) == "X1");
    CHECK(reading.characters[1].confidence == doctest::Approx(0.7));
}

TEST_CASE("blanks alone, or no steps, read as nothing") {
    CHECK(decode(std::vector<TimeStep>(20, step({}))).characters.empty());
    CHECK(decode(Testimony{}).characters.empty());
    CHECK(decode(Testimony{}).confidence == 0);
}

TEST_CASE("two networks that agree are as sure together as each alone") {
    const Testimony one{step({{'B', 0.8F}}), step({}), step({{'7', 1}})};
    const std::array<Testimony, 2> both{one, one};
    const Reading reading = decode(both);
    CHECK(text_of(reading.characters) == "B7");
    CHECK(reading.confidence == doctest::Approx(0.8).epsilon(0.001));
    CHECK(reading.characters[0].confidence ==
          doctest::Approx(decode(one).characters[0].confidence).epsilon(0.01));
}

TEST_CASE("what one network hardly doubts and the other surely denies is less sure than either said") {
    const std::array<Testimony, 2> both{Testimony{step({{'8', 0.9F}, {'B', 0.1F}})},
                                        Testimony{step({{'8', 0.2F}, {'B', 0.8F}})}};
    const Reading reading = decode(both);
    // Geometric means: 8 has 0.42, B 0.28.
    REQUIRE(text_of(reading.characters) == "8");
    CHECK(reading.confidence == doctest::Approx(0.424).epsilon(0.01));
    CHECK(reading.characters[0].confidence == doctest::Approx(0.6).epsilon(0.01));
    REQUIRE(reading.characters[0].alternatives.size() == 1);
    CHECK(reading.characters[0].alternatives[0].letter == 'B');
}

TEST_CASE("together a letter may win that neither network holds for the best") {
    const std::array<Testimony, 2> both{Testimony{step({{'8', 0.55F}, {'B', 0.45F}})},
                                        Testimony{step({{'3', 0.55F}, {'B', 0.45F}})}};
    CHECK(text_of(decode(both).characters) == "B");
}

TEST_CASE("characters that stand at other steps for each network are the same characters") {
    const std::array<Testimony, 2> both{
        Testimony{step({{'A', 0.9F}}), step({}), step({{'7', 0.9F}}), step({})},
        Testimony{step({}), step({{'A', 0.9F}}), step({}), step({{'7', 0.9F}})}};
    const Reading reading = decode(both);
    CHECK(text_of(reading.characters) == "A7");
    CHECK(reading.confidence == doctest::Approx(0.81).epsilon(0.01));
}

TEST_CASE(
    "texts of two lengths are weighed whole, and one witness cannot rule out what the other is sure of") {
    const std::array<Testimony, 2> both{Testimony{step({{'A', 1}}), step({{'1', 1}})},
                                        Testimony{step({{'A', 1}}), step({{'1', 0.4F}})}};
    CHECK(text_of(decode(both).characters) == "A1");
    const std::array<Testimony, 2> apart{Testimony{step({{'A', 1}})}, Testimony{step({{'C', 1}})}};
    const Reading reading = decode(apart);
    CHECK(reading.characters.size() == 1);
    CHECK(reading.confidence < 0.05F);
}

TEST_CASE("endless steps stay within the limits of a plate") {
    std::vector<TimeStep> steps;
    for (int i = 0; i < 2000; ++i)
        steps.push_back(i % 2 == 0 ? step({{'M', 1}}) : step({}));
    CHECK(decode(steps).characters.size() <= max_characters);
}
