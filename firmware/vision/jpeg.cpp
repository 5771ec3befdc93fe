#include "vision/jpeg.hpp"

#include <turbojpeg.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <opencv2/imgproc.hpp>

#include "vision/mat_view.hpp"

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

/// The same pixels, looked at through a smaller window.
FrameView window(const FrameView& view, const Area& area) {
    FrameView part{view.format, area.width, area.height, view.planes};
    const auto move = [&](std::size_t plane, int x, int y, std::size_t pixel_bytes) {
        Plane& at = part.planes[plane];
        at.data += static_cast<std::size_t>(y) * at.stride + static_cast<std::size_t>(x) * pixel_bytes;
    };
    move(0, area.x, area.y, view.format == PixelFormat::bgr24 ? 3 : 1);
    if (view.format == PixelFormat::nv12) move(1, area.x / 2, area.y / 2, 2);
    if (view.format != PixelFormat::yuv420p) return part;
    move(1, area.x / 2, area.y / 2, 1);
    move(2, area.x / 2, area.y / 2, 1);
    return part;
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
    TRY(check_view(view));
    const Area area = even_area(view, region);
    if (area.width < 1 || area.height < 1)
        return fail(ErrorCode::invalid_argument, "no part of the region lies in the frame of {} x {} px",
                    view.width, view.height);
    try {
        const cv::Mat bgr = bgr_from_view(window(view, area));
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
    TRY(check_view(view));
    try {
        const cv::Mat picture = view.format == PixelFormat::grey8 ? mat_from_view(view) : bgr_from_view(view);
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
