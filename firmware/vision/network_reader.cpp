#include "vision/network_reader.hpp"

#include <cmath>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "vision/inference.hpp"
#include "vision/model_folder.hpp"
#include "vision/plate_reader_decoder.hpp"
#include "vision/rows.hpp"

namespace portcullis {

struct NetworkReader::Network {
    std::string alphabet;
    int width = 0;
    int height = 0;
    std::vector<std::string> look;  // a code for each of its numbers
    Inference inference;
    const Answer* steps = nullptr;        // of the inference; one distribution a time step
    const Answer* look_shares = nullptr;  // where the network has a look
};

namespace {

constexpr std::string_view room = "plate network";
constexpr float least_choice = 0.002F;    // what is less likely at a step changes no text
constexpr float sure_of_blank = 0.9995F;  // of such steps in a row one tells all
constexpr float mid_grey = 127.5F;
constexpr std::size_t max_look_codes = 64;
constexpr float least_look = 0.01F;  // what is less likely is left out

struct Loaded {
    std::string alphabet;
    std::string output;
    std::string look_output;
    std::vector<std::string> look;
    int width = 0;
    int height = 0;
    int steps = 0;
    Bytes weights;
};

Result<Loaded> load(const std::filesystem::path& folder) {
    auto card = TRY(open_model_card(folder));
    auto section = card.section("model");
    const ModelIdentity identity = read_model_identity(section);
    auto input = card.section("input");
    Loaded model;
    model.width = static_cast<int>(input.integer("width", {16, 1024}));
    model.height = static_cast<int>(input.integer("height", {16, 1024}));
    auto output = card.section("output");
    model.output = output.text("name");
    model.steps = static_cast<int>(output.integer("steps", {1, static_cast<std::int64_t>(max_time_steps)}));
    model.alphabet = output.text("alphabet");
    output.check(!model.alphabet.empty() && model.alphabet.find_first_not_of(
                                                "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos,
                 "alphabet", "holds only A-Z and 0-9, one character a class");
    auto look = card.section("look");
    if (look.has("name")) {
        model.look_output = look.text("name");
        model.look = look.texts("codes");
        look.check(!model.look.empty() && model.look.size() <= max_look_codes, "codes",
                   "holds 1 to 64 codes");
    }
    TRY(card.finish());
    model.weights = TRY(load_weights(identity));
    return model;
}

/// Logits become probabilities, in place.
void soften(std::vector<float>& logits) {
    const float most = *std::ranges::max_element(logits);
    float sum = 0;
    for (float& value : logits) {
        value = std::exp(value - most);
        sum += value;
    }
    for (float& value : logits)
        value /= sum;
}

/// The network's answer as time steps: logits of the classes for each, the last class is the blank.
std::vector<TimeStep> steps_of(const Answer& answer, std::string_view alphabet) {
    std::vector<TimeStep> found;
    std::vector<float> shares(answer.channels);
    for (std::size_t t = 0; t < answer.width; ++t) {
        const auto logits = answer.values.subspan(t * answer.channels, answer.channels);
        shares.assign(logits.begin(), logits.end());
        soften(shares);
        TimeStep step;
        float sum = 0;
        for (std::size_t letter = 0; letter < alphabet.size(); ++letter) {
            const float p = shares[letter];
            if (p < least_choice) continue;
            step.choices.push_back({alphabet[letter], p});
            sum += p;
        }
        step.blank = std::max(0.0F, 1.0F - sum);
        const bool repeats =
            step.blank >= sure_of_blank && !found.empty() && found.back().blank >= sure_of_blank;
        if (!repeats) found.push_back(std::move(step));
    }
    return found;
}

/// The probabilities of the codes.
std::vector<Jurisdiction> look_of(const Answer& answer, const std::vector<std::string>& codes) {
    std::vector<float> shares(answer.values.begin(), answer.values.end());
    soften(shares);
    std::vector<Jurisdiction> look;
    for (std::size_t i = 0; i < codes.size(); ++i)
        if (shares[i] >= least_look) look.push_back({codes[i], shares[i]});
    return look;
}

bool has_shape(const Answer* answer, std::size_t width, std::size_t channels) {
    return answer && answer->height == 1 && answer->width == width && answer->channels == channels;
}

}  // namespace

NetworkReader::NetworkReader(std::unique_ptr<Network> network) : network_(std::move(network)) {}
NetworkReader::NetworkReader(NetworkReader&&) noexcept = default;
NetworkReader& NetworkReader::operator=(NetworkReader&&) noexcept = default;
NetworkReader::~NetworkReader() = default;

Result<NetworkReader> NetworkReader::create(const NetworkReaderSettings& settings) {
    Loaded model = TRY(with_context(load(settings.model_dir), room));
    const std::string where = fmt::format("{}: {}", room, settings.model_dir.string());
    const OnnxGraph graph = TRY(with_context(read_onnx_graph(model.weights), where));
    Inference inference = TRY(with_context(Inference::create(graph, model.width, model.height), where));
    auto network = std::make_unique<Network>(
        Network{model.alphabet, model.width, model.height, model.look, std::move(inference)});
    const auto steps = static_cast<std::size_t>(model.steps);
    network->steps = network->inference.answer(model.output);
    if (!has_shape(network->steps, steps, model.alphabet.size() + 1))
        return fail(ErrorCode::corrupt,
                    "{}: the network does not give {} x {} numbers, as model.toml says; reinstall the model",
                    where, steps, model.alphabet.size() + 1);
    if (!model.look.empty()) {
        network->look_shares = network->inference.answer(model.look_output);
        if (!has_shape(network->look_shares, 1, model.look.size()))
            return fail(ErrorCode::corrupt,
                        "{}: the network's look is not {} numbers, as model.toml says; reinstall the model",
                        where, model.look.size());
    }
    return NetworkReader(std::move(network));
}

Result<Reading> NetworkReader::read(const PlatePatch& patch) {
    NetworkTestimony testimony = TRY(testify(patch));
    Reading reading = decode(testimony.steps);
    if (!reading.characters.empty()) reading.look = std::move(testimony.look);
    return reading;
}

Result<NetworkTestimony> NetworkReader::testify(const PlatePatch& patch) {
    TRY(with_context(check_patch(patch.image), room));
    Network& network = *network_;
    try {
        GreyImage picture = squeezed(patch.image, network.width, network.height);
        const cv::Mat pixels(network.height, network.width, CV_8UC1, picture.pixels.data());
        network.inference.feed(pixels, 1 / mid_grey, -1);
        TRY(with_context(network.inference.run(), room));
        NetworkTestimony testimony{steps_of(*network.steps, network.alphabet), {}};
        if (network.look_shares) testimony.look = look_of(*network.look_shares, network.look);
        return testimony;
    } catch (const cv::Exception& error) {
        return fail(ErrorCode::internal, "{}: OpenCV failed on a patch of {} x {} px: {}", room,
                    patch.image.width, patch.image.height, error.err);
    }
}

}  // namespace portcullis
