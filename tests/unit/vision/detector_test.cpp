#include "vision/detector.hpp"

#include <doctest/doctest.h>

#include <opencv2/imgproc.hpp>

#include "detector_scene.hpp"
#include "vision/detector_input.hpp"
#include "vision/quad_overlap.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

DetectorSettings shipped() {
    DetectorSettings settings;
    settings.model_dir = PORTCULLIS_SOURCE_DIR "/models/plate-detector";
    return settings;
}

PlateDetector make_detector() {
    auto detector = PlateDetector::create(shipped());
    if (!detector) FAIL(detector.error().message());
    return std::move(*detector);
}

std::vector<PlateCandidate> locate(PlateDetector& detector, const FrameView& view) {
    auto candidates = detector.locate(view);
    if (!candidates) FAIL(candidates.error().message());
    return *candidates;
}

}  // namespace

TEST_CASE("the plate of a drawn car is found where it is, whatever its size and turn") {
    PlateDetector detector = make_detector();
    const CarSettings cars[] = {
        {},
        {.plate_centre = {400, 420}, .plate_width = 110},
        {.plate_centre = {700, 450}, .plate_width = 160, .turn_degrees = 8},
        {.size = {640, 480}, .plate_centre = {320, 300}, .plate_width = 130, .turn_degrees = -6},
    };
    for (const CarSettings& settings : cars) {
        CAPTURE(settings.plate_width);
        CAPTURE(settings.turn_degrees);
        const DrawnCar car = draw_car(settings);
        const auto candidates = locate(detector, view_of(car.picture));
        REQUIRE(!candidates.empty());
        CHECK(quad_iou(candidates.front().quad, car.plate) > 0.6F);
        CHECK(candidates.front().score > 0.5F);
    }
}

TEST_CASE("corners run clockwise from the plate's own top left") {
    PlateDetector detector = make_detector();
    const DrawnCar car = draw_car({.turn_degrees = 10});
    const auto candidates = locate(detector, view_of(car.picture));
    REQUIRE(!candidates.empty());
    const Quad& quad = candidates.front().quad;
    CHECK(signed_area(quad) > 0);
    for (std::size_t i = 0; i < 4; ++i) {
        const Point found = quad.corners[i];
        const Point drawn = car.plate.corners[i];
        CHECK(std::hypot(found.x - drawn.x, found.y - drawn.y) < 0.5F * mean_height(car.plate));
    }
}

TEST_CASE("every pixel format finds the same plate") {
    PlateDetector detector = make_detector();
    const DrawnCar car = draw_car({});
    cv::Mat grey;
    cv::cvtColor(car.picture, grey, cv::COLOR_BGR2GRAY);
    const YuvFrame i420 = yuv_of(car.picture, PixelFormat::yuv420p);
    const YuvFrame nv12 = yuv_of(car.picture, PixelFormat::nv12);
    for (const FrameView& view : {view_of(grey), i420.view, nv12.view}) {
        CAPTURE(static_cast<int>(view.format));
        const auto candidates = locate(detector, view);
        REQUIRE(!candidates.empty());
        CHECK(quad_iou(candidates.front().quad, car.plate) > 0.6F);
    }
}

TEST_CASE("a frame with padded lines is read by its stride") {
    PlateDetector detector = make_detector();
    const DrawnCar car = draw_car({});
    cv::Mat wide(car.picture.rows, car.picture.cols + 77, CV_8UC3, cv::Scalar::all(255));
    cv::Mat inner = wide(cv::Rect({0, 0}, car.picture.size()));
    car.picture.copyTo(inner);
    const auto padded = locate(detector, view_of(inner));
    const auto tight = locate(detector, view_of(car.picture));
    REQUIRE(padded.size() == tight.size());
    REQUIRE(!tight.empty());
    CHECK(padded.front().quad == tight.front().quad);
}

TEST_CASE("a frame upright, square or wide takes the input in which it is largest, and its plate is found") {
    const std::array sizes{cv::Size(448, 256), cv::Size(320, 352), cv::Size(256, 448)};
    CHECK(best_input(1280, 720, sizes) == 0);
    CHECK(best_input(720, 1280, sizes) == 2);
    CHECK(best_input(600, 600, sizes) == 1);
    CHECK(best_input(1, 12000, sizes) == 2);
    PlateDetector detector = make_detector();
    const CarSettings cars[] = {{.size = {720, 1280}, .plate_centre = {360, 700}, .plate_width = 150},
                                {.size = {900, 900}, .plate_centre = {450, 600}, .plate_width = 170},
                                {}};
    for (const CarSettings& settings : cars) {
        CAPTURE(settings.size.height);
        const DrawnCar car = draw_car(settings);
        const auto candidates = locate(detector, view_of(car.picture));
        REQUIRE(!candidates.empty());
        CHECK(quad_iou(candidates.front().quad, car.plate) > 0.6F);
    }
}

