#include "vision/detector_input.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "vision/mat_view.hpp"

namespace portcullis {

namespace {

struct Fit {
    cv::Size inner;  // of the frame within the input
    cv::Size whole;  // factors of the first, averaging step
};

/// Even sizes, so that the chroma planes of a YUV frame come out at exactly half.
int even_share(int size, double scale, int limit) {
    const int share = static_cast<int>(std::lround(size * scale / 2)) * 2;
    return std::clamp(share, 2, limit & ~1);
}

Fit fit(const FrameView& view, cv::Size input) {
    const double scale = std::min(static_cast<double>(input.width) / view.width,
                                  static_cast<double>(input.height) / view.height);
    const int whole = std::max(1, static_cast<int>(1 / scale));
    return {{even_share(view.width, scale, input.width), even_share(view.height, scale, input.height)},
            {std::min(whole, view.width), std::min(whole, view.height)}};
}

/// Area means by whole factors first, which OpenCV does in 0.5 ms for 1280 x 720 px, then linear: area means
/// by a broken factor take 5 ms.
cv::Mat shrunk(const cv::Mat& plane, cv::Size whole, cv::Size to) {
    cv::Mat result = plane;
    if (whole.width > 1 || whole.height > 1) {
        const cv::Size small(plane.cols / whole.width, plane.rows / whole.height);
        const cv::Rect covered(0, 0, small.width * whole.width, small.height * whole.height);
        cv::Mat step;
        cv::resize(plane(covered), step, small, 0, 0, cv::INTER_AREA);
        result = step;
    }
    if (result.size() == to) return result;
    cv::Mat last;
    cv::resize(result, last, to, 0, 0, cv::INTER_LINEAR);
    return last;
}

cv::Mat inner_yuv(const FrameView& view, const Fit& f) {
    const cv::Size half(f.inner.width / 2, f.inner.height / 2);
    const cv::Mat first = mat_from_view(view, 1);
    const cv::Size whole(std::min(f.whole.width, first.cols), std::min(f.whole.height, first.rows));
    const cv::Mat luma = shrunk(mat_from_view(view), f.whole, f.inner);
    const cv::Mat u = shrunk(first, whole, half);  // nv12: U and V side by side
    if (view.format == PixelFormat::yuv420p)
        return bgr_from_yuv(luma, u, shrunk(mat_from_view(view, 2), whole, half));
    cv::Mat chroma[2];
    cv::split(u, chroma);
    return bgr_from_yuv(luma, chroma[0], chroma[1]);
}

cv::Mat inner_bgr(const FrameView& view, const Fit& f) {
    if (view.format == PixelFormat::yuv420p || view.format == PixelFormat::nv12) return inner_yuv(view, f);
    cv::Mat small = shrunk(mat_from_view(view), f.whole, f.inner);
    if (small.channels() == 3) return small;
    cv::Mat bgr;
    cv::cvtColor(small, bgr, cv::COLOR_GRAY2BGR);
    return bgr;
}

/// Frame pixels a pixel of the picture: only what whole factors cover is seen.
float step(int size, int whole, int inner) {
    const int covered = size - size % whole;
    return static_cast<float>(covered) / static_cast<float>(inner);
}

}  // namespace

Quad Letterbox::to_frame(const Quad& quad) const {
    Quad out = quad;
    // Centres of pixels: the first one of the picture covers step pixels of the frame.
    for (Point& corner : out.corners)
        corner = {(corner.x + 0.5F) * step_x - 0.5F, (corner.y + 0.5F) * step_y - 0.5F};
    return out;
}

Letterbox letterbox(const FrameView& view, cv::Size input, int pad) {
    const Fit f = fit(view, input);
    Letterbox box;
    box.picture = cv::Mat(input, CV_8UC3, cv::Scalar::all(pad));
    inner_bgr(view, f).copyTo(box.picture(cv::Rect({0, 0}, f.inner)));
    box.step_x = step(view.width, f.whole.width, f.inner.width);
    box.step_y = step(view.height, f.whole.height, f.inner.height);
    return box;
}

}  // namespace portcullis
