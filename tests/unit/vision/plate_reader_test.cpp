#include "vision/plate_reader.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <optional>
#include <random>
#include <sstream>

#include "base/file.hpp"
#include "base/sha256.hpp"
#include "unit/vision/drawn_plates.hpp"
#include "unit/vision/model_copy.hpp"
#include "vision/plate_reader_model.hpp"
#include "vision/rectifier.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

const std::filesystem::path source_dir = PORTCULLIS_SOURCE_DIR;
const std::filesystem::path model_dir = source_dir / "models/plate-reader";

PlateReader reader() {
    auto made = PlateReader::create({model_dir});
    if (!made) FAIL(made.error().message());
    return std::move(*made);
}

void check_refused(const std::filesystem::path& folder, const std::filesystem::path& named) {
    const auto made = PlateReader::create({folder});
    REQUIRE_FALSE(made);
    CHECK(made.error().message().find(named.string()) != std::string::npos);
    MESSAGE(made.error().message());
}

// What a process writes to stderr while this lives.
class StderrCatch {
  public:
    StderrCatch() : saved_(dup(STDERR_FILENO)), file_(std::tmpfile()) { dup2(fileno(file_), STDERR_FILENO); }
    StderrCatch(const StderrCatch&) = delete;
    StderrCatch& operator=(const StderrCatch&) = delete;
    ~StderrCatch() {
        restore();
        std::fclose(file_);
    }
    long written() {
        restore();
        std::fseek(file_, 0, SEEK_END);
        return std::ftell(file_);
    }

  private:
    void restore() {
        if (saved_ < 0) return;
        std::fflush(stderr);
        dup2(saved_, STDERR_FILENO);
        close(saved_);
        saved_ = -1;
    }
    int saved_;
    std::FILE* file_;
};

}  // namespace

TEST_CASE("drawn one-row plates of several layouts are read exactly") {
    PlateReader plate_reader = reader();
    int seen = 0;
    for (const DrawnPlate& plate : drawn_plates()) {
        if (plate.rows != 1) continue;
        ++seen;
        const auto reading = plate_reader.read(patch_of(plate));
        REQUIRE(reading);
        CAPTURE(plate.name);
        CHECK(folded(text_of(reading->characters)) == folded(plate.text));
        CHECK(reading->confidence > 0.3F);
    }
    CHECK(seen >= 6);
}

TEST_CASE("drawn two-row plates are read top to bottom") {
    PlateReader plate_reader = reader();
    int seen = 0;
    for (const DrawnPlate& plate : drawn_plates()) {
        if (plate.rows != 2) continue;
        ++seen;
        const auto reading = plate_reader.read(patch_of(plate));
        REQUIRE(reading);
        CAPTURE(plate.name);
        // The order of the rows is what is looked at here: a letter of the upper row may be misread.
        const std::string text = folded(text_of(reading->characters));
        CHECK(text.substr(0, 1) == folded(plate.text).substr(0, 1));
        CHECK(text.ends_with(folded(plate.text).substr(plate.text.size() - 3)));
    }
    CHECK(seen >= 2);
}

TEST_CASE("every character carries a confidence in [0,1] and its alternatives less than it") {
    PlateReader plate_reader = reader();
    for (const DrawnPlate& plate : drawn_plates()) {
        const auto reading = plate_reader.read(patch_of(plate));
        REQUIRE(reading);
        check_posteriors(*reading);
    }
}

TEST_CASE("the same patch reads the same twice: an engine carries nothing over") {
    PlateReader plate_reader = reader();
    const std::vector<DrawnPlate> plates = drawn_plates();
    const PlatePatch first = patch_of(plates.at(0));
    const auto before = plate_reader.read(first);
    for (const DrawnPlate& plate : plates)
        REQUIRE(plate_reader.read(patch_of(plate)));
    const auto after = plate_reader.read(first);
    REQUIRE(before);
    REQUIRE(after);
    CHECK(text_of(before->characters) == text_of(after->characters));
}

TEST_CASE("patches without a plate read as nothing or without confidence") {
    PlateReader plate_reader = reader();
    std::mt19937 chance(7);
    PlatePatch noise = flat_patch(280, 64, 0);
    for (std::uint8_t& pixel : noise.image.pixels)
        pixel = static_cast<std::uint8_t>(chance() & 0xFF);
    for (const PlatePatch& patch :
         {flat_patch(280, 64, 0), flat_patch(280, 64, 255), flat_patch(128, 128, 127), noise}) {
        const auto reading = plate_reader.read(patch);
        REQUIRE(reading);
        CHECK(reading->confidence < 0.5F);
    }
}

