#include "vision/detector_model.hpp"

#include "base/file.hpp"
#include "base/sha256.hpp"
#include "config/settings_reader.hpp"

namespace portcullis {

namespace {

constexpr std::size_t max_weights_bytes = 8 * 1024 * 1024;
constexpr std::string_view cure =
    "reinstall the package that holds the models, or copy the model folder anew";

struct Description {
    DetectorModel model;
    std::filesystem::path weights;
    std::string digest_hex;
};

enum class Channels { bgr };

void read_input(SettingsSection input, DetectorModel& model) {
    model.width = static_cast<int>(input.integer("width", {32, 4096}));
    model.height = static_cast<int>(input.integer("height", {32, 4096}));
    (void)input.choice<Channels>("channels", {{"bgr", Channels::bgr}});
    model.mean = static_cast<float>(input.number("mean", {0, 255}));
    model.scale = static_cast<float>(input.number("scale", {1e-6, 10}));
    model.pad = static_cast<int>(input.integer("pad", {0, 255}));
}

void read_output(SettingsSection output, DetectorModel& model) {
    model.output = output.text("name");
    model.stride = static_cast<int>(output.integer("stride", {1, 64}));
    model.score_threshold = static_cast<float>(output.number("score_threshold", {0.01, 0.99}));
    output.check(model.width % model.stride == 0 && model.height % model.stride == 0, "stride",
                 "must divide input.width and input.height");
}

Result<Description> describe(const std::filesystem::path& file) {
    auto settings = TRY(SettingsReader::open(file));
    Description description;
    auto model = settings.section("model");
    description.model.name = model.text("name");
    description.model.version = model.text("version");
    description.weights = model.path("weights");
    description.digest_hex = model.text("sha256");
    read_input(settings.section("input"), description.model);
    read_output(settings.section("output"), description.model);
    TRY(settings.finish());
    return description;
}

}  // namespace

Result<DetectorModel> load_detector_model(const std::filesystem::path& folder) {
    Description description = TRY(with_context(describe(folder / "model.toml"), "plate detector"));
    auto weights = read_file(description.weights, max_weights_bytes);
    if (!weights) return fail(std::move(weights.error()).with(fmt::format("plate detector: {}", cure)));
    const std::string found = sha256_hex(*weights);
    if (found != description.digest_hex)
        return fail(ErrorCode::corrupt,
                    "plate detector: {}: its SHA-256 is {} ({} bytes), model.toml says {}; {}",
                    description.weights.string(), found, weights->size(), description.digest_hex, cure);
    description.model.weights = std::move(*weights);
    return std::move(description.model);
}

}  // namespace portcullis
