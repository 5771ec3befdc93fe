#include "vision/plate_formats.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "support/temp_dir.hpp"
#include "vision/settler.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

constexpr const char* toy_formats = R"(version = 1
[[group]]
code = "eu"
members = ["gb", "hr"]
[[format]]
jurisdiction = "gb"
name = "current"
pattern = "AA99AAA"
weight = 1.0
rows = 0
source = "a test"
[[format]]
jurisdiction = "br"
name = "old"
pattern = "AAA9999"
weight = 1.0
rows = 0
source = "a test"
[[format]]
jurisdiction = "hr"
name = "zagreb"
pattern = "[Z][G]9999[A]"
weight = 1.0
rows = 1
source = "a test"
)";

void write(const std::filesystem::path& file, const std::string& text) {
    std::ofstream(file) << text;
}

PlateFormats toy() {
    const TempDir folder;
    write(folder.path() / "formats.toml", toy_formats);
    auto formats = PlateFormats::load(folder.path() / "formats.toml");
    if (!formats) FAIL(formats.error().message());
    return std::move(*formats);
}

CharacterReading sure(char letter) {
    return {letter, 0.99F, {}};
}

/// A read whose letters are all sure, but the one at `place`: two that are about as likely.
Read doubtful(const std::string& text, std::size_t place, char other, float chosen = 0.5F,
              float rival = 0.45F) {
    Read read{{}, 0.4F, 1, text};
    for (const char letter : text)
        read.characters.push_back(sure(letter));
    read.characters[place] = {text[place], chosen, {{other, rival}}};
    return read;
}

std::string complaint_of(const std::string& text) {
    const TempDir folder;
    write(folder.path() / "formats.toml", text);
    const auto formats = PlateFormats::load(folder.path() / "formats.toml");
    return formats ? "" : formats.error().message();
}

}  // namespace

TEST_CASE("a pattern's places are sets of characters") {
    const auto places = parse_pattern("A9X[BC1]");
    REQUIRE(places);
    REQUIRE(places->size() == 4);
    CHECK((*places)[0] == 0xFFFFFFC00U);
    CHECK((*places)[1] == 0x3FFU);
    CHECK((*places)[2] == 0xFFFFFFFFFU);
    CHECK((*places)[3] == (0x2U | (1U << 11U) | (1U << 12U)));
    for (const char* wrong : {"", "a9", "A[", "A[]", "A[B-D]", "AB", "99999999999999999"})
        CHECK_FALSE(parse_pattern(wrong));
}

TEST_CASE("a format settles a look-alike, and the raw text stays") {
    const PlateFormats formats = toy();
    const Read read = formats.weigh(doubtful("AB128DE", 4, 'B'), {});
    CHECK(text_of(read.characters) == "AB12BDE");
    CHECK(read.raw == "AB128DE");
    CHECK(read.characters[4].confidence > 0.5F);
    CHECK(read.confidence > 0.4F);
    CHECK(published_text(read.characters) == "AB12[B8]DE");  // the doubt is told all the same
}

TEST_CASE("the reader's own word counts for more than the formats'") {
    const PlateFormats formats = toy();
    const Read read = formats.weigh(doubtful("AB128DE", 4, 'B', 0.7F, 0.2F), {});
    CHECK(text_of(read.characters) == "AB128DE");
    CHECK(published_text(read.characters) == "AB12[8B]DE");
}

TEST_CASE("a format never brings a letter that nobody read") {
    const PlateFormats formats = toy();
    Read read = doubtful("AB128DE", 4, 'S');
    read.characters[4] = sure('8');
    CHECK(text_of(formats.weigh(read, {}).characters) == "AB128DE");
}

TEST_CASE("a text that follows no format is left as it was read, doubt and all") {
    const PlateFormats formats = toy();
    const Read read = formats.weigh(doubtful("8OO8", 1, '0'), {});
    CHECK(text_of(read.characters) == "8OO8");
    CHECK(published_text(read.characters) == "8[O0]O8");
    CHECK(read.jurisdiction.code == "unknown");
    CHECK(read.jurisdiction.confidence == 0);
}

TEST_CASE("a sure letter against the format wins: a plate may be personalised") {
    const PlateFormats formats = toy();
    const Read read = formats.weigh(doubtful("AB128DE", 4, 'B', 0.995F, 0.0F), {});
    CHECK(text_of(read.characters) == "AB128DE");
}

TEST_CASE("the format tells the jurisdiction, and the look helps where formats are alike") {
    const PlateFormats formats = toy();
    const Read english = formats.weigh(doubtful("AB12CDE", 0, '4', 0.98F, 0.01F), {});
    CHECK(english.jurisdiction.code == "gb");
    CHECK(english.jurisdiction.confidence > 0.9F);
    const std::vector<Jurisdiction> look{{"br", 0.9F}, {"eu", 0.1F}};
    const Read personalised = formats.weigh(doubtful("ABCDE", 0, '4', 0.98F, 0.01F), look);
    CHECK(personalised.jurisdiction.code == "br");
}

