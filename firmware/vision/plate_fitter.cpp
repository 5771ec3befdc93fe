#include "vision/plate_fitter.hpp"

#include <opencv2/imgproc.hpp>
#include <string>

#include "vision/detector_cells.hpp"
#include "vision/dnn_network.hpp"
#include "vision/model_folder.hpp"
#include "vision/rectifier.hpp"
#include "vision/rows.hpp"

namespace portcullis {

namespace {

constexpr std::string_view room = "plate fitter";
constexpr int view_height_px = 48;  // of the view before it is squeezed to the network's input
constexpr std::size_t answers = 9;  // a score in [0,1], then x and y of the corners' moves
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

bool is_answer(const cv::Mat& output) {
    return output.type() == CV_32F && output.isContinuous() && output.total() == answers;
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
Quad moved(const Quad& quad, const Corners& in_view, const float* moves, float step) {
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
    FitterModel model;  // its weights are the net's
    Rectifier rectifier;
    cv::dnn::Net net;
    cv::Mat input;  // 1 x 1 x height x width floats in -1 to 1, used again for each view
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
    auto network = std::make_unique<Network>(Network{std::move(model), rectifier, {}, {}});
    try {
        network->net = network_of(network->model.weights);
        fill_input(cv::Mat(network->model.height, network->model.width, CV_8UC1, cv::Scalar(0)), 1, 0,
                   network->input);
        network->net.setInput(network->input);
        if (!is_answer(network->net.forward(network->model.output)))
            return fail(ErrorCode::corrupt,
                        "{}: {}: the network does not give {} numbers; reinstall the model", room,
                        settings.model_dir.string(), answers);
    } catch (const cv::Exception& error) {
        return fail(ErrorCode::corrupt, "{}: {}: OpenCV cannot run the weights: {}", room,
                    settings.model_dir.string(), error.err);
    }
    network->model.weights.clear();
    network->model.weights.shrink_to_fit();
    return PlateFitter(std::move(network));
}

Result<PlateCandidate> PlateFitter::fit(const FrameView& frame, const Quad& quad) {
    Network& network = *network_;
    const FitterModel& model = network.model;
    const PlatePatch view = TRY(with_context(network.rectifier.rectify(frame, quad), room));
    try {
        GreyImage picture = squeezed(view.image, model.width, model.height);
        const cv::Mat pixels(model.height, model.width, CV_8UC1, picture.pixels.data());
        fill_input(pixels, 1 / mid_grey, -1, network.input);
        network.net.setInput(network.input);
        const cv::Mat answer = network.net.forward(model.output);
        const float* const numbers = answer.ptr<float>();
        const Corners in_view = corners_in_view(quad, model.margin_share, static_cast<float>(model.width),
                                                static_cast<float>(model.height));
        const Quad fitted = moved(quad, in_view, numbers + 1, model.step);
        const bool usable =
            is_plausible(fitted, static_cast<float>(frame.width), static_cast<float>(frame.height));
        return usable ? PlateCandidate{fitted, numbers[0]} : PlateCandidate{quad, 0};
    } catch (const cv::Exception& error) {
        return fail(ErrorCode::internal, "{}: OpenCV failed on a view of {} x {} px: {}", room,
                    view.image.width, view.image.height, error.err);
    }
}

}  // namespace portcullis
