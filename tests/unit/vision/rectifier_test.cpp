#include "vision/rectifier.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "vision/rows.hpp"

using namespace portcullis;

namespace {

struct Picture {
    int width;
    int height;
    std::vector<std::uint8_t> pixels;
    [[nodiscard]] FrameView grey() const {
        FrameView view{PixelFormat::grey8, width, height, {}};
        view.planes[0] = {pixels.data(), static_cast<std::size_t>(width)};
        return view;
    }
};

// Grey rises by 1 from pixel to pixel to the right and by 2 from line to line.
Picture ramp(int width, int height) {
    Picture picture{width, height, {}};
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            picture.pixels.push_back(static_cast<std::uint8_t>(x + 2 * y));
    return picture;
}

Rectifier made(const RectifierSettings& settings = {}) {
    auto rectifier = Rectifier::create(settings);
    REQUIRE(rectifier);
    return *rectifier;
}

int at(const GreyImage& image, int x, int y) {
    return image.pixels[static_cast<std::size_t>(y * image.width + x)];
}

Quad box(float left, float top, float right, float bottom) {
    return quad_from_box(Box{left, top, right, bottom});
}

}  // namespace

TEST_CASE("an upright box comes back as it stands in the frame, with its margin") {
    const Picture picture = ramp(100, 40);
    const auto patch =
        made({.margin_share = 0, .row_height_px = 16}).rectify(picture.grey(), box(10, 8, 74, 24));
    REQUIRE(patch);
    CHECK(patch->image.width == 64);
    CHECK(patch->image.height == 16);
    // Half a pixel apart: the patch's pixel centres lie between the frame's.
    for (const auto& [x, y] : {std::pair{0, 0}, {63, 0}, {31, 8}, {63, 15}})
        CHECK(std::abs(at(patch->image, x, y) - (10 + x + 2 * (8 + y))) <= 2);
}

TEST_CASE("a known homography is undone") {
    // The frame shows a plate whose left half is black and right half white through a perspective; rectified,
    // the border between them stands upright in the middle.
    const Quad quad{{{{30, 20}, {170, 44}, {158, 92}, {36, 70}}}};
    // Middle of the plate under the homography: where its diagonals cross lies on the line through the
    // midpoints.
    const auto cross = [](Point a, Point b, Point c, Point d) {
        const float t = ((c.x - a.x) * (d.y - c.y) - (c.y - a.y) * (d.x - c.x)) /
                        ((b.x - a.x) * (d.y - c.y) - (b.y - a.y) * (d.x - c.x));
        return Point{a.x + t * (b.x - a.x), a.y + t * (b.y - a.y)};
    };
    const auto& c = quad.corners;
    const Point middle = cross(c[0], c[2], c[1], c[3]);
    const Point vanishing = cross(c[0], c[3], c[1], c[2]);  // upright lines of the plate meet here
    Picture picture{200, 120, {}};
    for (int y = 0; y < picture.height; ++y)
        for (int x = 0; x < picture.width; ++x) {
            const float side = (static_cast<float>(x) - middle.x) * (vanishing.y - middle.y) -
                               (static_cast<float>(y) - middle.y) * (vanishing.x - middle.x);
            picture.pixels.push_back((side > 0) == (vanishing.y > middle.y) ? 255 : 0);
        }
    const auto patch = made({.margin_share = 0, .row_height_px = 64}).rectify(picture.grey(), quad);
    REQUIRE(patch);
    const int width = patch->image.width;
    for (const int y : {4, 32, 60}) {
        CHECK(at(patch->image, width / 2 - 5, y) < 64);
        CHECK(at(patch->image, width / 2 + 5, y) > 192);
    }
}

TEST_CASE("a turned plate comes back upright: corners begin at its own top left") {
    const Picture picture = ramp(100, 100);
    // The plate stands on its head: its top left is the frame's lower right.
    const Quad quad{{{{80, 40}, {16, 40}, {16, 24}, {80, 24}}}};
    const auto patch = made({.margin_share = 0, .row_height_px = 16}).rectify(picture.grey(), quad);
    REQUIRE(patch);
    CHECK(at(patch->image, 0, 0) > at(patch->image, patch->image.width - 1, patch->image.height - 1));
}

TEST_CASE("colour and luma frames give the same patch as grey ones") {
    const Picture picture = ramp(100, 40);
    std::vector<std::uint8_t> colour;
    for (const std::uint8_t grey : picture.pixels)
        colour.insert(colour.end(), 3, grey);
    FrameView bgr{PixelFormat::bgr24, picture.width, picture.height, {}};
    bgr.planes[0] = {colour.data(), static_cast<std::size_t>(picture.width) * 3};
    FrameView nv12 = picture.grey();
    nv12.format = PixelFormat::nv12;
    const Quad quad = box(10, 8, 74, 24);
    const auto expected = made().rectify(picture.grey(), quad);
    REQUIRE(expected);
    for (const FrameView& frame : {bgr, nv12}) {
        const auto patch = made().rectify(frame, quad);
        REQUIRE(patch);
        CHECK(patch->image.pixels == expected->image.pixels);
    }
}

