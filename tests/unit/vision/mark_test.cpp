// A picture that leaves says on itself for whom it was made.
#include "vision/mark.hpp"

#include <doctest/doctest.h>

#include "drivers/camera/replay/picture.hpp"

using namespace portcullis;

namespace {

FrameView grey(const std::vector<std::uint8_t>& pixels, int width, int height) {
    FrameView view;
    view.width = width;
    view.height = height;
    view.planes[0] = {pixels.data(), static_cast<std::size_t>(width)};
    return view;
}

/// How many pixels of these rows are far from the grey of the picture.
int drawn_in(const replay::Picture& picture, int first, int last) {
    int drawn = 0;
    for (int y = first; y < last; ++y)
        for (int x = 0; x < picture.view.width; ++x) {
            const std::uint8_t value =
                picture.view.planes[0].data[static_cast<std::size_t>(y) * picture.view.planes[0].stride +
                                            3 * static_cast<std::size_t>(x)];
            drawn += value < 100 || value > 156 ? 1 : 0;
        }
    return drawn;
}

}  // namespace

TEST_CASE("a mark stands in a strip below the picture and across it, so no cut of a third takes it away") {
    const std::vector<std::uint8_t> pixels(std::size_t{800} * 300, 128);
    const std::vector<std::string> lines{"case file 0123456789abcdef", "made for court", "case 2026-117"};
    const auto jpeg = mark_picture(grey(pixels, 800, 300), lines, {});
    REQUIRE(jpeg);
    const auto picture = replay::decode_jpeg(*jpeg);
    REQUIRE(picture);
    CHECK(picture->view.width == 800);
    CHECK(picture->view.height > 300 + 60);
    for (int third = 0; third < 3; ++third)
        CHECK(drawn_in(*picture, third * 100, third * 100 + 100) > 100);
    CHECK(drawn_in(*picture, 300, picture->view.height) > 1000);
}

TEST_CASE(
    "a small picture is enlarged until its mark can be read, and long or foreign lines stay within it") {
    const std::vector<std::uint8_t> pixels(std::size_t{60} * 20, 128);
    const std::vector<std::string> lines{std::string(200, 'W'), "f\xc3\xbcr"};
    const auto jpeg = mark_picture(grey(pixels, 60, 20), lines, {});
    REQUIRE(jpeg);
    CHECK(replay::decode_jpeg(*jpeg)->view.width == min_marked_width);
}

TEST_CASE("a picture without lines, or without pixels, is not marked") {
    const std::vector<std::uint8_t> pixels(100, 128);
    CHECK(!mark_picture(grey(pixels, 10, 10), {}, {}));
    const std::vector<std::string> lines{"x"};
    CHECK(!mark_picture(FrameView{}, lines, {}));
}
