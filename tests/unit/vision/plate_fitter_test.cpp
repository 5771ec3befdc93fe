#include "vision/plate_fitter.hpp"

#include <doctest/doctest.h>

#include <opencv2/imgproc.hpp>

#include "base/sha256.hpp"
#include "detector_scene.hpp"
#include "unit/vision/model_copy.hpp"
#include "vision/plate_finder.hpp"
#include "vision/quad_overlap.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

const std::filesystem::path models = PORTCULLIS_SOURCE_DIR "/models";

PlateFitter make_fitter() {
    auto fitter = PlateFitter::create({models / "plate-fitter"});
    if (!fitter) FAIL(fitter.error().message());
    return std::move(*fitter);
}

PlateFinder make_finder() {
    auto detector = PlateDetector::create({.model_dir = models / "plate-detector", .min_score = {}});
    if (!detector) FAIL(detector.error().message());
    return {std::move(*detector), make_fitter()};
}

/// Mean distance of the corners, in heights of the first quad.
float distance(const Quad& truth, const Quad& quad) {
    float sum = 0;
    for (std::size_t i = 0; i < 4; ++i)
        sum += std::hypot(truth.corners[i].x - quad.corners[i].x, truth.corners[i].y - quad.corners[i].y);
    return sum / 4 / mean_height(truth);
}

/// The quad about its centre, made this many times as long and as high, then moved by shares of its height.
Quad misplaced(const Quad& quad, Point grow, Point shift) {
    const Point middle = centre(quad);
    const float height = mean_height(quad);
    Quad out;
    for (std::size_t i = 0; i < 4; ++i)
        out.corners[i] = {middle.x + (quad.corners[i].x - middle.x) * grow.x + shift.x * height,
                          middle.y + (quad.corners[i].y - middle.y) * grow.y + shift.y * height};
    return out;
}

Error refusal(const std::filesystem::path& folder) {
    auto made = PlateFitter::create({folder});
    REQUIRE_FALSE(made);
    return made.error();
}

}  // namespace

TEST_CASE("a quad that is off by up to a third of its height comes to the plate's edges") {
    PlateFitter fitter = make_fitter();
    const CarSettings cars[] = {
        {}, {.plate_width = 110, .turn_degrees = 5}, {.plate_width = 300, .turn_degrees = -7}};
    for (const CarSettings& settings : cars) {
        const DrawnCar car = draw_car(settings);
        for (const Point grow : {Point{1, 1}, Point{0.85F, 0.9F}, Point{1.1F, 1.3F}})
            for (const Point shift : {Point{0, 0}, Point{0.3F, 0.1F}, Point{-0.2F, -0.25F}}) {
                const Quad first = misplaced(car.plate, grow, shift);
                const auto fitted = fitter.fit(view_of(car.picture), first);
                REQUIRE(fitted);
                CAPTURE(settings.plate_width);
                CAPTURE(grow.x);
                CAPTURE(shift.x);
                CAPTURE(distance(car.plate, first));
                // The drawn car is none of those that it learnt on, and neither is its plate.
                CHECK(distance(car.plate, fitted->quad) < std::max(0.15F, 0.7F * distance(car.plate, first)));
                CHECK(fitted->score >= fitter.score_threshold());
            }
    }
}

TEST_CASE("every pixel format is fitted to the same plate") {
    PlateFitter fitter = make_fitter();
    const DrawnCar car = draw_car({});
    cv::Mat grey;
    cv::cvtColor(car.picture, grey, cv::COLOR_BGR2GRAY);
    const YuvFrame i420 = yuv_of(car.picture, PixelFormat::yuv420p);
    const Quad first = misplaced(car.plate, {1.05F, 1.2F}, {0.1F, -0.1F});
    for (const FrameView& view : {view_of(car.picture), view_of(grey), i420.view}) {
        const auto fitted = fitter.fit(view, first);
        REQUIRE(fitted);
        CHECK(distance(car.plate, fitted->quad) < 0.15F);
    }
}

TEST_CASE("what shows no plate scores low: one grey, noise, and an empty road") {
    PlateFitter fitter = make_fitter();
    const cv::Mat flat(720, 1280, CV_8UC1, cv::Scalar::all(114));
    cv::Mat noise(720, 1280, CV_8UC1);
    cv::RNG(20261125).fill(noise, cv::RNG::UNIFORM, 0, 256);
    for (const cv::Mat& picture : {flat, noise, draw_empty_road({1280, 720})})
        for (const Box& box : {Box{100, 100, 300, 145}, Box{600, 400, 700, 460}, Box{900, 500, 1200, 570}}) {
            const auto fitted = fitter.fit(view_of(picture), quad_from_box(box));
            REQUIRE(fitted);
            CHECK(fitted->score < likely_plate_score);
        }
}

