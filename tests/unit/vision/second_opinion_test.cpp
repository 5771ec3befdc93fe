#include "vision/second_opinion.hpp"

#include <doctest/doctest.h>

#include "drawn_plates.hpp"

using namespace portcullis;

namespace {

const std::filesystem::path models = PORTCULLIS_SOURCE_DIR "/models";

Reading reading_of(const std::string& text, float confidence) {
    Reading reading;
    for (const char letter : text)
        reading.characters.push_back({letter, confidence, {}});
    reading.confidence = confidence;
    return reading;
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

TEST_CASE("an empty reading has no say") {
    CHECK(text_of(merge_readings({}, reading_of("AB", 0.3F)).characters) == "AB");
    CHECK(text_of(merge_readings(reading_of("AB", 0.3F), {}).characters) == "AB");
    CHECK(merge_readings({}, {}).characters.empty());
}

TEST_CASE("a second opinion is asked only where the first reading is not sure") {
    PlateReaderSettings tesseract;
    tesseract.model_dir = models / "plate-reader";
    const auto asking = [&](float sure) {
        auto made = SecondOpinion::create(std::move(*NetworkReader::create({models / "plate-network"})),
                                          std::move(*PlateReader::create(tesseract)), {sure});
        REQUIRE(made);
        return std::move(*made);
    };
    auto network = NetworkReader::create({models / "plate-network"});
    REQUIRE(network);
    SecondOpinion never = asking(0);
    SecondOpinion always = asking(1);
    bool differs = false;
    for (const DrawnPlate& plate : drawn_plates()) {
        const PlatePatch patch = patch_of(plate);
        const auto alone = network->read(patch);
        const auto first = never.read(patch);
        const auto both = always.read(patch);
        REQUIRE(alone);
        REQUIRE(first);
        REQUIRE(both);
        CHECK(first->confidence == alone->confidence);
        differs = differs || both->confidence != alone->confidence;
    }
    CHECK(differs);
}

TEST_CASE("a reading below the least confidence comes back empty") {
    PlateReaderSettings tesseract;
    tesseract.model_dir = models / "plate-reader";
    const auto made = [&](float least) {
        auto readers = SecondOpinion::create(std::move(*NetworkReader::create({models / "plate-network"})),
                                             std::move(*PlateReader::create(tesseract)), {0.9F, least});
        REQUIRE(readers);
        return std::move(*readers);
    };
    const PlatePatch patch = patch_of(drawn_plates().at(0));
    CHECK_FALSE(made(0).read(patch)->characters.empty());
    const auto strict = made(1).read(patch);
    REQUIRE(strict);
    CHECK(strict->characters.empty());
    CHECK(strict->confidence == 0);
}

TEST_CASE("a threshold out of range is refused") {
    PlateReaderSettings tesseract;
    tesseract.model_dir = models / "plate-reader";
    const auto made = SecondOpinion::create(std::move(*NetworkReader::create({models / "plate-network"})),
                                            std::move(*PlateReader::create(tesseract)), {1.5F});
    REQUIRE_FALSE(made);
    CHECK(made.error().code() == ErrorCode::invalid_argument);
}
