#include "vision/redactor.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "unit/vision/noise_frame.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

constexpr int frame_width = 640;
constexpr int frame_height = 360;
const Quad plate = quad_from_box({280, 240, 360, 260});  // 80 px wide: kept are x 200..440, y 220..280
constexpr int cell = 40;                                 // 640 / 16, and half the plate
const Box kept{200, 220, 440, 280};

ColourImage redacted(const FrameView& view, std::span<const Quad> others = {},
                     OverviewPolicy policy = OverviewPolicy::redacted, int max_width = 0) {
    const auto overview = RedactedOverview::create(view, plate, others, policy, max_width);
    if (!overview) FAIL(overview.error().message());
    auto image = overview->render();
    if (!image) FAIL(image.error().message());
    return std::move(*image);
}

bool is_kept(int x, int y) {
    // One pixel more: the quad's own edge belongs to it.
    return x >= 199 && x <= 441 && y >= 219 && y <= 281;
}

Colour at(const ColourImage& image, int x, int y) {
    const auto i = static_cast<std::size_t>(y * image.width + x) * 3;
    return {image.pixels[i], image.pixels[i + 1], image.pixels[i + 2]};
}

bool one_colour(const ColourImage& image, const Box& box) {
    const Colour first = at(image, static_cast<int>(box.left), static_cast<int>(box.top));
    for (int y = static_cast<int>(box.top); y < static_cast<int>(box.bottom); ++y)
        for (int x = static_cast<int>(box.left); x < static_cast<int>(box.right); ++x)
            if (at(image, x, y) != first) return false;
    return true;
}

/// Moves what lies outside the kept area about within its cells: other pictures, the same means.
void shuffle_outside(NoiseFrame& frame) {
    for (int y = 0; y < frame_height; ++y)
        for (int x = 0; x < frame_width; ++x) {
            const int left = x / cell * cell;
            const int mirrored = left + cell - 1 - (x - left);
            if (x >= mirrored || is_kept(x, y) || is_kept(mirrored, y)) continue;
            const int colours = frame.view.format == PixelFormat::bgr24 ? 3 : 1;
            for (int colour = 0; colour < colours; ++colour)
                std::swap(frame.at(x, y, colour), frame.at(mirrored, y, colour));
        }
}

}  // namespace

TEST_CASE("no pixel outside the kept area reaches the overview but through the mean of its cell") {
    for (const PixelFormat format :
         {PixelFormat::grey8, PixelFormat::bgr24, PixelFormat::yuv420p, PixelFormat::nv12})
        for (const int max_width : {0, 320, 500}) {
            CAPTURE(static_cast<int>(format));
            CAPTURE(max_width);
            NoiseFrame frame(format, frame_width, frame_height);
            const ColourImage before = redacted(frame.view, {}, OverviewPolicy::redacted, max_width);
            const std::vector<std::uint8_t> pixels = frame.pixels;
            shuffle_outside(frame);
            REQUIRE(frame.pixels != pixels);
            CHECK(redacted(frame.view, {}, OverviewPolicy::redacted, max_width).pixels == before.pixels);
        }
}

TEST_CASE("beside a tilted plate too: the corners of the box around what is kept are hidden") {
    const Quad tilted{{{{280, 180}, {360, 220}, {350, 240}, {270, 200}}}};
    const Quad sharp = kept_area(tilted, OverviewPolicy::redacted, frame_width);
    NoiseFrame frame(PixelFormat::bgr24, frame_width, frame_height);
    const auto render = [&] {
        const auto overview = RedactedOverview::create(frame.view, tilted, {}, OverviewPolicy::redacted, 0);
        REQUIRE(overview);
        return overview->render().value().pixels;
    };
    const auto before = render();
    const Box box = bounding_box(sharp);
    // Two pixels of one cell change places, where the box is and the quad is not: its upper right corner.
    const int side = 46;  // half the plate's 89 px, even
    const int right = static_cast<int>(box.right) / side * side - 1;
    const int top = (static_cast<int>(box.top) / side + 1) * side;
    for (int y = top; y < top + 10; ++y)
        for (int x = right - 9; x < right - 4; ++x) {
            REQUIRE_FALSE(contains(sharp.corners, {static_cast<float>(x), static_cast<float>(y)}));
            for (int colour = 0; colour < 3; ++colour)
                std::swap(frame.at(x, y, colour), frame.at(x + 5, y, colour));
        }
    CHECK(render() == before);
}

TEST_CASE("the plate and the bodywork around it stay as they are") {
    NoiseFrame frame(PixelFormat::bgr24, frame_width, frame_height);
    const ColourImage image = redacted(frame.view);
    REQUIRE(image.width == frame_width);
    REQUIRE(image.height == frame_height);
    int wrong = 0;
    for (int y = static_cast<int>(kept.top); y < static_cast<int>(kept.bottom); ++y)
        for (int x = static_cast<int>(kept.left); x < static_cast<int>(kept.right); ++x)
            if (at(image, x, y) != Colour{frame.at(x, y), frame.at(x, y, 1), frame.at(x, y, 2)}) ++wrong;
    CHECK(wrong == 0);
}

TEST_CASE("a face above the plate leaves no variance within a cell, and no trace between faces of one mean") {
    NoiseFrame frame(PixelFormat::grey8, frame_width, frame_height);
    // 40 px at a plate of 80 px: a head at an EU plate's distance is smaller. As fine as a pattern can be.
    const auto draw_face = [&](int phase) {
        for (int y = 120; y < 160; ++y)
            for (int x = 300; x < 340; ++x)
                frame.at(x, y) = (x + y + phase) % 2 == 0 ? 255 : 0;
    };
    draw_face(0);
    const ColourImage first = redacted(frame.view);
    for (int y = 80; y < 200; y += cell)
        for (int x = 240; x < 400; x += cell)
            CHECK(one_colour(first, {static_cast<float>(x), static_cast<float>(y),
                                     static_cast<float>(x + cell), static_cast<float>(y + cell)}));
    draw_face(1);
    CHECK(redacted(frame.view).pixels == first.pixels);
}

