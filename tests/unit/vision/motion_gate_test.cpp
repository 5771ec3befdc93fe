#include "vision/motion_gate.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

using namespace portcullis;

namespace {

constexpr milliseconds a_frame{40};
constexpr int plate_contrast = 16;  // twice the threshold

struct Kind {
    PixelFormat format = PixelFormat::grey8;
    int width = 1280;
    int height = 720;
    int padding = 0;  // bytes behind each line
};

/// A road without traffic: slanting stripes of broad and fine texture. Drawn on by tests, seen with noise.
class Road {
  public:
    explicit Road(Kind kind = {}) : kind_(kind) {
        const bool bgr = kind.format == PixelFormat::bgr24;
        bytes_ = bgr ? 3 : 1;
        stride_ = static_cast<std::size_t>(kind.width * bytes_ + kind.padding);
        luma_.resize(stride_ * static_cast<std::size_t>(kind.height));
        for (int y = 0; y < kind.height; ++y)
            for (int x = 0; x < kind.width; ++x)
                for (int byte = 0; byte < bytes_; ++byte)
                    at(x, y, byte) = static_cast<std::uint8_t>(60 + (x + y) / 20 + 10 * ((x / 3 + y) % 4));
        chroma_.assign(luma_.size(), 128);
    }

    void add(const Box& box, int levels) {
        for (int y = static_cast<int>(box.top); y < static_cast<int>(box.bottom); ++y)
            for (int x = static_cast<int>(box.left); x < static_cast<int>(box.right); ++x)
                for (int byte = 0; byte < bytes_; ++byte)
                    change(at(x, y, byte), levels);
    }
    void add_plate(int x, int y, int levels = plate_contrast) { add({box(x, y, 40, 12)}, levels); }
    void add_everywhere(int levels) { add(box(0, 0, kind_.width, kind_.height), levels); }
    void gain(double factor) {
        for (std::uint8_t& pixel : luma_)
            pixel = static_cast<std::uint8_t>(std::clamp(pixel * factor, 0.0, 255.0));
    }
    /// Of about this standard deviation; another one each time.
    void add_noise(double sigma) {
        std::normal_distribution<double> noise(0, sigma);
        for (std::uint8_t& pixel : luma_)
            change(pixel, static_cast<int>(std::lround(noise(random_))));
    }
    void fill_padding(std::uint8_t value) {
        for (int y = 0; y < kind_.height; ++y)
            for (int i = 0; i < kind_.padding; ++i)
                luma_[static_cast<std::size_t>(y + 1) * stride_ - static_cast<std::size_t>(i) - 1] = value;
    }
    void seed(unsigned value) { random_.seed(value); }

    [[nodiscard]] FrameView view() const {
        FrameView view{kind_.format, kind_.width, kind_.height, {}};
        view.planes = {{{luma_.data(), stride_}, {chroma_.data(), stride_}, {chroma_.data(), stride_}}};
        return view;
    }

    static Box box(int x, int y, int width, int height) {
        return {static_cast<float>(x), static_cast<float>(y), static_cast<float>(x + width),
                static_cast<float>(y + height)};
    }

  private:
    std::uint8_t& at(int x, int y, int byte) {
        return luma_[static_cast<std::size_t>(y) * stride_ + static_cast<std::size_t>(x * bytes_ + byte)];
    }
    static void change(std::uint8_t& pixel, int levels) {
        pixel = static_cast<std::uint8_t>(std::clamp(pixel + levels, 0, 255));
    }

    Kind kind_;
    int bytes_ = 1;
    std::size_t stride_ = 0;
    std::vector<std::uint8_t> luma_;
    std::vector<std::uint8_t> chroma_;
    std::minstd_rand random_{7};
};

/// A gate with a clock of frames; patient, so that max_still decides only where a test is about it.
class Watch {
  public:
    explicit Watch(std::vector<Point> roi = {}, milliseconds max_still = std::chrono::hours(1))
        : gate_(GateSettings{8, max_still}, std::move(roi)) {}
    bool still(const Road& road) { return gate_.still(road.view(), now_ += a_frame); }
    void search(const Road& road) {
        CHECK_FALSE(still(road));
        gate_.searched();
    }
    MotionGate& gate() { return gate_; }
    BootTime& now() { return now_; }