TEST_CASE("a quad at the frame's edge is fitted or keeps its place, one outside is refused") {
    PlateFitter fitter = make_fitter();
    const DrawnCar car = draw_car({.plate_centre = {60, 470}});
    const auto at_edge = fitter.fit(view_of(car.picture), car.plate);
    REQUIRE(at_edge);
    CHECK(is_convex(at_edge->quad));
    const auto outside = fitter.fit(view_of(car.picture), quad_from_box({-400, 100, -300, 130}));
    REQUIRE_FALSE(outside);
    CHECK(outside.error().code() == ErrorCode::invalid_argument);
}

TEST_CASE(
    "the finder's corners are nearer to the plate than the detector's, and its candidates do not overlap") {
    auto detector = PlateDetector::create({.model_dir = models / "plate-detector", .min_score = {}});
    REQUIRE(detector);
    PlateFinder finder = make_finder();
    float coarse = 0;
    float fine = 0;
    for (const float width : {100.0F, 140.0F, 190.0F, 260.0F})
        for (const float turn : {-6.0F, 0.0F, 8.0F}) {
            const DrawnCar car = draw_car({.plate_width = width, .turn_degrees = turn});
            const auto first = detector->locate(view_of(car.picture));
            const auto found = finder.locate(view_of(car.picture));
            REQUIRE(first);
            REQUIRE(found);
            REQUIRE_FALSE(first->empty());
            REQUIRE_FALSE(found->empty());
            coarse += distance(car.plate, first->front().quad);
            fine += distance(car.plate, found->front().quad);
            for (std::size_t i = 0; i < found->size(); ++i)
                for (std::size_t k = i + 1; k < found->size(); ++k) {
                    CHECK(quad_iou((*found)[i].quad, (*found)[k].quad) <= 0.3F);
                    CHECK((*found)[i].score >= (*found)[k].score);
                }
        }
    CHECK(fine < coarse);
}

TEST_CASE("frames without plates give nothing") {
    PlateFinder finder = make_finder();
    for (const cv::Mat& picture :
         {cv::Mat(720, 1280, CV_8UC3, cv::Scalar::all(0)), cv::Mat(720, 1280, CV_8UC3, cv::Scalar::all(255)),
          cv::Mat(480, 640, CV_8UC1, cv::Scalar::all(114)), draw_empty_road({1280, 720})}) {
        const auto found = finder.locate(view_of(picture));
        REQUIRE(found);
        CHECK(found->empty());
    }
}

TEST_CASE("the finder refuses a frame that is none") {
    PlateFinder finder = make_finder();
    CHECK_FALSE(finder.locate(FrameView{}));
    CHECK_FALSE(finder.fit(FrameView{}, quad_from_box({0, 0, 100, 30})));
}

TEST_CASE("fitter weights that are missing, truncated or no network are refused and named") {
    const ModelCopy missing("plate-fitter");
    std::filesystem::remove(missing.weights());
    CHECK(refusal(missing.folder()).message().find(missing.weights().string()) != std::string::npos);

    const ModelCopy truncated("plate-fitter");
    std::filesystem::resize_file(truncated.weights(), std::filesystem::file_size(truncated.weights()) / 2);
    CHECK(refusal(truncated.folder()).code() == ErrorCode::corrupt);

    // Another network's weights under the fitter's name: right digest, wrong answers.
    const ModelCopy other("plate-fitter");
    const Bytes weights = *read_file(models / "plate-network" / "plate-network.onnx.gz", 1U << 24U);
    other.edit(sha256_hex(*read_file(other.weights(), 1U << 24U)), sha256_hex(weights));
    REQUIRE(write_file_atomically(other.weights(), weights));
    CHECK(refusal(other.folder()).code() == ErrorCode::corrupt);
}

TEST_CASE("a fitter's card with a key out of its range is refused and names it") {
    const ModelCopy copy("plate-fitter");
    copy.edit("margin_share = 0.5", "margin_share = 0.9");
    CHECK(refusal(copy.folder()).message().find("margin_share") != std::string::npos);
}
