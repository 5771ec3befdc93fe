#include "passage/voter.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "passage/alignment.hpp"

using namespace portcullis;

namespace {

/// A reading of `text` in which each letter has this confidence and, where it has a look-alike, that as its
/// alternative.
Reading reading(std::string_view text, float confidence) {
    Reading out;
    out.confidence = confidence;
    for (const char letter : text) {
        CharacterReading character{letter, confidence, {}};
        const std::string_view pairs = "O00OI11IB88BZ22Z";
        for (std::size_t i = 0; i < pairs.size(); i += 2)
            if (pairs[i] == letter) character.alternatives.push_back({pairs[i + 1], (1 - confidence) * 0.9F});
        out.characters.push_back(std::move(character));
    }
    return out;
}

struct Vote {
    const char* text;
    float confidence;
};

Read vote(std::vector<Vote> votes) {
    Voter voter;
    for (const Vote& one : votes)
        voter.add(reading(one.text, one.confidence), 1);
    return voter.result();
}

}  // namespace

TEST_CASE("readings are voted character by character") {
    struct Row {
        const char* what;
        std::vector<Vote> votes;
        const char* read;
    };
    const Row rows[] = {
        {"nothing", {}, ""},
        {"one reading stands", {{"AB123", 0.7F}}, "AB123"},
        {"the majority of O and 0 wins", {{"AO1", 0.7F}, {"A01", 0.7F}, {"A01", 0.7F}}, "A01"},
        {"two doubtful ones outvote a sure one that is wrong",
         {{"A01", 0.95F}, {"AO1", 0.7F}, {"AO1", 0.7F}, {"AO1", 0.7F}},
         "AO1"},
        {"each place is voted for itself", {{"AB1X", 0.8F}, {"A81Y", 0.8F}, {"AB7Y", 0.8F}}, "AB1Y"},
        {"a lost letter at the end", {{"AB123", 0.8F}, {"AB12", 0.8F}, {"AB123", 0.8F}}, "AB123"},
        {"a lost letter in the middle still votes for the others",
         {{"AB1234", 0.6F}, {"AB234", 0.6F}, {"A81234", 0.6F}},
         "AB1234"},
        {"a letter too many", {{"IAB123", 0.8F}, {"AB123", 0.8F}, {"AB123", 0.8F}}, "AB123"},
        {"garbage is outvoted",
         {{"AB123", 0.7F}, {"WWWMMWW", 0.6F}, {"AB123", 0.7F}, {"XYLLVT7K", 0.6F}},
         "AB123"},
        {"garbage of the same length does not garble",
         {{"AB123", 0.7F}, {"TTTTT", 0.9F}, {"AB123", 0.7F}},
         "AB123"},
        {"nobody is wholly right, the vote is",
         {{"KX21ZT8", 0.8F}, {"KX2IZTB", 0.8F}, {"XX21ZTB", 0.8F}},
         "KX21ZTB"},
    };
    for (const Row& row : rows) {
        CAPTURE(std::string(row.what));
        const Read read = vote(row.votes);
        CHECK(text_of(read.characters) == row.read);
        CHECK(read.readings == static_cast<int>(row.votes.size()));
    }
}

TEST_CASE("the looks of the readings are weighed as the readings are") {
    Reading surer = reading("AB1", 0.9F);
    surer.look = {{"br", 0.8F}, {"ar", 0.2F}};
    Reading other = reading("AB1", 0.3F);
    other.look = {{"ar", 1.0F}};
    Voter voter;
    voter.add(surer, 1);
    voter.add(other, 1);
    const std::vector<Jurisdiction> look = voter.look();
    REQUIRE(look.size() == 2);
    CHECK(look[0].code == "ar");
    CHECK(look[0].confidence == doctest::Approx(0.4));
    CHECK(look[1].confidence == doctest::Approx(0.6));
    CHECK(Voter().look().empty());
}