  private:
    MotionGate gate_;
    BootTime now_{milliseconds(1000)};
};

Road noisy(const Road& road, double sigma, unsigned seed) {
    Road seen = road;
    seen.seed(seed);
    seen.add_noise(sigma);
    return seen;
}

const PixelFormat every_format[] = {PixelFormat::grey8, PixelFormat::bgr24, PixelFormat::yuv420p,
                                    PixelFormat::nv12};

}  // namespace

TEST_CASE("the first frame is never still, the same again is") {
    Watch watch;
    const Road road;
    watch.search(road);
    CHECK(watch.still(road));
}

TEST_CASE("a still road stays still under a sensor's noise, by day and by night") {
    for (const double sigma : {2.0, 5.0, 8.0}) {
        CAPTURE(sigma);
        Watch watch;
        const Road road;
        watch.search(noisy(road, sigma, 1));
        for (unsigned seed = 2; seed < 8; ++seed)
            CHECK(watch.still(noisy(road, sigma, seed)));
    }
}

TEST_CASE("a plate of 40 x 12 px is motion wherever it enters, on the grid or across it") {
    Watch watch;
    Road road;
    watch.search(road);
    int missed = 0;
    for (int y = 0; y < 8; ++y)
        for (int x = 0; x < 16; ++x) {
            road.add_plate(600 + x, 400 + y);
            missed += watch.still(road) ? 1 : 0;
            road.add_plate(600 + x, 400 + y, -plate_contrast);
        }
    for (const auto& [x, y] : {std::pair{0, 0}, {1240, 0}, {0, 708}, {1240, 708}}) {
        road.add_plate(x, y);
        missed += watch.still(road) ? 1 : 0;
        road.add_plate(x, y, -plate_contrast);
    }
    CHECK(missed == 0);
    CHECK(watch.still(road));
}

TEST_CASE("a plate that left is motion too, and one that stays is not") {
    Watch watch;
    Road road;
    road.add_plate(600, 400);
    watch.search(road);
    CHECK(watch.still(road));
    road.add_plate(600, 400, -plate_contrast);
    CHECK_FALSE(watch.still(road));
}

TEST_CASE("a plate that fades in is motion before it is twice the threshold, for the reference stays") {
    Watch watch;
    Road road;
    watch.search(road);
    int steps = 0;
    while (watch.still(road) && steps < plate_contrast) {
        road.add_plate(601, 403, 1);
        ++steps;
    }
    CHECK(steps < plate_contrast);
}

TEST_CASE("a frame of an odd size misses no plate at its last lines and columns") {
    for (const auto& [width, height] : {std::pair{333, 95}, {647, 367}, {1279, 719}}) {
        CAPTURE(width);
        Road road(Kind{PixelFormat::grey8, width, height});
        Watch watch;
        watch.search(road);
        int missed = 0;
        for (int up = 0; up < 24; ++up) {
            road.add_plate(width - 40, height - 12 - up);
            missed += watch.still(road) ? 1 : 0;
            road.add_plate(width - 40, height - 12 - up, -plate_contrast);
        }
        CHECK(missed == 0);
    }
}

TEST_CASE("in a frame of 3840 px a plate in the same proportion is motion") {
    Road road(Kind{PixelFormat::grey8, 3840, 2160});
    Watch watch;
    watch.search(road);
    CHECK(watch.still(road));
    road.add(Road::box(1801, 1203, 120, 36), plate_contrast);
    CHECK_FALSE(watch.still(road));
}

TEST_CASE("every format and stride: noise is still, a plate is motion, what lies behind a line is nothing") {
    for (const PixelFormat format : every_format)
        for (const int padding : {0, 67}) {
            CAPTURE(static_cast<int>(format));
            CAPTURE(padding);
            Watch watch;
            Road road(Kind{format, 640, 360, padding});
            watch.search(noisy(road, 4, 1));
            Road again = noisy(road, 4, 2);
            again.fill_padding(255);
            CHECK(watch.still(again));
            road.add_plate(301, 203);
            CHECK_FALSE(watch.still(noisy(road, 4, 3)));
        }
}

