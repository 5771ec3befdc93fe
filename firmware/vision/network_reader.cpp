#include "vision/network_reader.hpp"

#include <string>
#include <vector>

#include "vision/dnn_network.hpp"
#include "vision/model_folder.hpp"
#include "vision/plate_reader_decoder.hpp"
#include "vision/rows.hpp"

namespace portcullis {

struct NetworkReader::Network {
    std::string alphabet;
    int width = 0;
    int height = 0;
    int steps = 0;
    std::vector<std::string> outputs;  // "steps", and "look" where the network has it
    std::vector<std::string> look;     // a code for each of its numbers
    cv::dnn::Net net;
    cv::Mat input;  // 1 x 1 x height x width floats in -1 to 1, used again for each patch
    std::vector<cv::Mat> answers;
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
    std::vector<std::string> outputs;
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
    model.outputs.push_back(output.text("name"));
    model.steps = static_cast<int>(output.integer("steps", {1, static_cast<std::int64_t>(max_time_steps)}));
    model.alphabet = output.text("alphabet");
    output.check(!model.alphabet.empty() && model.alphabet.find_first_not_of(
                                                "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos,
                 "alphabet", "holds only A-Z and 0-9, one character a class");
    auto look = card.section("look");
    if (look.has("name")) {
        model.outputs.push_back(look.text("name"));
        model.look = look.texts("codes");
        look.check(!model.look.empty() && model.look.size() <= max_look_codes, "codes",
                   "holds 1 to 64 codes");
    }
    TRY(card.finish());
    model.weights = TRY(load_weights(identity));
    return model;
}

/// The network's softmax as time steps: classes x steps floats, the last class is the blank.
std::vector<TimeStep> steps_of(const float* scores, int steps, std::string_view alphabet) {
    std::vector<TimeStep> found;
    const auto count = static_cast<std::size_t>(steps);
    for (std::size_t t = 0; t < count; ++t) {
        TimeStep step;
        float sum = 0;
        for (std::size_t letter = 0; letter < alphabet.size(); ++letter) {
            const float p = scores[letter * count + t];
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

/// The softmax over the codes.
std::vector<Jurisdiction> look_of(const float* shares, const std::vector<std::string>& codes) {
    std::vector<Jurisdiction> look;
    for (std::size_t i = 0; i < codes.size(); ++i)
        if (shares[i] >= least_look) look.push_back({codes[i], shares[i]});
    return look;
}

/// Whether an output holds as many floats as it should.
bool holds(const cv::Mat& output, std::size_t wanted) {
    return output.type() == CV_32F && output.isContinuous() && output.total() == wanted;
}

}  // namespace

NetworkReader::NetworkReader(std::unique_ptr<Network> network) : network_(std::move(network)) {}
NetworkReader::NetworkReader(NetworkReader&&) noexcept = default;
NetworkReader& NetworkReader::operator=(NetworkReader&&) noexcept = default;
NetworkReader::~NetworkReader() = default;

Result<NetworkReader> NetworkReader::create(const NetworkReaderSettings& settings) {
    Loaded model = TRY(with_context(load(settings.model_dir), room));
    auto network = std::make_unique<Network>();
    network->alphabet = model.alphabet;
    network->outputs = model.outputs;
    network->look = model.look;
    network->width = model.width;
    network->height = model.height;
    network->steps = model.steps;
    try {
        network->net = network_of(model.weights);
        fill_input(cv::Mat(model.height, model.width, CV_8UC1, cv::Scalar(0)), 1, 0, network->input);
        network->net.setInput(network->input);
        std::vector<cv::Mat> answers;
        network->net.forward(answers, network->outputs);
        const std::size_t wanted = (model.alphabet.size() + 1) * static_cast<std::size_t>(model.steps);
        if (!holds(answers[0], wanted) || (answers.size() > 1 && !holds(answers[1], model.look.size())))
            return fail(ErrorCode::corrupt,
                        "{}: {}: the network does not give {} and {} numbers, as model.toml says; reinstall "
                        "the model",
                        room, settings.model_dir.string(), wanted, model.look.size());
    } catch (const cv::Exception& error) {
        return fail(ErrorCode::corrupt, "{}: {}: OpenCV cannot run the weights: {}", room,
                    settings.model_dir.string(), error.err);
    }
    return NetworkReader(std::move(network));
}

Result<Reading> NetworkReader::read(const PlatePatch& patch) {
    TRY(with_context(check_patch(patch.image), room));
    Network& network = *network_;
    try {
        GreyImage picture = squeezed(patch.image, network.width, network.height);
        const cv::Mat pixels(network.height, network.width, CV_8UC1, picture.pixels.data());
        fill_input(pixels, 1 / mid_grey, -1, network.input);
        network.net.setInput(network.input);
        network.net.forward(network.answers, network.outputs);
        Reading reading = decode(steps_of(network.answers[0].ptr<float>(), network.steps, network.alphabet));
        if (network.answers.size() > 1 && !reading.characters.empty())
            reading.look = look_of(network.answers[1].ptr<float>(), network.look);
        return reading;
    } catch (const cv::Exception& error) {
        return fail(ErrorCode::internal, "{}: OpenCV failed on a patch of {} x {} px: {}", room,
                    patch.image.width, patch.image.height, error.err);
    }
}

}  // namespace portcullis
