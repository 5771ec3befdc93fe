#include "vision/detector_model.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "vision/model_folder.hpp"

namespace portcullis {

namespace {

constexpr std::string_view room = "plate detector";

enum class Channels { luma };
constexpr int least_side = 32;
constexpr int largest_side = 4096;

/// "448x256"; empty where it is written otherwise or lies out of range.
std::optional<InputSize> size_from(std::string_view text) {
    InputSize size;
    const char* const end = text.data() + text.size();
    const auto [cross, wrong] = std::from_chars(text.data(), end, size.width);
    if (wrong != std::errc() || cross == end || *cross != 'x') return std::nullopt;
    const auto [last, wrong_too] = std::from_chars(cross + 1, end, size.height);
    const auto fits = [](int side) { return side >= least_side && side <= largest_side; };
    if (wrong_too != std::errc() || last != end || !fits(size.width) || !fits(size.height))
        return std::nullopt;
    return size;
}

void read_sizes(SettingsSection& input, DetectorModel& model) {
    const std::vector<std::string> texts = input.texts("sizes");
    input.check(!texts.empty() && texts.size() <= max_input_sizes, "sizes", "holds 1 to 16 sizes");
    for (const std::string& text : texts) {
        const auto size = size_from(text);
        input.check(size.has_value(), "sizes", R"(are written as "448x256", sides of 32 to 4096 pixels)");
        if (size) model.sizes.push_back(*size);
    }
}

void read_input(SettingsSection input, DetectorModel& model) {
    read_sizes(input, model);
    (void)input.choice<Channels>("channels", {{"luma", Channels::luma}});
    model.mean = static_cast<float>(input.number("mean", {0, 255}));
    model.scale = static_cast<float>(input.number("scale", {1e-6, 10}));
    model.pad = static_cast<int>(input.integer("pad", {0, 255}));
}

void read_output(SettingsSection output, DetectorModel& model) {
    model.output = output.text("name");
    model.stride = static_cast<int>(output.integer("stride", {1, 64}));
    model.score_threshold = static_cast<float>(output.number("score_threshold", {0.01, 0.99}));
    const bool divides = std::ranges::all_of(model.sizes, [&](InputSize size) {
        return size.width % model.stride == 0 && size.height % model.stride == 0;
    });
    output.check(divides, "stride", "must divide the sides of input.sizes");
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