TEST_CASE("where no member is likely enough the group is the answer") {
    const PlateFormats formats = toy();
    const std::vector<Jurisdiction> look{{"eu", 0.95F}};
    const Read read = formats.weigh(doubtful("ABCDE", 0, '4', 0.98F, 0.01F), look);
    CHECK(read.jurisdiction.code == "eu");
    CHECK(read.jurisdiction.confidence > 0.8F);
}

TEST_CASE("a state is told where the look shows it, else its country") {
    const PlateFormats formats = toy();
    const Read plain = doubtful("ABCDE", 0, '4', 0.98F, 0.01F);
    const std::vector<Jurisdiction> clear{{"br-sp", 0.8F}, {"br-rj", 0.1F}, {"eu", 0.05F}};
    CHECK(formats.weigh(plain, clear).jurisdiction.code == "br-sp");
    const std::vector<Jurisdiction> unclear{{"br-sp", 0.4F}, {"br-rj", 0.4F}, {"br", 0.15F}};
    CHECK(formats.weigh(plain, unclear).jurisdiction.code == "br");
}

TEST_CASE("confidences stay in [0, 1] and an empty read stays empty") {
    const PlateFormats formats = toy();
    const Read read = formats.weigh(doubtful("AB128DE", 4, 'B'), {});
    float sum = read.characters[4].confidence;
    for (const CharacterChoice& choice : read.characters[4].alternatives)
        sum += choice.confidence;
    CHECK(sum <= 1.0001F);
    CHECK(read.confidence <= 1);
    CHECK(formats.weigh(Read{}, {}).characters.empty());
}

TEST_CASE("a plate is invented in a format of its jurisdiction, or of a member of its group, or not at all") {
    const PlateFormats formats = toy();
    std::uint64_t count = 0;
    const auto random = [&count](std::uint64_t bound) { return count++ % bound; };
    for (int i = 0; i < 50; ++i) {
        const auto plate = formats.invent("gb", random);
        REQUIRE(plate);
        REQUIRE(plate->size() == 7);
        CHECK(std::isalpha(static_cast<unsigned char>((*plate)[0])));
        CHECK(std::isdigit(static_cast<unsigned char>((*plate)[2])));
        CHECK(std::isalpha(static_cast<unsigned char>((*plate)[6])));
    }
    bool zagreb = false;
    for (int i = 0; i < 50; ++i)
        zagreb = zagreb || formats.invent("eu", random)->starts_with("ZG");
    CHECK(zagreb);
    CHECK(!formats.invent("unknown", random));
}

TEST_CASE("a wrong formats file is refused with file, line and cure") {
    const std::string good = toy_formats;
    const auto replaced = [&](const std::string& from, const std::string& to) {
        std::string text = good;
        text.replace(text.find(from), from.size(), to);
        return complaint_of(text);
    };
    CHECK(complaint_of(good).empty());
    CHECK(replaced("AA99AAA", "AA99ZZZ").find("pattern") != std::string::npos);
    CHECK(replaced("weight = 1.0", "weight = 0").find("weight") != std::string::npos);
    CHECK(replaced("version = 1", "version = 2").find("version") != std::string::npos);
    CHECK(replaced("rows = 0", "rows = 0\ncolour = 1").find("colour") != std::string::npos);
    CHECK(replaced("\"gb\", \"hr\"", "\"gb\", \"zz\"").find("members") != std::string::npos);
    CHECK(replaced("jurisdiction = \"br\"\nname = \"old\"", "jurisdiction = \"gb\"\nname = \"current\"")
              .find("name") != std::string::npos);
    CHECK(complaint_of("version = 1\n").find("format") != std::string::npos);
    CHECK(
        PlateFormats::load("/nonexistent/formats.toml").error().message().find("/nonexistent/formats.toml") !=
        std::string::npos);
}

TEST_CASE("calibration keeps the order, the ends and the middle") {
    CHECK(calibrated(0.7F, {}) == doctest::Approx(0.7));
    CHECK(calibrated(0.5F, {2, 0}) == doctest::Approx(0.5));
    CHECK(calibrated(0.9F, {1, 1}) > 0.9F);
    float before = 0;
    for (int i = 0; i <= 100; ++i) {
        const float now = calibrated(static_cast<float>(i) / 100, {0.6F, 0.8F});
        CHECK(now >= before);
        CHECK(now > 0);
        CHECK(now < 1);
        before = now;
    }
}

TEST_CASE("the shipped formats and calibration load, and know the plates of many jurisdictions") {
    const auto settler = Settler::create(PORTCULLIS_SOURCE_DIR "/models/plate-formats");
    if (!settler) FAIL(settler.error().message());
    const struct {
        const char* text;
        const char* code;
    } plates[] = {{"KX12ABC", "gb"}, {"ABC1D23", "br"}};
    for (const auto& plate : plates) {
        CAPTURE(plate.text);
        const Read read = settler->settle(doubtful(plate.text, 0, '4', 0.98F, 0.01F), {});
        CHECK(text_of(read.characters) == plate.text);
        CHECK(read.jurisdiction.code == plate.code);
    }
}