TEST_CASE("a road that grows slowly brighter or darker stays still") {
    for (const int step : {1, -1}) {
        Watch watch;
        Road road;
        watch.search(road);
        for (int i = 0; i < 50; ++i) {
            road.add_everywhere(step);
            CHECK(watch.still(road));
        }
    }
}

TEST_CASE("a step of the exposure costs one search at most") {
    for (const double factor : {0.6, 1.5}) {
        CAPTURE(factor);
        Watch watch;
        Road road;
        watch.search(road);
        road.gain(factor);
        if (!watch.still(road)) watch.gate().searched();
        for (unsigned seed = 1; seed < 4; ++seed)
            CHECK(watch.still(noisy(road, 3, seed)));
    }
}

TEST_CASE("a plate that enters while the exposure steps is motion") {
    Watch watch;
    Road road;
    watch.search(road);
    road.add_everywhere(30);
    road.add_plate(600, 400);
    CHECK_FALSE(watch.still(road));
}

TEST_CASE("motion outside the ROI is none, a plate with its centre just inside is") {
    const std::vector<Point> roi = {{400, 300}, {900, 300}, {900, 600}, {400, 600}};
    Watch watch(roi);
    Road road;
    watch.search(road);
    road.add(Road::box(0, 0, 300, 200), 60);
    CHECK(watch.still(road));
    Road at_the_edge = road;
    at_the_edge.add_plate(381, 450);
    CHECK_FALSE(watch.still(at_the_edge));
    road.add_plate(640, 400);
    CHECK_FALSE(watch.still(road));
}

TEST_CASE("a frame of another size or format is searched, and so is the first of the old size again") {
    const Road wide;
    const Road small(Kind{PixelFormat::grey8, 640, 360});
    const Road colour(Kind{PixelFormat::bgr24, 640, 360});
    Watch watch;
    watch.search(wide);
    watch.search(small);
    watch.search(colour);
    watch.search(wide);
    CHECK(watch.still(wide));
}

TEST_CASE("after max_still a frame is searched though nothing moved, then the time begins anew") {
    Watch watch({}, milliseconds(1000));
    const Road road(Kind{PixelFormat::grey8, 640, 360});
    watch.search(road);
    for (int round = 0; round < 3; ++round) {
        for (int i = 1; i < 25; ++i)
            REQUIRE(watch.still(road));
        watch.search(road);
    }
}

TEST_CASE("a frame that is older than the last searched one is searched") {
    Watch watch;
    const Road road(Kind{PixelFormat::grey8, 640, 360});
    watch.search(road);
    watch.now() -= milliseconds(500);
    CHECK_FALSE(watch.still(road));
}

TEST_CASE("a frame that was not searched is no reference") {
    Watch watch;
    Road road(Kind{PixelFormat::grey8, 640, 360});
    CHECK_FALSE(watch.still(road));
    CHECK_FALSE(watch.still(road));  // the search of the first failed
    watch.gate().searched();
    road.add_plate(300, 200);
    CHECK_FALSE(watch.still(road));
    CHECK_FALSE(watch.still(road));  // and that of the plate's first frame
}

TEST_CASE("what is too small to tell, or no frame, is left to the detector") {
    for (const auto& [width, height] : {std::pair{1, 1}, {8, 8}, {200, 1}, {1, 200}, {40, 30}}) {
        CAPTURE(width);
        CAPTURE(height);
        for (const PixelFormat format : every_format) {
            Watch watch;
            const Road road(Kind{format, width, height});
            watch.search(road);
            CHECK_FALSE(watch.still(road));
        }
    }
    std::vector<std::uint8_t> line(64, 0);
    FrameView short_stride{PixelFormat::grey8, 64, 64, {}};
    short_stride.planes[0] = {line.data(), 32};
    FrameView no_chroma{PixelFormat::nv12, 64, 1, {}};
    no_chroma.planes[0] = {line.data(), 64};
    for (const FrameView& view : {FrameView{}, short_stride, no_chroma}) {
        MotionGate gate({});
        CHECK_FALSE(gate.still(view, BootTime()));
        gate.searched();
        CHECK_FALSE(gate.still(view, BootTime()));
    }
}
