#include "vision/detector.hpp"

#include "vision/detector_cells.hpp"
#include "vision/detector_input.hpp"
#include "vision/detector_model.hpp"
#include "vision/dnn_network.hpp"
#include "vision/mat_view.hpp"
#include "vision/quad_overlap.hpp"

namespace portcullis {

struct PlateDetector::Network {
    DetectorModel model;
    float min_score = 0.5F;
    ThinningSettings thinning;
    cv::dnn::Net net;
    std::vector<cv::Size> sizes;
    cv::Mat input;  // 1 x 1 x height x width floats, used again for each frame of the same shape
};

namespace {

Result<void> check(const DetectorSettings& settings) {
    if (settings.min_score && !(*settings.min_score >= 0.01F && *settings.min_score <= 0.99F))
        return fail(ErrorCode::invalid_argument, "plate detector: min_score must lie in [0.01, 0.99]");
    if (settings.threads < 1 || settings.threads > 64)
        return fail(ErrorCode::invalid_argument, "plate detector: threads must lie in [1, 64]");
    if (settings.max_candidates < 1 || settings.max_candidates > max_plate_candidates)
        return fail(ErrorCode::invalid_argument, "plate detector: max_candidates must lie in [1, {}]",
                    max_plate_candidates);
    return {};
}

Result<void> check_frame(const FrameView& frame) {
    if (frame.width > max_frame_side_px || frame.height > max_frame_side_px)
        return fail(ErrorCode::invalid_argument,
                    "a frame of {} x {} px is too large; scale it to at most {} px a side", frame.width,
                    frame.height, max_frame_side_px);
    return check_view(frame);
}

void feed(const DetectorModel& model, const cv::Mat& picture, cv::Mat& input) {
    fill_input(picture, model.scale, -model.mean * model.scale, input);
}

Result<CellGrid> grid_of(const DetectorModel& model, cv::Size input, const cv::Mat& cells) {
    const int rows = input.height / model.stride;
    const int columns = input.width / model.stride;
    const bool fits = cells.dims == 4 && cells.type() == CV_32F && cells.isContinuous() &&
                      cells.size[0] == 1 && cells.size[1] == planes_per_cell && cells.size[2] == rows &&
                      cells.size[3] == columns;
    if (!fits)
        return fail(ErrorCode::corrupt,
                    "plate detector: the network does not answer with {} x {} x {} numbers, as model.toml "
                    "says; reinstall the model",
                    planes_per_cell, rows, columns);
    return CellGrid{{cells.ptr<float>(), cells.total()}, rows, columns, model.stride};
}

}  // namespace

PlateDetector::PlateDetector(std::unique_ptr<Network> network) : network_(std::move(network)) {}
PlateDetector::PlateDetector(PlateDetector&& other) noexcept = default;
PlateDetector& PlateDetector::operator=(PlateDetector&& other) noexcept = default;
PlateDetector::~PlateDetector() = default;

Result<PlateDetector> PlateDetector::create(const DetectorSettings& settings) {
    TRY(check(settings));
    auto network = std::make_unique<Network>();
    network->model = TRY(load_detector_model(settings.model_dir));
    network->min_score = settings.min_score.value_or(network->model.score_threshold);
    network->thinning.max_candidates = settings.max_candidates;
    const DetectorModel& model = network->model;
    try {
        cv::setNumThreads(settings.threads);
        network->net = network_of(model.weights);
        for (const InputSize size : model.sizes) {  // each is tried: none may fail in the middle of the road
            network->sizes.emplace_back(size.width, size.height);
            feed(model, cv::Mat(network->sizes.back(), CV_8UC1, cv::Scalar(model.pad)), network->input);
            network->net.setInput(network->input);
            TRY(grid_of(model, network->sizes.back(), network->net.forward(model.output)));
        }
    } catch (const cv::Exception& error) {
        return fail(ErrorCode::corrupt, "plate detector: {}: OpenCV cannot run the weights: {}",
                    settings.model_dir.string(), error.err);
    }
    network->model.weights.clear();
    network->model.weights.shrink_to_fit();
    return PlateDetector(std::move(network));
}

Result<std::vector<PlateCandidate>> PlateDetector::locate(const FrameView& frame) {
    TRY(check_frame(frame));
    Network& network = *network_;
    const DetectorModel& model = network.model;
    try {
        const cv::Size size = best_input(frame.width, frame.height, network.sizes);
        const Letterbox box = letterbox(frame, size, model.pad);
        feed(model, box.picture, network.input);
        network.net.setInput(network.input);
        const cv::Mat cells = network.net.forward(model.output);
        const CellGrid grid = TRY(grid_of(model, size, cells));
        const float inner_width = static_cast<float>(frame.width) / box.step_x;
        const float inner_height = static_cast<float>(frame.height) / box.step_y;
        std::vector<PlateCandidate> candidates = candidates_of(grid, network.min_score);
        std::erase_if(candidates, [&](const PlateCandidate& candidate) {
            return !is_plausible(candidate.quad, inner_width, inner_height);
        });
        candidates = thin_out(std::move(candidates), network.thinning);
        for (PlateCandidate& candidate : candidates)
            candidate.quad = box.to_frame(candidate.quad);
        return candidates;
    } catch (const cv::Exception& error) {
        return fail(ErrorCode::internal, "plate detector: OpenCV failed on a frame of {} x {} px: {}",
                    frame.width, frame.height, error.err);
    }
}

}  // namespace portcullis
