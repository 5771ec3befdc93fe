#include "vision/second_opinion.hpp"

#include <doctest/doctest.h>

#include <array>

#include "unit/vision/drawn_plates.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

const std::filesystem::path models = PORTCULLIS_SOURCE_DIR "/models";

Reading reading_of(const std::string& text, float confidence) {
    Reading reading;
    for (const char letter : text)
        reading.characters.push_back({letter, confidence, {}});
    reading.confidence = confidence;
    return reading;
}

Result<SecondOpinion> readers(const SecondOpinionSettings& settings) {
    PlateReaderSettings tesseract;
    tesseract.model_dir = models / "plate-reader";
    return SecondOpinion::create(
        {
            TRY(NetworkReader::create({models / "plate-network"}))
            , TRY(NetworkReader::create({models / "plate-network-second"}))
            , TRY(PlateReader::create(tesseract))
        },
        settings);
}

}  // namespace

TEST_CASE("two readings that agree keep their text and their confidence") {
    const Reading merged = merge_readings(reading_of("AB12", 0.8F), reading_of("AB12", 0.8F));
    CHECK(text_of(merged.characters) == "AB12");
    CHECK(merged.confidence == doctest::Approx(0.8F));
}

TEST_CASE("a letter that both hold for possible wins over one that a single reading prefers") {
    Reading first = reading_of("A8", 0.9F);
    first.characters[1] = {'8', 0.5F, {{'B', 0.45F}}};
    const Reading merged = merge_readings(first, reading_of("AB", 0.9F));
    CHECK(text_of(merged.characters) == "AB");
    REQUIRE_FALSE(merged.characters[1].alternatives.empty());
    CHECK(merged.characters[1].alternatives[0].letter == '8');
}

TEST_CASE("readings that disagree are less sure together than either alone") {
    const Reading merged = merge_readings(reading_of("AB12", 0.8F), reading_of("AB13", 0.8F));
    CHECK(text_of(merged.characters) == "AB12");
    CHECK(merged.confidence < 0.8F);
    const Reading lengths = merge_readings(reading_of("AB12", 0.6F), reading_of("AB123", 0.7F));
    CHECK(text_of(lengths.characters) == "AB123");
    CHECK(lengths.confidence < 0.7F);
}

TEST_CASE(
    "one or two characters are published only when they are very sure, more when they are sure enough") {
    CHECK(is_publishable(reading_of("AB1", 0.3F), 0.25F));
    CHECK_FALSE(is_publishable(reading_of("AB1", 0.2F), 0.25F));
    CHECK_FALSE(is_publishable(reading_of("A1", 0.8F), 0.25F));
    CHECK(is_publishable(reading_of("A1", 0.95F), 0.25F));
    CHECK_FALSE(is_publishable(reading_of("A1", 0.95F), 0.97F));
}

TEST_CASE("an empty reading has no say") {
    CHECK(text_of(merge_readings({}, reading_of("AB", 0.3F)).characters) == "AB");
    CHECK(text_of(merge_readings(reading_of("AB", 0.3F), {}).characters) == "AB");
    CHECK(merge_readings({}, {}).characters.empty());
}

TEST_CASE("further opinions are asked only where those before are not sure") {
    auto network = NetworkReader::create({models / "plate-network"});
    auto other = NetworkReader::create({models / "plate-network-second"});
    auto never = readers({0, 0, 0});
    auto both_networks = readers({1, 0, 0});
    auto everybody = readers({1, 1, 0});
    REQUIRE(network);
    REQUIRE(other);
    REQUIRE(never);
    REQUIRE(both_networks);
    REQUIRE(everybody);
    bool differs = false;
    for (const DrawnPlate& plate : drawn_plates()) {
        const PlatePatch patch = patch_of(plate);
        const auto alone = network->read(patch);
        const auto first = never->read(patch);
        const auto both = both_networks->read(patch);
        const auto all = everybody->read(patch);
        REQUIRE(alone);
        REQUIRE(first);
        REQUIRE(both);
        REQUIRE(all);
        CHECK(first->confidence == alone->confidence);
        const std::array<Testimony, 2> seen{network->testify(patch)->steps, other->testify(patch)->steps};
        CHECK(both->confidence == decode(seen).confidence);
        differs = differs || all->confidence != both->confidence;
    }
    CHECK(differs);
}

TEST_CASE("a reading below the least confidence comes back empty") {
    const PlatePatch patch = patch_of(drawn_plates().at(0));
    const auto lenient = readers({0.9F, 0.9F, 0})->read(patch);
    const auto strict = readers({0.9F, 0.9F, 1})->read(patch);
    REQUIRE(lenient);
    REQUIRE(strict);
    CHECK_FALSE(lenient->characters.empty());
    CHECK(strict->characters.empty());
    CHECK(strict->confidence == 0);
}

TEST_CASE("thresholds out of range are refused") {
    for (const SecondOpinionSettings& wrong : {SecondOpinionSettings{1.5F, 0, 0},
                                               {-0.1F, 0, 0},
                                               {0.9F, 1.5F, 0},
                                               {0.9F, -0.1F, 0},
                                               {0.9F, 0.9F, 1.5F},
                                               {0.9F, 0.9F, -0.1F}}) {
        const auto made = readers(wrong);
        REQUIRE_FALSE(made);
        CHECK(made.error().code() == ErrorCode::invalid_argument);
    }
}
