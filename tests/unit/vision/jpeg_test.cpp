#include "vision/jpeg.hpp"

#include <doctest/doctest.h>
#include <turbojpeg.h>

#include <memory>

#include "vision/annotate.hpp"

using namespace portcullis;

namespace {

struct Size {
    int width = 0;
    int height = 0;
    bool grey = false;
};

Size size_of(const Bytes& jpeg) {
    const std::unique_ptr<void, int (*)(void*)> handle(::tjInitDecompress(), &::tjDestroy);
    Size size;
    int subsampling = 0;
    int colours = 0;
    REQUIRE(::tjDecompressHeader3(handle.get(), u8(ByteView(jpeg)), static_cast<unsigned long>(jpeg.size()),
                                  &size.width, &size.height, &subsampling, &colours) == 0);
    size.grey = colours == TJCS_GRAY;
    return size;
}

/// A frame of one colour (Y 120, U 100, V 150) in any format; B, G, R are what OpenCV makes of it.
struct MadeFrame {
    std::vector<std::uint8_t> pixels;
    FrameView view;

    MadeFrame(PixelFormat format, int width, int height) : view{format, width, height, {}} {
        const auto w = static_cast<std::size_t>(width);
        const auto h = static_cast<std::size_t>(height);
        const std::size_t half = ((w + 1) / 2) * ((h + 1) / 2);
        switch (format) {
            case PixelFormat::grey8:
                pixels.assign(w * h, 120);
                break;
            case PixelFormat::bgr24:
                for (std::size_t i = 0; i < w * h; ++i)
                    pixels.insert(pixels.end(), {64, 114, 156});
                break;
            case PixelFormat::yuv420p:
                pixels.assign(w * h, 120);
                pixels.resize(w * h + half, 100);
                pixels.resize(w * h + 2 * half, 150);
                break;
            case PixelFormat::nv12:
                pixels.assign(w * h, 120);
                for (std::size_t i = 0; i < half; ++i)
                    pixels.insert(pixels.end(), {100, 150});
                break;
        }
        view.planes[0] = {pixels.data(), format == PixelFormat::bgr24 ? w * 3 : w};
        view.planes[1] = {pixels.data() + w * h,
                          format == PixelFormat::nv12 ? ((w + 1) / 2) * 2 : (w + 1) / 2};
        view.planes[2] = {pixels.data() + w * h + half, (w + 1) / 2};
    }
};

}  // namespace

TEST_CASE("a region of any pixel format is cut out in its colours") {
    for (const PixelFormat format : {PixelFormat::bgr24, PixelFormat::yuv420p, PixelFormat::nv12}) {
        CAPTURE(static_cast<int>(format));
        const MadeFrame frame(format, 65, 33);
        const auto image = crop_colour(frame.view, {10.5F, 4, 30, 12});
        REQUIRE(image);
        CHECK(image->width == 22);
        CHECK(image->height == 10);
        CHECK(image->pixels[0] == doctest::Approx(64).epsilon(0.05));
        CHECK(image->pixels[1] == doctest::Approx(114).epsilon(0.05));
        CHECK(image->pixels[2] == doctest::Approx(156).epsilon(0.05));
    }
}

TEST_CASE("a region that hangs over the edge is cut to the frame, one outside is refused") {
    for (const PixelFormat format :
         {PixelFormat::grey8, PixelFormat::bgr24, PixelFormat::yuv420p, PixelFormat::nv12}) {
        const MadeFrame frame(format, 64, 32);
        const auto image = crop_colour(frame.view, {50, 20, 900, 900});
        REQUIRE(image);
        CHECK(image->width == 14);
        CHECK(image->height == 12);
        CHECK_FALSE(crop_colour(frame.view, {100, 20, 900, 900}));
        CHECK_FALSE(crop_colour(frame.view, {-90, -90, -20, -20}));
    }
}

TEST_CASE("frames of every format and odd size encode") {
    for (const PixelFormat format :
         {PixelFormat::grey8, PixelFormat::bgr24, PixelFormat::yuv420p, PixelFormat::nv12}) {
        const MadeFrame frame(format, 65, 33);
        const auto jpeg = encode_jpeg(frame.view, {});
        REQUIRE(jpeg);
        CHECK(size_of(*jpeg).width >= 64);
        CHECK(size_of(*jpeg).grey == (format == PixelFormat::grey8));
    }
}

TEST_CASE("a picture wider than the limit is scaled down in proportion") {
    const MadeFrame frame(PixelFormat::bgr24, 400, 200);
    const auto jpeg = encode_jpeg(frame.view, {.quality = 80, .max_width = 100});
    REQUIRE(jpeg);
    CHECK(size_of(*jpeg).width == 100);
    CHECK(size_of(*jpeg).height == 50);
}

TEST_CASE("a quality out of range and a frame without pixels are refused") {
    const MadeFrame frame(PixelFormat::grey8, 16, 16);
    CHECK_FALSE(encode_jpeg(frame.view, {.quality = 0}));
    CHECK_FALSE(encode_jpeg(frame.view, {.quality = 101}));
    CHECK_FALSE(encode_jpeg(FrameView{}, {}));
    CHECK_FALSE(encode_jpeg(GreyImage{}, {}));
}

TEST_CASE("a grey patch encodes") {
    const GreyImage patch{20, 10, std::vector<std::uint8_t>(200, 90)};
    const auto jpeg = encode_jpeg(patch, {});
    REQUIRE(jpeg);
    CHECK(size_of(*jpeg).grey);
}

TEST_CASE("annotations are drawn on a copy, wherever their quad lies") {
    const MadeFrame frame(PixelFormat::bgr24, 320, 200);
    const std::vector<std::uint8_t> before = frame.pixels;
    const Annotation annotations[] = {
        {quad_from_box({100, 80, 180, 100}), "AB 123", true},
        {quad_from_box({-50, -50, 900, 900}), "larger than the picture, and a label longer than it is wide",
         false},
        {quad_from_box({0, 0, 1, 1}), "\xff\n", true},
    };
    const auto plain = encode_jpeg(frame.view, {});
    const auto drawn = annotate(frame.view, annotations, {});
    REQUIRE(drawn);
    CHECK(size_of(*drawn).width == 320);
    CHECK(*drawn != *plain);
    CHECK(frame.pixels == before);
}
