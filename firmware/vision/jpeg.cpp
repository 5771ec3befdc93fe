#include "vision/jpeg.hpp"

#include <turbojpeg.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <opencv2/imgproc.hpp>

namespace portcullis {

namespace {

struct Area {
    int x;
    int y;
    int width;
    int height;
};

/// Even corners, so that the half-size colour planes can be cut too. Empty when nothing is left.
Area even_area(const FrameView& view, const Box& region) {
    const auto even_down = [](float value, int limit) {
        return static_cast<int>(std::clamp(std::floor(value), 0.0F, static_cast<float>(limit))) & ~1;
    };
    const int x = even_down(region.left, view.width);
    const int y = even_down(region.top, view.height);
    const int right = std::min(view.width, even_down(region.right + 2, view.width + 1));
    const int bottom = std::min(view.height, even_down(region.bottom + 2, view.height + 1));
    return {x, y, right - x, bottom - y};
}

// OpenCV takes only non-const pointers; the conversions below do not write through them.
cv::Mat plane_mat(const Plane& plane, int x, int y, int width, int height, int type) {
    const std::size_t pixel = static_cast<std::size_t>(CV_ELEM_SIZE(type));
    const std::uint8_t* start =
        plane.data + static_cast<std::size_t>(y) * plane.stride + static_cast<std::size_t>(x) * pixel;
    return {height, width, type, const_cast<std::uint8_t*>(start), plane.stride};
}

/// The area in I420 as OpenCV wants it: one block, Y above U above V. Even sizes only.
cv::Mat i420_block(const FrameView& view, const Area& area) {
    cv::Mat block(area.height * 3 / 2, area.width, CV_8UC1);
    plane_mat(view.planes[0], area.x, area.y, area.width, area.height, CV_8UC1)
        .copyTo(block.rowRange(0, area.height));
    std::uint8_t* to = block.ptr(area.height);
    for (std::size_t p = 1; p <= 2; ++p) {
        cv::Mat half(area.height / 2, area.width / 2, CV_8UC1, to);
        plane_mat(view.planes[p], area.x / 2, area.y / 2, half.cols, half.rows, CV_8UC1).copyTo(half);
        to += half.total();
    }
    return block;
}

cv::Mat to_bgr(const FrameView& view, const Area& area) {
    cv::Mat bgr;
    const Area even{area.x, area.y, area.width & ~1, area.height & ~1};
    switch (view.format) {
        case PixelFormat::bgr24:
            return plane_mat(view.planes[0], area.x, area.y, area.width, area.height, CV_8UC3);
        case PixelFormat::grey8:
            cv::cvtColor(plane_mat(view.planes[0], area.x, area.y, area.width, area.height, CV_8UC1), bgr,
                         cv::COLOR_GRAY2BGR);
            break;
        case PixelFormat::yuv420p:
            cv::cvtColor(i420_block(view, even), bgr, cv::COLOR_YUV2BGR_I420);
            break;
        case PixelFormat::nv12:
            cv::cvtColorTwoPlane(
                plane_mat(view.planes[0], even.x, even.y, even.width, even.height, CV_8UC1),
                plane_mat(view.planes[1], even.x / 2, even.y / 2, even.width / 2, even.height / 2, CV_8UC2),
                bgr, cv::COLOR_YUV2BGR_NV12);
            break;
    }
    return bgr;
}

bool is_subsampled(const FrameView& view) {
    return view.format == PixelFormat::yuv420p || view.format == PixelFormat::nv12;
}

Result<void> check_area(const FrameView& view, const Area& area) {
    const int least = is_subsampled(view) ? 2 : 1;
    if (area.width < least || area.height < least)
        return fail(ErrorCode::invalid_argument, "no part of the region lies in the frame of {} x {} px",
                    view.width, view.height);
    return {};
}

cv::Mat scaled_down(const cv::Mat& picture, int max_width) {
    if (max_width <= 0 || picture.cols <= max_width) return picture;
    cv::Mat small;
    const int height = std::max(
        1, static_cast<int>(std::lround(static_cast<double>(picture.rows) * max_width / picture.cols)));
    cv::resize(picture, small, {max_width, height}, 0, 0, cv::INTER_AREA);
    return small;
}

struct TurboFree {
    void operator()(unsigned char* bytes) const { ::tjFree(bytes); }
};
struct TurboDestroy {
    void operator()(void* handle) const { ::tjDestroy(handle); }
};

Result<Bytes> compress(const cv::Mat& picture, int quality) {
    if (quality < 1 || quality > 100)
        return fail(ErrorCode::invalid_argument, "JPEG quality {} is out of range; give 1 to 100", quality);
    const bool grey = picture.channels() == 1;
    const std::unique_ptr<void, TurboDestroy> handle(::tjInitCompress());
    if (!handle) return fail(ErrorCode::internal, "libjpeg-turbo cannot start: out of memory?");
    unsigned char* raw = nullptr;
    unsigned long size = 0;
    const int done = ::tjCompress2(
        handle.get(), picture.data, picture.cols, static_cast<int>(picture.step[0]), picture.rows,
        grey ? TJPF_GRAY : TJPF_BGR, &raw, &size, grey ? TJSAMP_GRAY : TJSAMP_420, quality, 0);
    const std::unique_ptr<unsigned char, TurboFree> owned(raw);
    if (done != 0)
        return fail(ErrorCode::internal, "libjpeg-turbo cannot encode {} x {} px: {}", picture.cols,
                    picture.rows, ::tjGetErrorStr2(handle.get()));
    Bytes jpeg(size);
    std::memcpy(jpeg.data(), owned.get(), size);
    return jpeg;
}

}  // namespace

FrameView ColourImage::view() const {
    FrameView view{PixelFormat::bgr24, width, height, {}};
    view.planes[0] = {pixels.data(), static_cast<std::size_t>(width) * 3};
    return view;
}

Result<ColourImage> crop_colour(const FrameView& view, const Box& region) {
    const Area area = even_area(view, region);
    TRY(check_area(view, area));
    try {
        const cv::Mat bgr = to_bgr(view, area);
        ColourImage image{bgr.cols, bgr.rows, {}};
        image.pixels.resize(bgr.total() * 3);
        bgr.copyTo(cv::Mat(bgr.rows, bgr.cols, CV_8UC3, image.pixels.data()));
        return image;
    } catch (const cv::Exception& error) {
        return fail(ErrorCode::internal, "cannot cut a picture: {}", error.err);
    }
}

Box box_around(const Quad& quad, float margin) {
    const Box box = bounding_box(quad);
    const float dx = box.width() * margin;
    const float dy = box.height() * margin;
    return {box.left - dx, box.top - dy, box.right + dx, box.bottom + dy};
}

Result<Bytes> encode_jpeg(const FrameView& view, const JpegSettings& settings) {
    const Area whole{0, 0, view.width, view.height};
    TRY(check_area(view, whole));
    try {
        const cv::Mat picture = view.format == PixelFormat::grey8
                                    ? plane_mat(view.planes[0], 0, 0, view.width, view.height, CV_8UC1)
                                    : to_bgr(view, whole);
        return compress(scaled_down(picture, settings.max_width), settings.quality);
    } catch (const cv::Exception& error) {
        return fail(ErrorCode::internal, "cannot encode a picture: {}", error.err);
    }
}

Result<Bytes> encode_jpeg(const GreyImage& image, const JpegSettings& settings) {
    FrameView view{PixelFormat::grey8, image.width, image.height, {}};
    view.planes[0] = {image.pixels.data(), static_cast<std::size_t>(image.width)};
    return encode_jpeg(view, settings);
}

}  // namespace portcullis
