#include "vision/mat_view.hpp"

#include <array>
#include <opencv2/imgproc.hpp>

namespace portcullis {

namespace {

struct PlaneShape {
    int width;
    int height;
    int type;
};

PlaneShape shape_of(const FrameView& view, std::size_t plane) {
    const int half_width = (view.width + 1) / 2;
    const int half_height = (view.height + 1) / 2;
    if (plane > 0) return {half_width, half_height, view.format == PixelFormat::nv12 ? CV_8UC2 : CV_8UC1};
    return {view.width, view.height, view.format == PixelFormat::bgr24 ? CV_8UC3 : CV_8UC1};
}

std::size_t planes_of(PixelFormat format) {
    switch (format) {
        case PixelFormat::yuv420p:
            return 3;
        case PixelFormat::nv12:
            return 2;
        case PixelFormat::grey8:
        case PixelFormat::bgr24:
            break;
    }
    return 1;
}

}  // namespace

Result<void> check_view(const FrameView& view) {
    if (view.width < 1 || view.height < 1)
        return fail(ErrorCode::invalid_argument, "a frame of {} x {} px has no pixels", view.width,
                    view.height);
    for (std::size_t i = 0; i < planes_of(view.format); ++i) {
        const PlaneShape shape = shape_of(view, i);
        const std::size_t line =
            static_cast<std::size_t>(shape.width) * static_cast<std::size_t>(CV_ELEM_SIZE(shape.type));
        const bool one_line = shape.height == 1;
        if (view.planes[i].data == nullptr || (!one_line && view.planes[i].stride < line))
            return fail(ErrorCode::invalid_argument,
                        "plane {} of a frame of {} x {} px is missing or its stride of {} bytes is below {}",
                        i, view.width, view.height, view.planes[i].stride, line);
    }
    return {};
}

cv::Mat mat_from_view(const FrameView& view, std::size_t plane) {
    const PlaneShape shape = shape_of(view, plane);
    const Plane& source = view.planes[plane];
    // OpenCV's pictures are not const; nothing in this room writes through them.
    auto* data = const_cast<std::uint8_t*>(source.data);
    // OpenCV insists on a stride that holds a line even where there is only one.
    const std::size_t stride = shape.height == 1 ? std::size_t{cv::Mat::AUTO_STEP} : source.stride;
    return {shape.height, shape.width, shape.type, data, stride};
}

cv::Mat bgr_from_yuv(const cv::Mat& luma, const cv::Mat& u, const cv::Mat& v) {
    // One block, Y above U above V, as OpenCV's conversion wants it.
    cv::Mat block(luma.rows * 3 / 2, luma.cols, CV_8UC1);
    luma.copyTo(block.rowRange(0, luma.rows));
    std::uint8_t* to = block.ptr(luma.rows);
    for (const cv::Mat* chroma : {&u, &v}) {
        cv::Mat half(luma.rows / 2, luma.cols / 2, CV_8UC1, to);
        chroma->copyTo(half);
        to += half.total();
    }
    cv::Mat bgr;
    cv::cvtColor(block, bgr, cv::COLOR_YUV2BGR_I420);
    return bgr;
}

cv::Mat bgr_from_view(const FrameView& view) {
    cv::Mat first = mat_from_view(view);
    if (view.format == PixelFormat::bgr24) return first;
    cv::Mat bgr;
    if (view.format == PixelFormat::grey8 || view.width < 2 || view.height < 2) {
        cv::cvtColor(first, bgr, cv::COLOR_GRAY2BGR);
        return bgr;
    }
    const cv::Rect even(0, 0, view.width & ~1, view.height & ~1);
    const cv::Rect half(0, 0, even.width / 2, even.height / 2);
    if (view.format == PixelFormat::nv12) {
        cv::cvtColorTwoPlane(first(even), mat_from_view(view, 1)(half), bgr, cv::COLOR_YUV2BGR_NV12);
        return bgr;
    }
    return bgr_from_yuv(first(even), mat_from_view(view, 1)(half), mat_from_view(view, 2)(half));
}

}  // namespace portcullis