TEST_CASE("a quad that reaches beyond the frame is completed with the edge's grey") {
    const Picture picture{40, 20, std::vector<std::uint8_t>(800, 77)};
    const auto patch = made().rectify(picture.grey(), box(-10, -5, 60, 30));
    REQUIRE(patch);
    CHECK(std::all_of(patch->image.pixels.begin(), patch->image.pixels.end(),
                      [](int grey) { return grey == 77; }));
}

TEST_CASE("a large plate is averaged down, not sampled") {
    Picture picture{1200, 400, {}};  // a chequerboard of single pixels
    for (int i = 0; i < picture.width * picture.height; ++i)
        picture.pixels.push_back((i % picture.width + i / picture.width) % 2 == 0 ? 0 : 255);
    const auto patch =
        made({.margin_share = 0, .row_height_px = 32}).rectify(picture.grey(), box(100, 40, 1060, 360));
    REQUIRE(patch);
    for (const std::uint8_t grey : patch->image.pixels)
        CHECK(std::abs(grey - 127) < 24);
}

TEST_CASE("a plate that may have two rows gets twice the height") {
    const Picture picture = ramp(200, 200);
    const auto wide = made().rectify(picture.grey(), box(10, 10, 150, 40));
    const auto square = made().rectify(picture.grey(), box(10, 10, 100, 70));
    REQUIRE(wide);
    REQUIRE(square);
    CHECK(wide->image.height == 64);
    CHECK(square->image.height == 128);
    CHECK_FALSE(may_have_two_rows(wide->image));
    CHECK(may_have_two_rows(square->image));
}

TEST_CASE("a quad that is none is refused") {
    const Picture picture = ramp(60, 60);
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const float far = 1e9F;
    const std::vector<Quad> bad{
        box(10, 10, 11, 50),                                // too narrow
        box(10, 10, 50, 10.5F),                             // too low
        box(50, 10, 10, 30),                                // mirrored
        Quad{{{{10, 10}, {50, 30}, {50, 10}, {10, 30}}}},   // crosses itself
        Quad{{{{10, 10}, {50, 10}, {nan, 30}, {10, 30}}}},  // not a number
        box(100, 10, 140, 30),                              // outside
        box(-far, -far, -far / 2, -far / 2),                // far outside
    };
    for (const Quad& quad : bad) {
        const auto patch = made().rectify(picture.grey(), quad);
        REQUIRE_FALSE(patch);
        CHECK(patch.error().code() == ErrorCode::invalid_argument);
    }
    CHECK(made().rectify(picture.grey(), box(-far, -far, far, far)));  // strange, but it has pixels
}

TEST_CASE("a frame without pixels is refused") {
    CHECK_FALSE(made().rectify(FrameView{}, box(0, 0, 10, 10)));
}

TEST_CASE("settings out of range are refused") {
    for (const RectifierSettings& settings : {RectifierSettings{-0.1F, 64}, RectifierSettings{0.6F, 64},
                                              RectifierSettings{0.1F, 8}, RectifierSettings{0.1F, 1000}})
        CHECK_FALSE(Rectifier::create(settings));
}

TEST_CASE("the gap between two rows is found") {
    GreyImage patch{120, 100, std::vector<std::uint8_t>(12'000, 200)};
    for (int y = 0; y < patch.height; ++y) {
        const bool in_row = (y >= 8 && y < 50) || (y >= 56 && y < 94);  // the gap lies at 50..56
        for (int x = 0; in_row && x < patch.width; x += 6)
            patch.pixels[static_cast<std::size_t>(y * patch.width + x)] = 20;
    }
    CHECK(row_gap(patch) == doctest::Approx(0.53).epsilon(0.05));
}

TEST_CASE("lines have the network's size whatever the patch") {
    for (const auto& [width, height] : {std::pair{1, 2}, {3, 2}, {64, 64}, {900, 600}}) {
        const GreyImage patch{width, height,
                              std::vector<std::uint8_t>(static_cast<std::size_t>(width * height), 9)};
        CHECK(line_of(patch).width == line_width_px);
        CHECK(line_of(patch).height == line_height_px);
        CHECK(two_row_line_of(patch).width == 2 * row_width_px);
        CHECK(two_row_line_of(patch).height == line_height_px);
    }
}
