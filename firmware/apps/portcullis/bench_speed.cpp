#include "apps/portcullis/bench_speed.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>
#include <opencv2/imgproc.hpp>

#include "apps/portcullis/bench_report.hpp"
#include "drivers/camera/replay/picture.hpp"
#include "drivers/camera/replay/picture_list.hpp"
#include "pipeline/model_eyes.hpp"
#include "vision/jpeg.hpp"

namespace portcullis::bench {

namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

constexpr int warm_up_passes = 3;  // over the first picture; not counted
constexpr int pad_grey = 114;

struct Size {
    int width = 0;
    int height = 0;
};

Result<Size> parse_size(const std::string& text) {
    Size size;
    const char* end = text.data() + text.size();
    const auto [x, first] = std::from_chars(text.data(), end, size.width);
    if (first == std::errc{} && x != end && *x == 'x') {
        const auto [rest, second] = std::from_chars(x + 1, end, size.height);
        const auto fits = [](int side) { return side >= min_bench_side_px && side <= max_bench_side_px; };
        if (second == std::errc{} && rest == end && fits(size.width) && fits(size.height)) return size;
    }
    return fail(ErrorCode::configuration,
                "--size: not a size; write WIDTHxHEIGHT, each {} to {}, as 1280x720", min_bench_side_px,
                max_bench_side_px);
}

/// Scaled to fit, at the top left, the rest grey.
Result<ColourImage> scaled_picture(const std::filesystem::path& path, const Size& size) {
    const auto picture = TRY(replay::load_picture(path));
    const Box all{0, 0, static_cast<float>(picture.view.width), static_cast<float>(picture.view.height)};
    ColourImage source = TRY(crop_colour(picture.view, all));
    ColourImage out{size.width, size.height, {}};
    out.pixels.assign(static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height) * 3,
                      pad_grey);
    try {
        const cv::Mat from(source.height, source.width, CV_8UC3, source.pixels.data());
        const double scale = std::min(size.width / static_cast<double>(from.cols),
                                      size.height / static_cast<double>(from.rows));
        const cv::Size fit(std::clamp(cvRound(from.cols * scale), 1, size.width),
                           std::clamp(cvRound(from.rows * scale), 1, size.height));
        cv::Mat to = cv::Mat(size.height, size.width, CV_8UC3, out.pixels.data())(cv::Rect({0, 0}, fit));
        cv::resize(from, to, fit, 0, 0, scale < 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
    } catch (const cv::Exception& error) {
        return fail(ErrorCode::internal, "{}: cannot scale: {}", path.string(), error.err);
    }
    return out;
}

enum Stage : std::size_t { detect, rectify, read, total, stages };
constexpr std::array stage_names = {"detect", "rectify", "read", "total"};
using Times = std::array<double, stages>;  // ms a picture

double ms_since(Clock::time_point& then) {
    const auto now = Clock::now();
    const std::chrono::duration<double, std::milli> took = now - std::exchange(then, now);
    return took.count();
}

Result<Times> time_one(const Eyes& eyes, const FrameView& view) {
    Times times{};
    auto then = Clock::now();
    const auto candidates = TRY(eyes.locate(view));
    times[detect] = ms_since(then);
    for (const PlateCandidate& candidate : candidates) {
        const auto patch = eyes.rectify(view, candidate.quad);
        times[rectify] += ms_since(then);
        if (!patch) continue;  // as StillReader: a candidate that is no quad has no reading
        static_cast<void>(eyes.read(*patch));
        times[read] += ms_since(then);
    }
    times[total] = times[detect] + times[rectify] + times[read];
    return times;
}

using Series = std::array<std::vector<double>, stages>;

Result<Series> time_all(const SpeedOptions& options, const Size& size) {
    std::vector<replay::PictureEntry> entries;
    for (const std::string& path : options.paths) {
        const auto some = TRY(replay::list_pictures(path));
        entries.insert(entries.end(), some.begin(), some.end());
    }
    const Eyes eyes = TRY(load_eyes(options.models));
    Series series;
    int uncounted = warm_up_passes;
    for (const replay::PictureEntry& entry : entries) {
        const ColourImage picture = TRY(scaled_picture(entry.path, size));
        for (; uncounted > 0; --uncounted)
            TRY(with_context(time_one(eyes, picture.view()), entry.path.string()));
        for (int pass = 0; pass < options.repeat; ++pass) {
            const Times times = TRY(with_context(time_one(eyes, picture.view()), entry.path.string()));
            for (std::size_t stage = 0; stage < stages; ++stage)
                series.at(stage).push_back(times.at(stage));
        }
    }
    return series;
}

void print_table(const Series& series, const Size& size) {
    fmt::print("{} passes at {}x{}, one thread; ms a picture\n", series[total].size(), size.width,
               size.height);
    fmt::print("{:<8}{:>10}{:>10}{:>10}\n", "", "min", "median", "p95");
    for (std::size_t stage = 0; stage < stages; ++stage)
        fmt::print("{:<8}{:>10.2f}{:>10.2f}{:>10.2f}\n", stage_names.at(stage),
                   std::ranges::min(series.at(stage)), median(series.at(stage)),
                   percentile(series.at(stage), 0.95));
    if (const auto peak = peak_memory_mb()) fmt::print("peak memory {:.1f} MB\n", *peak);
}

void print_json(const Series& series, const Size& size) {
    Json out = {
        {"width", size.width}, {"height", size.height}, {"passes", series[total].size()}, {"threads", 1}};
    for (std::size_t stage = 0; stage < stages; ++stage)
        out["ms"][stage_names.at(stage)] = {{"min", std::ranges::min(series.at(stage))},
                                            {"median", median(series.at(stage))},
                                            {"p95", percentile(series.at(stage), 0.95)}};
    const auto peak = peak_memory_mb();
    out["peak_memory_mb"] = peak ? Json(*peak) : Json(nullptr);
    fmt::print("{}\n", out.dump(1));
}

}  // namespace

Result<void> run_speed(const SpeedOptions& options) {
    const Size size = TRY(parse_size(options.size));
    const Series series = TRY(time_all(options, size));
    options.json ? print_json(series, size) : print_table(series, size);
    return {};
}

}  // namespace portcullis::bench
