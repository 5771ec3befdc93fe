#include "vision/plate_fitter.hpp"

#include <cmath>
#include <opencv2/imgproc.hpp>
#include <string>

#include "vision/detector_cells.hpp"
#include "vision/inference.hpp"
#include "vision/model_folder.hpp"
#include "vision/rectifier.hpp"
#include "vision/rows.hpp"

namespace portcullis {

namespace {

constexpr std::string_view room = "plate fitter";
constexpr int view_height_px = 48;  // of the view before it is squeezed to the network's input
constexpr std::size_t answers = 9;  // a score (logit), then x and y of the corners' moves
constexpr float mid_grey = 127.5F;

struct FitterModel {
    float margin_share = 0;
    float step = 0;
    float score_threshold = 0;
    int width = 0;
    int height = 0;
    std::string output;
    Bytes weights;
};

Result<FitterModel> load(const std::filesystem::path& folder) {
    auto card = TRY(open_model_card(folder));
    auto section = card.section("model");
    const ModelIdentity identity = read_model_identity(section);
    auto input = card.section("input");
    FitterModel model;
    model.width = static_cast<int>(input.integer("width", {16, 512}));
    model.height = static_cast<int>(input.integer("height", {16, 512}));
    model.margin_share = static_cast<float>(input.number("margin_share", {0, max_margin_share}));
    auto output = card.section("output");
    model.output = output.text("name");
    model.step = static_cast<float>(output.number("step", {0.01, 512}));
    model.score_threshold = static_cast<float>(output.number("score_threshold", {0, 0.99}));
    TRY(card.finish());
    model.weights = TRY(load_weights(identity));
    return model;
}

using Corners = std::array<cv::Point2f, 4>;

/// Where the corners of a quad stand in its own view of this size, in pixels counted from the view's edge.
Corners corners_in_view(const Quad& quad, float margin_share, float width, float height) {
    const float across = std::max(mean_width(quad), 1.0F);
    const float down = std::max(mean_height(quad), 1.0F);
    const float left = margin_share * down / (across + 2 * margin_share * down) * width;
    const float top = margin_share / (1 + 2 * margin_share) * height;
    return {{{left, top}, {width - left, top}, {width - left, height - top}, {left, height - top}}};
}

Corners points_of(const Quad& quad) {
    Corners points;
    for (std::size_t i = 0; i < points.size(); ++i)
        points.at(i) = {quad.corners.at(i).x, quad.corners.at(i).y};
    return points;
}

/// The quad after the moves, which are counted in steps of the view's pixels.
Quad moved(const Quad& quad, const Corners& in_view, std::span<const float> moves, float step) {
    Corners wanted = in_view;
    for (std::size_t i = 0; i < wanted.size(); ++i)
        wanted.at(i) += cv::Point2f(moves[2 * i], moves[2 * i + 1]) * step;
    const cv::Mat to_frame = cv::getPerspectiveTransform(in_view.data(), points_of(quad).data());
    Corners placed;
    cv::perspectiveTransform(wanted, placed, to_frame);
    Quad out;
    for (std::size_t i = 0; i < placed.size(); ++i)
        out.corners.at(i) = {placed.at(i).x, placed.at(i).y};
    return out;
}

}  // namespace

struct PlateFitter::Network {
    FitterModel model;  // without its weights
    Rectifier rectifier;
    Inference inference;
};

PlateFitter::PlateFitter(std::unique_ptr<Network> network) : network_(std::move(network)) {}
PlateFitter::PlateFitter(PlateFitter&& other) noexcept = default;
PlateFitter& PlateFitter::operator=(PlateFitter&& other) noexcept = default;
PlateFitter::~PlateFitter() = default;

float PlateFitter::score_threshold() const {
    return network_->model.score_threshold;
}

Result<PlateFitter> PlateFitter::create(const PlateFitterSettings& settings) {
    FitterModel model = TRY(with_context(load(settings.model_dir), room));
    const Rectifier rectifier = TRY(Rectifier::create({model.margin_share, view_height_px}));
    const std::string where = fmt::format("{}: {}", room, settings.model_dir.string());
    const OnnxGraph graph = TRY(with_context(read_onnx_graph(model.weights), where));
    Inference inference = TRY(with_context(Inference::create(graph, model.width, model.height), where));
    const Answer* const answer = inference.answer(model.output);
    if (!answer || answer->values.size() != answers)
        return fail(ErrorCode::corrupt, "{}: the network does not give {} numbers; reinstall the model",
                    where, answers);
    model.weights = {};
    return PlateFitter(std::make_unique<Network>(Network{std::move(model), rectifier, std::move(inference)}));
}

Result<PlateCandidate> PlateFitter::fit(const FrameView& frame, const Quad& quad) {
    Network& network = *network_;
    const FitterModel& model = network.model;
    const PlatePatch view = TRY(with_context(network.rectifier.rectify(frame, quad), room));
    try {
        GreyImage picture = squeezed(view.image, model.width, model.height);
        const cv::Mat pixels(model.height, model.width, CV_8UC1, picture.pixels.data());
        network.inference.feed(pixels, 1 / mid_grey, -1);
        TRY(with_context(network.inference.run(), room));
        const auto numbers = network.inference.answer(model.output)->values;
        const float score = 1 / (1 + std::exp(-numbers[0]));
        const Corners in_view = corners_in_view(quad, model.margin_share, static_cast<float>(model.width),
                                                static_cast<float>(model.height));
        const Quad fitted = moved(quad, in_view, numbers.subspan(1), model.step);
        const bool usable =
            is_plausible(fitted, static_cast<float>(frame.width), static_cast<float>(frame.height));
        return usable ? PlateCandidate{fitted, score} : PlateCandidate{quad, 0};
    } catch (const cv::Exception& error) {
        return fail(ErrorCode::internal, "{}: OpenCV failed on a view of {} x {} px: {}", room,
                    view.image.width, view.image.height, error.err);
    }
}

}  // namespace portcullis
