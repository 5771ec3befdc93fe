#include "unit/vision/drawn_plates.hpp"

#include <doctest/doctest.h>
#include <png.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "vision/rectifier.hpp"

namespace portcullis::test {

namespace {

const std::filesystem::path plates_dir = PORTCULLIS_SOURCE_DIR "/tests/data/plates";

GreyImage load_png(const std::filesystem::path& file) {
    png_image png{};
    png.version = PNG_IMAGE_VERSION;
    REQUIRE(png_image_begin_read_from_file(&png, file.c_str()) != 0);
    png.format = PNG_FORMAT_GRAY;
    GreyImage image{static_cast<int>(png.width), static_cast<int>(png.height), {}};
    image.pixels.resize(PNG_IMAGE_SIZE(png));
    REQUIRE(png_image_finish_read(&png, nullptr, image.pixels.data(), 0, nullptr) != 0);
    return image;
}

}  // namespace

std::vector<DrawnPlate> drawn_plates() {
    std::ifstream stream(plates_dir / "plates.csv");
    std::vector<DrawnPlate> plates;
    std::string line;
    std::getline(stream, line);
    while (std::getline(stream, line)) {
        std::replace(line.begin(), line.end(), ',', ' ');
        std::istringstream fields(line);
        DrawnPlate plate;
        fields >> plate.name >> plate.text >> plate.rows;
        for (Point& corner : plate.quad.corners)
            fields >> corner.x >> corner.y;
        plates.push_back(plate);
    }
    return plates;
}

PlatePatch patch_of(const DrawnPlate& plate) {
    const GreyImage image = load_png(plates_dir / (plate.name + ".png"));
    FrameView frame{PixelFormat::grey8, image.width, image.height, {}};
    frame.planes[0] = {image.pixels.data(), static_cast<std::size_t>(image.width)};
    auto rectifier = Rectifier::create({});
    REQUIRE(rectifier);
    auto patch = rectifier->rectify(frame, plate.quad);
    REQUIRE(patch);
    return *patch;
}

PlatePatch flat_patch(int width, int height, std::uint8_t grey) {
    return {
        {width, height,
         std::vector<std::uint8_t>(static_cast<std::size_t>(width) * static_cast<std::size_t>(height), grey)},
        {}};
}

std::string folded(std::string text) {  // most plates use one shape for O and 0, and for I and 1
    std::replace(text.begin(), text.end(), 'O', '0');
    std::replace(text.begin(), text.end(), 'I', '1');
    return text;
}

void check_posteriors(const Reading& reading) {
    for (const CharacterReading& character : reading.characters) {
        CHECK(character.confidence >= 0);
        CHECK(character.confidence <= 1);
        float sum = character.confidence;
        for (const CharacterChoice& choice : character.alternatives) {
            CHECK(choice.letter != character.letter);
            sum += choice.confidence;
        }
        CHECK(sum <= 1.001F);
    }
}

}  // namespace portcullis::test
