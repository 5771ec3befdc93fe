#include "vision/detector_model.hpp"

#include "vision/model_folder.hpp"

namespace portcullis {

namespace {

constexpr std::string_view room = "plate detector";

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

Result<DetectorModel> load(const std::filesystem::path& folder) {
    auto card = TRY(open_model_card(folder));
    auto section = card.section("model");
    const ModelIdentity identity = read_model_identity(section);
    DetectorModel model;
    model.name = identity.name;
    model.version = identity.version;
    read_input(card.section("input"), model);
    read_output(card.section("output"), model);
    TRY(card.finish());
    model.weights = TRY(load_weights(identity));
    return model;
}

}  // namespace

Result<DetectorModel> load_detector_model(const std::filesystem::path& folder) {
    return with_context(load(folder), room);
}

}  // namespace portcullis
