// Pictures that nobody promised, and models that are not whole, against the decoder, the committed models and
// the tool: an answer or a clear error, never a crash, in bounded memory.
#include <doctest/doctest.h>
#include <sys/resource.h>

#include <map>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "drivers/camera/replay/picture.hpp"
#include "integration/picture_files.hpp"
#include "pipeline/model_eyes.hpp"
#include "pipeline/still_reader.hpp"
#include "support/temp_dir.hpp"
#include "support/tool.hpp"

using namespace portcullis;
using namespace portcullis::test;
using replay::decode_picture;

namespace {

namespace fs = std::filesystem;

constexpr int level_of_coarse_kinds = 26;  // half a step of the test's palette of six levels a colour

const fs::path models = PORTCULLIS_SOURCE_DIR "/models";

/// A drawn car's plate with some bodywork around it.
const Pixels& plate() {
    static const Pixels pixels = [] {
        const auto picture = replay::load_picture(PORTCULLIS_SOURCE_DIR "/tests/data/plates/hr.png");
        REQUIRE(picture);
        REQUIRE(picture->view.format == PixelFormat::grey8);
        return pixels_of(picture->view);
    }();
    return pixels;
}

const StillReader& reader() {
    static const StillReader reader = [] {
        auto eyes = load_eyes(models);
        if (!eyes) FAIL(eyes.error().message());
        return StillReader(std::move(*eyes));
    }();
    return reader;
}

StillResult answer_to(const Bytes& file) {
    const auto picture = decode_picture(file);
    if (!picture) FAIL(picture.error().message());
    auto result = reader().read(picture->view);
    if (!result) FAIL(result.error().message());
    return std::move(*result);
}

/// What stands on the picture, read as a plate.
std::string text_on(const replay::Picture& picture) {
    const auto result = reader().read_patch(picture.view);
    if (!result) FAIL(result.error().message());
    return text_of(result->reads.front().read.characters);
}

std::string text_in(const Bytes& file) {
    const auto picture = decode_picture(file);
    if (!picture) FAIL(picture.error().message());
    return text_on(*picture);
}

/// The largest difference of a grey or BGR picture from the drawn plate, in grey levels.
int distance_from_plate(const FrameView& view) {
    const int channels = view.format == PixelFormat::bgr24 ? 3 : 1;
    int farthest = view.width == plate().width && view.height == plate().height ? 0 : 255;
    for (int y = 0; y < view.height && farthest < 255; ++y)
        for (int x = 0; x < view.width; ++x)
            for (int c = 0; c < channels; ++c) {
                const std::size_t at = static_cast<std::size_t>(y) * view.planes[0].stride +
                                       static_cast<std::size_t>(x * channels + c);
                farthest = std::max(farthest, std::abs(view.planes[0].data[at] - plate().at(x, y)[c]));
            }
    return farthest;
}

std::map<std::string, Pixels> odd_pictures() {
    return {{"black", plain(640, 360, 0, 0, 0)},
            {"white", plain(640, 360, 255, 255, 255)},
            {"blue", plain(640, 360, 255, 0, 0)},
            {"green", plain(640, 360, 0, 255, 0)},
            {"red", plain(640, 360, 0, 0, 255)},
            {"stripes", stripes(640, 360)},
            {"upside-down", turned(plate(), 2)},
            {"quarter-right", turned(plate(), 1)},
            {"quarter-left", turned(plate(), 3)},
            {"40-px-wide", resized(plate(), 40, 12)},
            {"40-px-high", resized(turned(plate(), 1), 12, 40)},
            {"8-px", resized(plate(), 8, 8)},
            {"10000-px-wide", resized(plate(), 10'000, 9)},
            {"10000-px-high", resized(plate(), 9, 10'000)}};
}

std::map<std::string, Bytes> refused_files() {
    const Bytes png = png_file(plate(), {});
    const Bytes jpeg = jpeg_file(plate());
    const auto half = [](const Bytes& whole) {
        return Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(whole.size() / 2));
    };
    return {{"cut.png", half(png)},
            {"cut.jpg", half(jpeg)},
            {"cut-progressive.jpg", half(jpeg_file(plate(), JpegKind::progressive))},
            {"cmyk.jpg", jpeg_file(plain(64, 64, 0, 0, 0), JpegKind::cmyk)},
            {"1-px.png", png_file(plain(1, 1, 9, 9, 9), {})},
            {"1-px.jpg", jpeg_file(plain(1, 1, 9, 9, 9))},
            {"12000-px-wide.png", huge_png(12'000, 40)},
            {"12000-px-wide.jpg", jpeg_file(plain(12'000, 16, 9, 9, 9))}};
}

/// The models, to be damaged by a test.
class ModelsCopy {
  public:
    ModelsCopy() {
        for (const char* name : {"plate-detector", "plate-fitter", "plate-formats", "plate-network",
                                 "plate-network-second", "plate-reader"})
            fs::copy(models / name, path() / name);
    }
    [[nodiscard]] const fs::path& path() const { return folder_.path(); }

  private:
    TempDir folder_;
};

}  // namespace

TEST_CASE("a plate is read from a PNG of every depth and kind, whatever its alpha says") {
    const std::string text = text_in(png_file(plate(), {}));
    REQUIRE_FALSE(text.empty());
    const PngKind kinds[] = {
        {.colour = PngColour::grey},
        {.colour = PngColour::grey, .bits = 16},
        {.colour = PngColour::grey, .bits = 16, .interlaced = true},
        {.colour = PngColour::grey, .bits = 4},
        {.colour = PngColour::grey, .keyed = true},
        {.colour = PngColour::rgb, .bits = 16},
        {.colour = PngColour::rgb, .keyed = true},
        {.colour = PngColour::rgb, .bits = 16, .keyed = true, .interlaced = true},
        {.colour = PngColour::rgb, .interlaced = true},
        {.colour = PngColour::palette},
        {.colour = PngColour::palette, .alpha = 0},
        {.colour = PngColour::grey_alpha},
        {.colour = PngColour::grey_alpha, .alpha = 0},
        {.colour = PngColour::grey_alpha, .bits = 16, .alpha = 0},
        {.colour = PngColour::rgb_alpha},
        {.colour = PngColour::rgb_alpha, .alpha = 0},
        {.colour = PngColour::rgb_alpha, .bits = 16, .alpha = 128},
        {.colour = PngColour::rgb_alpha, .bits = 16, .alpha = 0, .interlaced = true},
    };
    for (const PngKind& kind : kinds) {
        CAPTURE(static_cast<int>(kind.colour));
        CAPTURE(kind.bits);
        CAPTURE(kind.alpha);
        CAPTURE(kind.interlaced);
        const auto picture = decode_picture(png_file(plate(), kind));
        REQUIRE(picture);
        CHECK(text_on(*picture) == text);
        const bool exact = kind.bits >= 8 && kind.colour != PngColour::palette;
        CHECK(distance_from_plate(picture->view) <= (exact ? 0 : level_of_coarse_kinds));
    }
}

TEST_CASE("a PNG of any kind with any byte wrong is decoded or refused, never a crash") {
    const Pixels small = resized(plate(), 24, 16);
    for (const PngKind& kind :
         {PngKind{.colour = PngColour::rgb_alpha, .bits = 16, .interlaced = true},
          PngKind{.colour = PngColour::grey_alpha, .bits = 16}, PngKind{.colour = PngColour::grey, .bits = 1},
          PngKind{.colour = PngColour::rgb, .bits = 16, .keyed = true, .interlaced = true},
          PngKind{.colour = PngColour::palette, .alpha = 0}}) {
        const Bytes whole = png_file(small, kind);
        for (std::size_t at = 8; at < whole.size(); ++at) {
            Bytes wrong = whole;
            wrong[at] ^= std::byte{0x55};
            const auto picture = decode_picture(wrong);
            CHECK((picture || !picture.error().message().empty()));
        }
    }
}

TEST_CASE("a PNG of one and of two bits is answered") {
    for (const int bits : {1, 2}) {
        const auto result = answer_to(png_file(plate(), {.colour = PngColour::grey, .bits = bits}));
        CHECK(result.took.count() >= 0);
    }
}

TEST_CASE("a plate is read from a progressive and from a grey JPEG") {
    const std::string text = text_in(jpeg_file(plate()));
    REQUIRE_FALSE(text.empty());
    CHECK(text_in(jpeg_file(plate(), JpegKind::progressive)) == text);
    CHECK(text_in(jpeg_file(plate(), JpegKind::grey)) == text);
}

TEST_CASE("a picture of one colour holds no plate") {
    for (const char* name : {"black", "white", "blue", "green", "red"}) {
        CAPTURE(std::string(name));
        CHECK(answer_to(png_file(odd_pictures().at(name), {})).reads.empty());
    }
}

TEST_CASE("turned, narrow and huge pictures are answered, as pictures and as plates") {
    for (const auto& [name, pixels] : odd_pictures()) {
        CAPTURE(name);
        const auto picture = decode_picture(png_file(pixels, {}));
        REQUIRE(picture);
        CHECK(reader().read(picture->view));
        CHECK(reader().read_patch(picture->view));
    }
}

TEST_CASE("replay answers each odd picture and refuses each broken one with a line of its own") {
    const TempDir folder;
    std::map<std::string, bool> good;
    fs::create_directories(folder.path() / "in");
    const auto put = [&](const std::string& name, const Bytes& bytes, bool answered) {
        REQUIRE(write_file_atomically(folder.path() / "in" / name, bytes));
        good[name] = answered;
    };
    for (const auto& [name, pixels] : odd_pictures()) {
        put(name + ".png", png_file(pixels, {.colour = PngColour::rgb_alpha, .bits = 16}), true);
        put(name + ".jpg", jpeg_file(pixels), true);
    }
    for (const auto& [name, bytes] : refused_files())
        put(name, bytes, false);
    const ToolRun run =
        run_tool(folder.path(), "replay --stills --threads 2 --annotate seen --predictions p.jsonl in");
    REQUIRE_MESSAGE(run.code == 0, run.err);
    std::istringstream text(read_text_file(folder.path() / "p.jsonl", 1'000'000).value());
    std::size_t lines = 0;
    for (std::string line; std::getline(text, line); ++lines) {
        CAPTURE(line);
        const auto parsed = nlohmann::json::parse(line);
        const auto name = parsed["image"].get<std::string>();
        REQUIRE(good.contains(name));
        CHECK(parsed.contains("error") != good[name]);
        if (!good[name]) CHECK(parsed["error"].get<std::string>().find("in/" + name) != std::string::npos);
    }
    CHECK(lines == good.size());
    // The same as one film whose every frame has another size.
    const ToolRun film = run_tool(folder.path(), "replay --predictions p.jsonl in");
    CHECK_MESSAGE(film.code == 0, film.err);
    CHECK(film.err.find(fmt::format("{} broken", refused_files().size())) != std::string::npos);
}

TEST_CASE(
    "the largest picture with alpha is answered in bounded memory, one beyond is refused by its header") {
    const TempDir folder;
    REQUIRE(write_file_atomically(folder.path() / "largest.png", huge_png(10'000, 6400)));
    const ToolRun run = run_tool(folder.path(), "replay --stills --predictions - largest.png");
    CHECK_MESSAGE(run.code == 0, run.err);
    REQUIRE(write_file_atomically(folder.path() / "beyond.png", huge_png(10'000, 6401)));
    const ToolRun refused = run_tool(folder.path(), "replay --stills --predictions - beyond.png");
    CHECK(refused.code == 1);
    CHECK(refused.err.find("10000 x 6401 px is larger than the limit") != std::string::npos);
    rusage used{};
    REQUIRE(::getrusage(RUSAGE_CHILDREN, &used) == 0);
    const long peak_mib = used.ru_maxrss / 1024;
    CAPTURE(peak_mib);
#if !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)  // whose shadow and quarantine are memory of their own
    CHECK(peak_mib < 320);         // 192 MB of pixels, the models, the program
#endif
}

TEST_CASE("a model file that is missing, cut short or changed stops the start, and is named") {
    struct Damage {
        const char* name;
        std::function<void(const fs::path&)> apply;
    };
    const Damage damages[] = {
        {"missing", [](const fs::path& file) { fs::remove(file); }},
        {"empty", [](const fs::path& file) { fs::resize_file(file, 0); }},
        {"cut short", [](const fs::path& file) { fs::resize_file(file, fs::file_size(file) / 2); }},
        {"changed",
         [](const fs::path& file) {
             Bytes bytes = read_file(file, 10'000'000).value();
             bytes[bytes.size() / 2] ^= std::byte{1};
             REQUIRE(write_file_atomically(file, bytes));
         }},
    };
    const TempDir desk;
    REQUIRE(write_file_atomically(desk.path() / "plate.png", png_file(plate(), {})));
    for (const char* file :
         {"plate-detector/plate-detector.onnx.gz", "plate-fitter/plate-fitter.onnx.gz",
          "plate-network/plate-network.onnx.gz", "plate-network-second/plate-network-second.onnx.gz",
          "plate-reader/plate.traineddata"})
        for (const Damage& damage : damages) {
            CAPTURE(std::string(file));
            CAPTURE(std::string(damage.name));
            const ModelsCopy copy;
            damage.apply(copy.path() / file);
            const ToolRun run = run_tool(
                desk.path(), fmt::format("replay --stills --models {} plate.png", copy.path().string()));
            CAPTURE(run.err);
            CHECK(run.code == 1);
            CHECK(run.err.find((copy.path() / file).string()) != std::string::npos);
        }
}

TEST_CASE("a model's card that is missing or cut short stops the start, and is named") {
    const TempDir desk;
    REQUIRE(write_file_atomically(desk.path() / "plate.png", png_file(plate(), {})));
    for (const char* model :
         {"plate-detector", "plate-fitter", "plate-network", "plate-network-second", "plate-reader"})
        for (const bool missing : {true, false}) {
            CAPTURE(std::string(model));
            CAPTURE(missing);
            const ModelsCopy copy;
            const fs::path card = copy.path() / model / "model.toml";
            if (missing)
                fs::remove(card);
            else
                fs::resize_file(card, fs::file_size(card) / 2);
            const ToolRun run = run_tool(
                desk.path(), fmt::format("replay --stills --models {} plate.png", copy.path().string()));
            CAPTURE(run.err);
            CHECK(run.code == 2);
            CHECK(run.err.find(card.string()) != std::string::npos);
        }
}