TEST_CASE("the voted text is kept as raw text") {
    CHECK(vote({{"AB123", 0.7F}}).raw == "AB123");
    CHECK(vote({{"AO1", 0.7F}, {"A01", 0.7F}, {"A01", 0.7F}}).raw == "A01");
    CHECK(vote({}).raw.empty());
}

TEST_CASE("the outcome is the same in every order of arrival") {
    std::vector<Vote> votes = {
        {"AB123", 0.8F}, {"A8123", 0.8F}, {"AB12", 0.7F}, {"AB1Z3", 0.6F}, {"WMWMW", 0.5F}};
    std::ranges::sort(votes, {}, &Vote::text);
    const Read first = vote(votes);
    const auto less = [](const Vote& a, const Vote& b) { return std::string_view(a.text) < b.text; };
    while (std::ranges::next_permutation(votes, less).found) {
        const Read read = vote(votes);
        REQUIRE(text_of(read.characters) == text_of(first.characters));
        REQUIRE(read.confidence == doctest::Approx(first.confidence));
    }
}

TEST_CASE("a heavier patch counts for more") {
    Voter voter;
    voter.add(reading("A01", 0.8F), 1);
    voter.add(reading("A01", 0.8F), 1);
    voter.add(reading("AO1", 0.8F), 5);
    CHECK(text_of(voter.result().characters) == "AO1");
}

TEST_CASE("agreement raises the confidence, disagreement lowers it at its place") {
    const Read one = vote({{"AB123", 0.8F}});
    const Read agreed = vote({{"AB123", 0.8F}, {"AB123", 0.8F}, {"AB123", 0.8F}});
    const Read disputed = vote({{"AB123", 0.8F}, {"AB123", 0.8F}, {"A8123", 0.8F}});
    CHECK(agreed.confidence > one.confidence);
    CHECK(disputed.confidence < agreed.confidence);
    CHECK(disputed.characters[1].confidence < disputed.characters[0].confidence);
    REQUIRE_FALSE(disputed.characters[1].alternatives.empty());
    CHECK(disputed.characters[1].alternatives[0].letter == '8');
}

TEST_CASE("confidences stay within [0,1] whatever comes in") {
    Voter voter;
    for (int i = 0; i < 40; ++i)
        voter.add(reading("AB123", 1.5F), 3);
    voter.add(reading("AB123", -1), 1);
    const Read read = voter.result();
    CHECK(read.confidence <= 1);
    for (const CharacterReading& character : read.characters) {
        CHECK(character.confidence >= 0);
        CHECK(character.confidence <= 1);
    }
}

TEST_CASE("readings without characters, with too many, or without weight do not vote") {
    Voter voter;
    voter.add(reading("", 0.9F), 1);
    voter.add(reading("ABCDEFGHIJKLMNOPQ", 0.9F), 1);
    voter.add(reading("AB1", 0.9F), 0);
    CHECK(voter.voters() == 0);
    CHECK(voter.result().characters.empty());
    CHECK(voter.result().readings == 0);
}

TEST_CASE("memory is bounded and the lightest readings make way") {
    Voter voter;
    for (int i = 0; i < 100; ++i)
        voter.add(reading("WRONG1", 0.1F), 1);
    for (std::size_t i = 0; i < max_voters; ++i)
        voter.add(reading("AB123", 0.9F), 1);
    CHECK(voter.voters() == max_voters);
    CHECK(text_of(voter.result().characters) == "AB123");
}

TEST_CASE("alignment finds where a letter was lost") {
    const Alignment alignment = align("ABCD", reading("ACD", 1).characters);
    CHECK(alignment.places[0] == std::size_t{0});
    CHECK_FALSE(alignment.places[1]);
    CHECK(alignment.places[2] == std::size_t{1});
    CHECK(alignment.places[3] == std::size_t{2});
    CHECK(alignment.cost == doctest::Approx(0.8));
    CHECK(align("ABCD", reading("ABCD", 1).characters).cost == 0);
    CHECK(align("", {}).cost == 0);
}
