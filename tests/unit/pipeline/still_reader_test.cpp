#include "pipeline/still_reader.hpp"

#include <doctest/doctest.h>

#include "unit/pipeline/toy_road.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

std::vector<PlateCandidate> three_plates(std::uint64_t) {
    return {{quad_from_box({0, 0, 90, 20}), 0.5F},
            {quad_from_box({100, 0, 190, 20}), 0.9F},
            {quad_from_box({200, 0, 290, 20}), 0.7F}};
}

}  // namespace

TEST_CASE("a picture's plates are read, the surest first") {
    const StillReader reader(toy_eyes(three_plates));
    const auto result = reader.read(toy_frame(0).view);
    REQUIRE(result);
    REQUIRE(result->reads.size() == 3);
    CHECK(result->reads[0].score == 0.9F);
    CHECK(result->reads[2].score == 0.5F);
    CHECK(text_of(result->reads[0].read.characters) == "AB100");
    CHECK(result->took.count() >= 0);
}

TEST_CASE("a plate that cannot be cut or read is kept without text") {
    Eyes eyes = toy_eyes(three_plates);
    eyes.rectify = [rectify = eyes.rectify](const FrameView& view, const Quad& quad) -> Result<PlatePatch> {
        if (quad.corners[0].x == 0) return fail(ErrorCode::invalid_argument, "no");
        return rectify(view, quad);
    };
    eyes.read = [read = eyes.read](const PlatePatch& patch) -> Result<Reading> {
        if (patch.quad.corners[0].x == 100) return fail(ErrorCode::internal, "no");
        return read(patch);
    };
    const auto result = StillReader(eyes).read(toy_frame(0).view);
    REQUIRE(result);
    REQUIRE(result->reads.size() == 3);
    int readable = 0;
    for (const StillRead& read : result->reads)
        readable += read.read.characters.empty() ? 0 : 1;
    CHECK(readable == 1);
}

TEST_CASE("the read of a still is settled like a vote of one") {
    Eyes eyes = toy_eyes(three_plates);
    eyes.settle = [](Read voted, std::span<const Jurisdiction>) {
        voted.confidence = 0.25F;
        return voted;
    };
    const auto result = StillReader(eyes).read(toy_frame(0).view);
    REQUIRE(result);
    CHECK(result->reads[0].read.confidence == 0.25F);
    CHECK(result->reads[0].read.raw == "AB100");
    CHECK(result->reads[0].read.readings == 1);
}

TEST_CASE("a crop is read whole, without detection") {
    Eyes eyes = toy_eyes();
    eyes.locate = [](const FrameView&) -> Result<std::vector<PlateCandidate>> {
        return fail(ErrorCode::internal, "nobody may ask the detector");
    };
    const auto result = StillReader(eyes).read_patch(toy_frame(0).view);
    REQUIRE(result);
    REQUIRE(result->reads.size() == 1);
    CHECK(result->reads[0].quad == quad_from_box({0, 0, toy_width - 1, toy_height - 1}));
}

TEST_CASE("a crop is fitted, read as it was cut too where that is not sure, and the surer read stands") {
    const Quad inner = quad_from_box({5, 5, 85, 25});
    const Quad whole = quad_from_box({0, 0, toy_width - 1, toy_height - 1});
    Eyes eyes = toy_eyes();
    eyes.fit = [&](const FrameView&, const Quad& quad) -> Result<PlateCandidate> {
        CHECK(quad == whole);
        return PlateCandidate{inner, 0};
    };
    float sure_of_fitted = 0;
    std::vector<Quad> read;
    eyes.read = [&](const PlatePatch& patch) -> Result<Reading> {
        read.push_back(patch.quad);
        return patch.quad == inner ? toy_reading("AB1", sure_of_fitted) : toy_reading("AB12", 0.8F);
    };
    const auto text_at = [&](float confidence) {
        sure_of_fitted = confidence;
        read.clear();
        const auto result = StillReader(eyes).read_patch(toy_frame(0).view);
        REQUIRE(result);
        REQUIRE(result->reads.size() == 1);
        const std::string text = text_of(result->reads.front().read.characters);
        CHECK(result->reads.front().quad == (text == "AB1" ? inner : whole));
        return text;
    };
    CHECK(text_at(0.95F) == "AB1");
    CHECK(read == std::vector{inner});
    CHECK(text_at(0.78F) == "AB1");  // the second is less sure than it says
    CHECK(read == std::vector{inner, whole});
    CHECK(text_at(0.4F) == "AB12");
}

TEST_CASE("a crop that cannot be fitted is read as it was cut") {
    Eyes eyes = toy_eyes();
    eyes.fit = [](const FrameView&, const Quad&) -> Result<PlateCandidate> {
        return fail(ErrorCode::internal, "no");
    };
    const auto result = StillReader(eyes).read_patch(toy_frame(0).view);
    REQUIRE(result);
    CHECK(result->reads.front().quad == quad_from_box({0, 0, toy_width - 1, toy_height - 1}));
    CHECK_FALSE(result->reads.front().read.characters.empty());
}

TEST_CASE("a detector's failure is the picture's failure") {
    Eyes eyes = toy_eyes();
    eyes.locate = [](const FrameView&) -> Result<std::vector<PlateCandidate>> {
        return fail(ErrorCode::internal, "x");
    };
    CHECK_FALSE(StillReader(eyes).read(toy_frame(0).view));
}
