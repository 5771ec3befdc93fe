#include "pipeline/patch_score.hpp"

#include <algorithm>
#include <cmath>

namespace portcullis {

namespace {

constexpr float good_width_px =
    120;  // OpenALPR's placement guide: 90 px are enough, above 250 nothing is won
constexpr float most_size_factor = 1.5F;
constexpr float good_sharpness = 0.25F;
constexpr float good_spread = 40;  // of grey values
constexpr float cut_factor = 0.3F;
constexpr float edge_px = 2;
constexpr float least_score = 0.01F;

struct Spread {
    float deviation = 0;
    float step = 0;
};

Spread spread_of(const GreyImage& image) {
    double sum = 0;
    double squares = 0;
    double steps = 0;
    const auto width = static_cast<std::size_t>(std::max(image.width, 0));
    for (std::size_t i = 0; i < image.pixels.size(); ++i) {
        const double value = image.pixels[i];
        sum += value;
        squares += value * value;
        if (width > 0 && i % width != 0) steps += std::abs(value - image.pixels[i - 1]);
    }
    const double count = std::max<double>(static_cast<double>(image.pixels.size()), 1);
    const double mean = sum / count;
    return {static_cast<float>(std::sqrt(std::max(squares / count - mean * mean, 0.0))),
            static_cast<float>(steps / count)};
}

bool is_cut(const Quad& quad, int width, int height) {
    const Box box = bounding_box(quad);
    return box.left < edge_px || box.top < edge_px || box.right > static_cast<float>(width - 1) - edge_px ||
           box.bottom > static_cast<float>(height - 1) - edge_px;
}

}  // namespace

float sharpness(const GreyImage& image) {
    const Spread spread = spread_of(image);
    return spread.step / (spread.deviation + 4);  // 4: noise of an empty patch is no detail
}

float patch_score(const PlatePatch& patch, float detector_score, int frame_width, int frame_height) {
    const Spread spread = spread_of(patch.image);
    const float size = std::min(mean_width(patch.quad) / good_width_px, most_size_factor);
    const float sharp = std::clamp(sharpness(patch.image) / good_sharpness, 0.1F, 1.5F);
    const float contrast = std::clamp(spread.deviation / good_spread, 0.1F, 1.0F);
    const float whole = is_cut(patch.quad, frame_width, frame_height) ? cut_factor : 1.0F;
    return std::max(size * sharp * contrast * whole * std::clamp(detector_score, 0.1F, 1.0F), least_score);
}

}  // namespace portcullis
