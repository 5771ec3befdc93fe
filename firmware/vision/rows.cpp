#include "vision/rows.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <opencv2/imgproc.hpp>
#include <vector>

namespace portcullis {
namespace {

constexpr float gap_from = 0.36F;  // rows part near the middle
constexpr float gap_to = 0.62F;
constexpr float row_overlap = 0.02F;  // share of the patch's height that both rows get beyond the gap
constexpr int gap_band_divisor = 24;  // the band is the patch's height / this, to both sides

cv::Mat view(const GreyImage& image) {
    return {image.height, image.width, CV_8UC1, const_cast<std::uint8_t*>(image.pixels.data())};
}

// Stretches the contrast: the 2nd and 98th of a hundred pixels become 0 and 255. In place.
void spread(cv::Mat& picture) {
    std::array<std::int64_t, 256> counts{};
    for (int y = 0; y < picture.rows; ++y)
        for (int x = 0; x < picture.cols; ++x)
            ++counts[picture.at<std::uint8_t>(y, x)];
    for (std::size_t i = 1; i < counts.size(); ++i)
        counts[i] += counts[i - 1];
    const auto grey_at = [&](std::int64_t percent) {
        const auto above = std::upper_bound(counts.begin(), counts.end(), counts.back() * percent / 100);
        return static_cast<int>(above - counts.begin());
    };
    const int low = grey_at(2);
    const int high = grey_at(98);
    if (high - low < 2) return;
    cv::Mat table(1, 256, CV_8UC1);
    for (int grey = 0; grey < 256; ++grey) {
        const int above = std::max(0, grey - low);
        table.at<std::uint8_t>(0, grey) =
            static_cast<std::uint8_t>(std::min(255, above * 255 / (high - low)));
    }
    cv::LUT(picture, table, picture);
}

cv::Mat fitted(const cv::Mat& picture, int width, int height = line_height_px) {
    cv::Mat line;
    cv::resize(picture, line, {width, height}, 0, 0, cv::INTER_AREA);
    spread(line);
    return line;
}

GreyImage owned(const cv::Mat& picture) {
    GreyImage image;
    image.width = picture.cols;
    image.height = picture.rows;
    image.pixels.assign(picture.datastart, picture.dataend);
    return image;
}

// Per line of the patch: the sum of the grey steps from pixel to pixel. Characters make many, a gap few.
std::vector<double> edges_of(const GreyImage& patch) {
    std::vector<double> edges;
    for (int y = 0; y < patch.height; ++y) {
        const std::uint8_t* pixel =
            patch.pixels.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(patch.width);
        double sum = 0;
        for (int x = 1; x < patch.width; ++x)
            sum += std::abs(pixel[x] - pixel[x - 1]);
        edges.push_back(sum);
    }
    return edges;
}

double mean_around(const std::vector<double>& values, int middle, int half) {
    const int first = std::max(0, middle - half);
    const int last = std::min(static_cast<int>(values.size()) - 1, middle + half);
    double sum = 0;
    for (int i = first; i <= last; ++i)
        sum += values[static_cast<std::size_t>(i)];
    return sum / (last - first + 1);
}

}  // namespace

Result<void> check_patch(const GreyImage& patch) {
    const bool sized = patch.width >= 1 && patch.height >= 1 && patch.width <= max_patch_side_px &&
                       patch.height <= max_patch_side_px;
    if (sized &&
        patch.pixels.size() == static_cast<std::size_t>(patch.width) * static_cast<std::size_t>(patch.height))
        return {};
    return fail(ErrorCode::invalid_argument,
                "a patch of {} x {} px with {} pixels; its sides must lie in [1, {}]", patch.width,
                patch.height, patch.pixels.size(), max_patch_side_px);
}

bool may_have_two_rows(const GreyImage& patch) {
    return patch.height >= 2 &&
           static_cast<float>(patch.width) < two_row_aspect * static_cast<float>(patch.height);
}

GreyImage line_of(const GreyImage& patch) {
    return owned(fitted(view(patch), line_width_px));
}

GreyImage squeezed(const GreyImage& patch, int width, int height) {
    return owned(fitted(view(patch), width, height));
}

float row_gap(const GreyImage& patch) {
    const std::vector<double> edges = edges_of(patch);
    const auto height = static_cast<float>(patch.height);
    const int half = std::max(1, patch.height / gap_band_divisor);
    const int last = std::min(patch.height - 1, static_cast<int>(height * gap_to));
    int best = std::min(last, static_cast<int>(height * gap_from));
    for (int y = best + 1; y <= last; ++y)
        if (mean_around(edges, y, half) < mean_around(edges, best, half)) best = y;
    return static_cast<float>(best) / height;
}

GreyImage two_row_line_of(const GreyImage& patch) {
    const float gap = row_gap(patch);
    const auto height = static_cast<float>(patch.height);
    const int upper_end = std::clamp(static_cast<int>(height * (gap + row_overlap)), 1, patch.height);
    const int lower_begin = std::clamp(static_cast<int>(height * (gap - row_overlap)), 0, patch.height - 1);
    const cv::Mat whole = view(patch);
    cv::Mat line;
    cv::hconcat(fitted(whole.rowRange(0, upper_end), row_width_px),
                fitted(whole.rowRange(lower_begin, patch.height), row_width_px), line);
    return owned(line);
}

}  // namespace portcullis
