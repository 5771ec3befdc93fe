#include "vision/quad_overlap.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "vision/detector_cells.hpp"

using namespace portcullis;

namespace {

Quad moved(Quad quad, float dx, float dy) {
    for (Point& corner : quad.corners)
        corner = {corner.x + dx, corner.y + dy};
    return quad;
}

const Quad plate = quad_from_box({100, 100, 200, 120});

}  // namespace

TEST_CASE("the overlap of quads is that of their areas, not of their boxes") {
    CHECK(quad_iou(plate, plate) == doctest::Approx(1));
    CHECK(quad_iou(plate, moved(plate, 50, 0)) == doctest::Approx(1.0 / 3));
    CHECK(quad_iou(plate, moved(plate, 101, 0)) == doctest::Approx(0));
    CHECK(quad_iou(plate, quad_from_box({120, 105, 140, 115})) == doctest::Approx(0.1));
    // Two slanted strips side by side: their boxes overlap, they do not.
    const Quad slanted{{{{0, 0}, {100, 80}, {100, 100}, {0, 20}}}};
    CHECK(iou(bounding_box(slanted), bounding_box(moved(slanted, 0, 25))) > 0.5F);
    CHECK(quad_iou(slanted, moved(slanted, 0, 25)) == doctest::Approx(0));
}

TEST_CASE("quads that are crossed, counter-clockwise, flat or not finite overlap nothing") {
    const auto& c = plate.corners;
    const float none = std::numeric_limits<float>::quiet_NaN();
    const Quad bad[] = {Quad{{{c[0], c[2], c[1], c[3]}}}, Quad{{{c[3], c[2], c[1], c[0]}}},
                        quad_from_box({100, 100, 200, 100}), Quad{{{{none, none}, c[1], c[2], c[3]}}}};
    for (const Quad& quad : bad) {
        CHECK(quad_iou(quad, plate) == doctest::Approx(0));
        CHECK(quad_iou(plate, quad) == doctest::Approx(0));
    }
}

TEST_CASE("of candidates of one plate the best stays, others of other plates too, best first") {
    const auto kept = thin_out({{moved(plate, 300, 0), 0.6F},
                                {moved(plate, 30, 4), 0.7F},
                                {plate, 0.9F},
                                {moved(plate, 0, 200), 0.95F}},
                               {});
    REQUIRE(kept.size() == 3);
    CHECK(kept[0].score == doctest::Approx(0.95));
    CHECK(kept[1].score == doctest::Approx(0.9));
    CHECK(quad_iou(kept[1].quad, plate) > 0.999F);
    CHECK(kept[2].score == doctest::Approx(0.6));
}

TEST_CASE("near candidates of one plate are averaged, the surer ones more") {
    const auto kept = thin_out({{plate, 0.8F}, {moved(plate, 4, 0), 0.4F}}, {});
    REQUIRE(kept.size() == 1);
    CHECK(kept[0].score == doctest::Approx(0.8));
    CHECK(kept[0].quad.corners[0].x == doctest::Approx(100.8));
    CHECK(signed_area(kept[0].quad) > 0);
}

TEST_CASE("no more candidates than the limit are kept") {
    std::vector<PlateCandidate> many;
    for (int i = 0; i < 100; ++i)
        many.push_back(
            {moved(plate, 0, 30.0F * static_cast<float>(i)), 0.5F + 0.004F * static_cast<float>(i)});
    const auto kept = thin_out(many, {.max_candidates = 5});
    REQUIRE(kept.size() == 5);
    CHECK(kept[0].score == doctest::Approx(0.896));
    CHECK(kept[4].score == doctest::Approx(0.88));
}

TEST_CASE("crossed quads never come out") {
    const auto& c = plate.corners;
    CHECK(thin_out({{Quad{{{c[0], c[2], c[1], c[3]}}}, 0.9F}}, {}).empty());
}

TEST_CASE("a cell's offsets are counted from its centre, in strides") {
    std::vector<float> values(numbers_per_cell * 2 * 3, 0);
    const std::size_t cell = 4;  // row 1, column 1
    for (std::size_t i = 0; i < 6; ++i)
        values[numbers_per_cell * i] = -9;
    values[numbers_per_cell * cell] = 3;
    const float offsets[] = {-2, -1, 2, -1, 2, 1, -2, 1};
    for (std::size_t i = 0; i < 8; ++i)
        values[numbers_per_cell * cell + 1 + i] = offsets[i];
    const auto found = candidates_of({values, 2, 3, 8}, 0.5F);
    REQUIRE(found.size() == 1);
    CHECK(found[0].score == doctest::Approx(1 / (1 + std::exp(-3.0))));
    CHECK(found[0].quad == quad_from_box({12 - 16, 12 - 8, 12 + 16, 12 + 8}));
}

TEST_CASE("a grid that cries plate everywhere is cut to the limit, best first") {
    std::vector<float> values(numbers_per_cell * 64 * 64, 0);
    for (std::size_t i = 0; i < 64 * 64; ++i)
        values[numbers_per_cell * i] = 1 + static_cast<float>(i) / 4096;
    const auto found = candidates_of({values, 64, 64, 8}, 0.5F);
    REQUIRE(found.size() == max_live_cells);
    CHECK(found.front().score >= found.back().score);
    values[0] = std::numeric_limits<float>::quiet_NaN();
    CHECK(candidates_of({values, 64, 64, 8}, 0.5F).size() == max_live_cells);
}

TEST_CASE("shapes that no plate has are not plausible") {
    CHECK(is_plausible(plate, 512, 288));
    const float infinite = std::numeric_limits<float>::infinity();
    const Quad odd[] = {
        quad_from_box({100, 100, 103, 101}),                       // too small
        quad_from_box({10, 100, 500, 110}),                        // too long
        quad_from_box({100, 10, 120, 200}),                        // too tall
        moved(plate, -170, 0),                                     // mostly outside
        quad_from_box({-100, -100, 700, 400}),                     // larger than the picture
        Quad{{{{0, 0}, {infinite, 0}, {infinite, 20}, {0, 20}}}},  // not finite
        Quad{{{{100, 100}, {200, 120}, {200, 100}, {100, 120}}}},  // crossed
        Quad{{{{100, 120}, {200, 120}, {200, 100}, {100, 100}}}},  // counter-clockwise
    };
    for (const Quad& quad : odd)
        CHECK_FALSE(is_plausible(quad, 512, 288));
}