TEST_CASE("in frames without plates the detector is sure of nothing") {
    DetectorSettings settings = shipped();
    settings.min_score = 0.5F;  // fainter candidates are the fitter's to judge
    auto made = PlateDetector::create(settings);
    REQUIRE(made);
    PlateDetector& detector = *made;
    for (const cv::Mat& picture :
         {cv::Mat(720, 1280, CV_8UC3, cv::Scalar::all(0)), cv::Mat(720, 1280, CV_8UC3, cv::Scalar::all(255)),
          cv::Mat(480, 640, CV_8UC1, cv::Scalar::all(114)), draw_empty_road({1280, 720})})
        CHECK(locate(detector, view_of(picture)).empty());
}

TEST_CASE("the smallest and the thinnest frames are answered, in every format") {
    PlateDetector detector = make_detector();
    std::vector<std::uint8_t> bytes(4096 * 3, 90);
    const cv::Size sizes[] = {{1, 1}, {2, 1}, {1, 2}, {3, 3}, {1024, 1}, {1, 1024}};
    for (const cv::Size& size : sizes) {
        const int width = size.width;
        const int height = size.height;
        for (const auto format :
             {PixelFormat::grey8, PixelFormat::bgr24, PixelFormat::yuv420p, PixelFormat::nv12}) {
            CAPTURE(width);
            CAPTURE(height);
            CAPTURE(static_cast<int>(format));
            FrameView view{format, width, height, {}};
            const auto w = static_cast<std::size_t>(width);
            view.planes[0] = {bytes.data(), format == PixelFormat::bgr24 ? 3 * w : w};
            view.planes[1] = {bytes.data(), format == PixelFormat::nv12 ? (w + 1) / 2 * 2 : (w + 1) / 2};
            view.planes[2] = {bytes.data(), (w + 1) / 2};
            CHECK(locate(detector, view).empty());
        }
    }
}

TEST_CASE("a plate in a frame of 12000 px is found") {
    PlateDetector detector = make_detector();
    const DrawnCar car = draw_car({});
    cv::Mat huge;
    cv::resize(car.picture, huge, {12000, 6750}, 0, 0, cv::INTER_LINEAR);
    const auto candidates = locate(detector, view_of(huge));
    REQUIRE(!candidates.empty());
    CHECK(quad_iou(candidates.front().quad, scaled(car.plate, 9.375F, 9.375F)) > 0.6F);
}

TEST_CASE("a frame that is none is refused with its size") {
    PlateDetector detector = make_detector();
    std::vector<std::uint8_t> line(64, 0);
    FrameView too_wide{PixelFormat::grey8, max_frame_side_px + 1, 1, {}};
    too_wide.planes[0] = {line.data(), 64};
    FrameView short_stride{PixelFormat::bgr24, 32, 2, {}};
    short_stride.planes[0] = {line.data(), 32};
    FrameView one_plane{PixelFormat::yuv420p, 4, 4, {}};
    one_plane.planes[0] = {line.data(), 4};
    for (const FrameView& view : {FrameView{}, too_wide, short_stride, one_plane}) {
        const auto refused = detector.locate(view);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code() == ErrorCode::invalid_argument);
        CHECK(refused.error().message().find(std::to_string(view.width)) != std::string::npos);
    }
}

TEST_CASE("settings out of their range are refused") {
    for (const float score : {0.0F, 1.0F, -1.0F, std::nanf("")}) {
        DetectorSettings settings = shipped();
        settings.min_score = score;
        CHECK_FALSE(PlateDetector::create(settings));
    }
    DetectorSettings settings = shipped();
    settings.threads = 0;
    CHECK_FALSE(PlateDetector::create(settings));
    settings = shipped();
    settings.max_candidates = max_plate_candidates + 1;
    CHECK_FALSE(PlateDetector::create(settings));
}

TEST_CASE("a stricter score gives no more candidates") {
    DetectorSettings strict = shipped();
    strict.min_score = 0.99F;
    DetectorSettings lax = shipped();
    lax.min_score = 0.05F;
    auto few = PlateDetector::create(strict);
    auto many = PlateDetector::create(lax);
    REQUIRE(few);
    REQUIRE(many);
    const DrawnCar car = draw_car({});
    const auto some = locate(*many, view_of(car.picture));
    CHECK(locate(*few, view_of(car.picture)).size() <= some.size());
    for (std::size_t i = 1; i < some.size(); ++i)
        CHECK(some[i - 1].score >= some[i].score);
}
