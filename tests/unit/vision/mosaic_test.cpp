#include "vision/mosaic.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>

#include "unit/vision/noise_frame.hpp"

using namespace portcullis;
using namespace portcullis::test;

TEST_CASE("each cell is the rounded mean of its own pixels") {
    NoiseFrame frame(PixelFormat::grey8, 20, 8);
    frame.fill_luma({0, 0, 8, 8}, 10);
    frame.fill_luma({8, 0, 16, 8}, 200);
    frame.fill_luma({16, 0, 20, 8}, 90);
    frame.fill_luma({0, 0, 8, 4}, 31);
    const auto mosaic = mosaic_of(frame.view, 8);
    REQUIRE(mosaic);
    REQUIRE(mosaic->columns == 3);
    REQUIRE(mosaic->rows == 1);
    CHECK((mosaic->cells == std::vector<Colour>{{20, 20, 20}, {200, 200, 200}, {90, 90, 90}}));
    CHECK(mosaic->at(7, 7)[0] == 20);
    CHECK(mosaic->at(8, 0)[0] == 200);
    CHECK(mosaic->at(500, 500)[0] == 90);
}

TEST_CASE("every format gives the colour of its frame, at odd sizes and at one pixel too") {
    for (const PixelFormat format :
         {PixelFormat::grey8, PixelFormat::bgr24, PixelFormat::yuv420p, PixelFormat::nv12})
        for (const int side : {1, 2, 33, 64}) {
            NoiseFrame frame(format, side, side + 1);
            frame.fill_luma({0, 0, 1000, 1000}, 128);
            frame.fill_chroma(90, 170);
            CAPTURE(static_cast<int>(format));
            CAPTURE(side);
            const auto mosaic = mosaic_of(frame.view, 16);
            if (side == 1 || side == 2) {
                CHECK_FALSE(mosaic);  // a cell larger than the frame is a mistake of the caller
                continue;
            }
            REQUIRE(mosaic);
            CHECK(mosaic->columns == (side + 15) / 16);
            const bool colour = format == PixelFormat::yuv420p || format == PixelFormat::nv12;
            for (const Colour& cell : mosaic->cells) {
                CHECK(std::abs(cell[0] - (colour ? 54 : 128)) <= 2);
                CHECK(std::abs(cell[2] - (colour ? 197 : 128)) <= 2);
            }
            CHECK(mosaic_of(NoiseFrame(format, 1, 1).view, 1));
        }
}

TEST_CASE("a box is flattened to one colour, the cells beside it stay") {
    Mosaic mosaic{10, 3, 2, {{1, 1, 1}, {10, 0, 0}, {20, 0, 0}, {1, 1, 1}, {30, 0, 0}, {40, 0, 0}}};
    flatten(mosaic, {12, 3, 25, 14});
    const Colour mean{25, 0, 0};
    CHECK((mosaic.cells == std::vector<Colour>{{1, 1, 1}, mean, mean, {1, 1, 1}, mean, mean}));
    flatten(mosaic, {-500, -500, 5000, 5000});
    CHECK(std::ranges::count(mosaic.cells, mosaic.cells[0]) == 6);
}

TEST_CASE("a mosaic that would show too much, or nothing, is refused") {
    const NoiseFrame frame(PixelFormat::grey8, 400, 400);
    CHECK_FALSE(mosaic_of(frame.view, 0));
    CHECK_FALSE(mosaic_of(frame.view, -4));
    CHECK_FALSE(mosaic_of(frame.view, 4));
    CHECK_FALSE(mosaic_of(frame.view, 1000));
    CHECK_FALSE(mosaic_of({}, 16));
}