TEST_CASE("under plate_only the bodywork is hidden too, the plate is not") {
    NoiseFrame frame(PixelFormat::grey8, frame_width, frame_height);
    const ColourImage image = redacted(frame.view, {}, OverviewPolicy::plate_only);
    CHECK(at(image, 285, 245)[0] == frame.at(285, 245));
    CHECK(one_colour(image, {240, 240, 268, 280}));
    CHECK(one_colour(image, {372, 240, 400, 280}));
    CHECK(one_colour(image, {280, 264, 320, 280}));
}

TEST_CASE("another plate is one flat colour, within the kept area and outside, the passage's own is spared") {
    NoiseFrame frame(PixelFormat::grey8, frame_width, frame_height);
    const std::vector<Quad> others{quad_from_box({380, 245, 420, 257}), quad_from_box({40, 60, 300, 120}),
                                   quad_from_box({340, 235, 400, 265})};
    const ColourImage image = redacted(frame.view, others);
    CHECK(one_colour(image, {380, 245, 420, 257}));
    CHECK(one_colour(image, {40, 60, 300, 120}));
    CHECK_FALSE(one_colour(redacted(frame.view), {380, 245, 420, 257}));
    for (int x = 281; x < 359; ++x)
        CHECK(at(image, x, 250)[0] == frame.at(x, 250));
}

TEST_CASE(
    "what is kept follows the plate's own lines, and never reaches farther up in a picture on its side") {
    const Quad tilted{{{{100, 100}, {180, 140}, {170, 160}, {90, 120}}}};
    const Quad grown = kept_area(tilted, OverviewPolicy::redacted, 1000);
    CHECK(grown.corners[0].x == doctest::Approx(30).epsilon(0.05));
    CHECK(grown.corners[0].y == doctest::Approx(40).epsilon(0.05));
    const Quad lying{{{{300, 100}, {300, 200}, {275, 200}, {275, 100}}}};
    CHECK(bounding_box(kept_area(lying, OverviewPolicy::redacted, 1000)).top == doctest::Approx(75));
    const Quad upside_down{{{{360, 260}, {280, 260}, {280, 240}, {360, 240}}}};
    CHECK(bounding_box(kept_area(upside_down, OverviewPolicy::redacted, 1000)).top == doctest::Approx(220));
}

TEST_CASE("a candidate as wide as the picture uncovers little around itself") {
    const Quad wide = quad_from_box({0, 500, 1000, 550});
    const Box grown = bounding_box(kept_area(wide, OverviewPolicy::redacted, 1000));
    CHECK(grown.top == doctest::Approx(500 - 62.5));
    CHECK(grown.left == doctest::Approx(-250));
}

TEST_CASE("the overview is as small as asked for, in pictures of every shape") {
    struct Row {
        int width, height, max_width, out_width, out_height;
    };
    for (const Row& row :
         {Row{641, 361, 320, 320, 180}, Row{640, 360, 0, 640, 360}, Row{40, 3000, 1280, 40, 3000},
          Row{3000, 40, 1280, 1280, 17}, Row{5, 3, 1280, 5, 3}})
        for (const PixelFormat format :
             {PixelFormat::grey8, PixelFormat::bgr24, PixelFormat::yuv420p, PixelFormat::nv12}) {
            CAPTURE(row.width);
            CAPTURE(static_cast<int>(format));
            const NoiseFrame frame(format, row.width, row.height);
            // At the lower right edge and beyond it.
            const auto right = static_cast<float>(row.width);
            const auto bottom = static_cast<float>(row.height);
            const Quad at_edge = quad_from_box({right - 30, bottom - 9, right + 10, bottom + 1});
            const auto overview =
                RedactedOverview::create(frame.view, at_edge, {}, OverviewPolicy::redacted, row.max_width);
            REQUIRE(overview);
            const auto image = overview->render();
            REQUIRE(image);
            CHECK(image->width == row.out_width);
            CHECK(image->height == row.out_height);
            CHECK(encode_jpeg(image->view(), {}));
        }
}

TEST_CASE("what cannot be redacted gives no overview") {
    const NoiseFrame frame(PixelFormat::grey8, frame_width, frame_height);
    const float nothing = std::numeric_limits<float>::quiet_NaN();
    const Quad crossed{{{{0, 0}, {80, 20}, {80, 0}, {0, 20}}}};
    const Quad broken = quad_from_box({nothing, 0, 10, 10});
    const std::vector<Quad> broken_other{broken};
    const auto make = [&](const Quad& quad, std::span<const Quad> others, OverviewPolicy policy) {
        return RedactedOverview::create(frame.view, quad, others, policy, 0);
    };
    CHECK(make(plate, {}, OverviewPolicy::redacted));
    CHECK_FALSE(make(crossed, {}, OverviewPolicy::redacted));
    CHECK_FALSE(make(broken, {}, OverviewPolicy::redacted));
    CHECK_FALSE(make(quad_from_box({0, 0, 1e9F, 10}), {}, OverviewPolicy::redacted));
    CHECK_FALSE(make(plate, broken_other, OverviewPolicy::redacted));
    CHECK_FALSE(make(plate, {}, OverviewPolicy::full));
    CHECK_FALSE(make(plate, {}, OverviewPolicy::none));
    CHECK_FALSE(RedactedOverview::create({}, plate, {}, OverviewPolicy::redacted, 0));
}
