#include "vision/detector.hpp"

#include <optional>

#include "vision/detector_cells.hpp"
#include "vision/detector_input.hpp"
#include "vision/detector_model.hpp"
#include "vision/inference.hpp"
#include "vision/mat_view.hpp"
#include "vision/quad_overlap.hpp"

namespace portcullis {

struct PlateDetector::Network {
    DetectorModel model;
    float min_score = 0.5F;
    ThinningSettings thinning;
    int threads = 1;
    OnnxGraph graph;
    std::vector<cv::Size> sizes;
    std::optional<Inference> plan;  // for the frames' shape: made anew, in some milliseconds, when it changes
    std::size_t planned = 0;        // which of the sizes it is for

    Result<void> plan_for(std::size_t size);
    Result<CellGrid> cells(std::size_t size, const cv::Mat& picture);
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

Result<CellGrid> grid_of(const DetectorModel& model, cv::Size input, const Answer* cells) {
    const int rows = input.height / model.stride;
    const int columns = input.width / model.stride;
    const bool fits = cells && cells->channels == numbers_per_cell &&
                      cells->height == static_cast<std::size_t>(rows) &&
                      cells->width == static_cast<std::size_t>(columns);
    if (!fits)
        return fail(ErrorCode::corrupt,
                    "the network does not answer with {} x {} x {} numbers, as model.toml says; reinstall "
                    "the model",
                    rows, columns, numbers_per_cell);
    return CellGrid{cells->values, rows, columns, model.stride};
}

}  // namespace

Result<void> PlateDetector::Network::plan_for(std::size_t size) {
    if (plan && planned == size) return {};
    plan.reset();
    plan = TRY(Inference::create(graph, sizes[size].width, sizes[size].height, threads));
    planned = size;
    return {};
}

Result<CellGrid> PlateDetector::Network::cells(std::size_t size, const cv::Mat& picture) {
    TRY(plan_for(size));
    plan->feed(picture, model.scale, -model.mean * model.scale);
    TRY(plan->run());
    return grid_of(model, sizes[size], plan->answer(model.output));
}

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
    const std::string where = fmt::format("plate detector: {}", settings.model_dir.string());
    cv::setNumThreads(settings.threads);
    network->threads = settings.threads;
    network->graph = TRY(with_context(read_onnx_graph(model.weights), where));
    for (const InputSize size : model.sizes)
        network->sizes.emplace_back(size.width, size.height);
    for (std::size_t i = 0; i < network->sizes.size(); ++i) {  // none may fail in the middle of the road
        const cv::Mat grey(network->sizes[i], CV_8UC1, cv::Scalar(model.pad));
        TRY(with_context(network->cells(i, grey), where));
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
        const std::size_t size = best_input(frame.width, frame.height, network.sizes);
        const Letterbox box = letterbox(frame, network.sizes[size], model.pad);
        const CellGrid grid = TRY(with_context(network.cells(size, box.picture), "plate detector"));
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