TEST_CASE("patches of any size are read without a crash") {
    PlateReader plate_reader = reader();
    for (const auto& [width, height] : {std::pair{1, 1}, {1, 500}, {2, 2}, {5000, 1}, {6000, 3000}}) {
        const auto reading = plate_reader.read(flat_patch(width, height, 90));
        REQUIRE(reading);
        CHECK(reading->confidence < 0.5F);
    }
}

TEST_CASE("a patch whose pixels are not its size is refused") {
    PlateReader plate_reader = reader();
    PlatePatch torn = flat_patch(200, 64, 90);
    torn.image.pixels.pop_back();
    for (const PlatePatch& patch : {torn, PlatePatch{}, PlatePatch{{-4, 4, {}}, {}}}) {
        const auto reading = plate_reader.read(patch);
        REQUIRE_FALSE(reading);
        CHECK(reading.error().code() == ErrorCode::invalid_argument);
    }
}

TEST_CASE("reading writes nothing to stderr") {
    const PlatePatch patch = patch_of(drawn_plates().at(0));
    const PlatePatch black = flat_patch(1, 1, 0);
    StderrCatch caught;
    {
        auto made = PlateReader::create({model_dir});
        for (const PlatePatch& each : {patch, black})
            if (made) (void)made->read(each);
    }
    CHECK(caught.written() == 0);
}

TEST_CASE("a missing model folder is refused and named") {
    check_refused(source_dir / "models/no-such-model", source_dir / "models/no-such-model/model.toml");
}

TEST_CASE("missing weights are refused and named") {
    const ModelCopy copy("plate-reader");
    std::filesystem::remove(copy.weights());
    check_refused(copy.folder(), copy.weights());
}

TEST_CASE("truncated weights are refused and named") {
    const ModelCopy copy("plate-reader");
    std::filesystem::resize_file(copy.weights(), std::filesystem::file_size(copy.weights()) / 2);
    check_refused(copy.folder(), copy.weights());
}

TEST_CASE("weights with one flipped bit are refused and named") {
    const ModelCopy copy("plate-reader");
    std::fstream stream(copy.weights(), std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(5000);
    const int byte = stream.get();
    stream.seekp(5000);
    stream.put(static_cast<char>(byte ^ 1));
    stream.close();
    check_refused(copy.folder(), copy.weights());
}

TEST_CASE("exchanged weights are refused though the environment names their digest") {
    const ModelCopy copy("plate-reader");
    std::ofstream(copy.weights(), std::ios::app) << "x";
    const auto exchanged = read_file(copy.weights(), 8'000'000);
    REQUIRE(exchanged);
    const std::string digest = sha256_hex(*exchanged);
    // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
    REQUIRE(::setenv("PORTCULLIS_SET_MODEL__SHA256", digest.c_str(), 1) == 0);
    check_refused(copy.folder(), copy.weights());
    REQUIRE(::unsetenv("PORTCULLIS_SET_MODEL__SHA256") == 0);  // NOLINT(concurrency-mt-unsafe)
}

TEST_CASE("a card made for another line height, or without a digest, is refused and named") {
    const ModelCopy copy("plate-reader");
    auto card = read_text_file(copy.card(), 10'000);
    REQUIRE(card);
    const auto replaced = [&](const std::string& from, const std::string& to) {
        std::string text = *card;
        const std::size_t place = text.find(from);
        REQUIRE(place != std::string::npos);
        std::ofstream(copy.card()) << text.replace(place, from.size(), to);
    };
    replaced("line_height_px = 40", "line_height_px = 48");
    check_refused(copy.folder(), copy.card());
    replaced("sha256", "sha1");
    check_refused(copy.folder(), copy.card());
}

TEST_CASE("a confidence limit out of range is refused") {
    CHECK_FALSE(PlateReader::create({model_dir, 1.5F}));
    CHECK_FALSE(PlateReader::create({model_dir, -0.1F}));
}

TEST_CASE("a reading below the confidence limit comes back empty") {
    auto strict = PlateReader::create({model_dir, 1.0F});
    REQUIRE(strict);
    const auto reading = strict->read(flat_patch(280, 64, 90));
    REQUIRE(reading);
    CHECK(reading->characters.empty());
    CHECK(reading->confidence == 0);
}
