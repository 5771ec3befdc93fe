#include "pipeline/roadside.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "base/bytes.hpp"

using namespace portcullis;
using std::chrono::seconds;

namespace {

class ToyTrigger final : public Trigger {
  public:
    Result<bool> seen() override {
        if (broken) return fail(ErrorCode::io, "the chip is gone");
        return std::exchange(pulse, false) || active;
    }
    bool active = false;
    bool pulse = false;
    bool broken = false;
};

class ToyIlluminator final : public Illuminator {
  public:
    Result<void> light(bool on) override {
        ++calls;
        if (broken) return fail(ErrorCode::io, "the chip is gone");
        lit = on;
        return {};
    }
    Result<void> night_filter(bool on) override {
        if (broken) return fail(ErrorCode::io, "the chip is gone");
        night = on;
        return {};
    }
    bool lit = false;
    bool night = false;
    bool broken = false;
    int calls = 0;
};

/// A frame of one grey at a time.
struct Road {
    RoadsideSettings settings;
    ToyTrigger trigger;
    ToyIlluminator illuminator;

    bool see(Roadside& roadside, seconds at, std::uint8_t grey = 80) {
        const auto pixels = std::make_shared<std::vector<std::uint8_t>>(64 * 36, grey);
        Frame frame;
        frame.view = {PixelFormat::grey8, 64, 36, {}};
        frame.view.planes[0] = {pixels->data(), 64};
        frame.pixels = pixels;
        frame.sensor_time = BootTime(at);
        return roadside.before(frame);
    }
};

}  // namespace

TEST_CASE("without a trigger every frame is searched, and nothing is switched without a lamp") {
    Road road;
    Roadside roadside(road.settings, nullptr, nullptr);
    CHECK(road.see(roadside, seconds(1)));
    CHECK(roadside.trouble().empty());
}

TEST_CASE("with a trigger, frames are searched while it is active and for as long as it holds") {
    Road road;
    road.settings.trigger_hold = seconds(2);
    Roadside roadside(road.settings, &road.trigger, nullptr);
    CHECK_FALSE(road.see(roadside, seconds(1)));
    road.trigger.pulse = true;  // between two frames, and over
    CHECK(road.see(roadside, seconds(2)));
    CHECK(road.see(roadside, seconds(4)));
    CHECK_FALSE(road.see(roadside, seconds(5)));
    road.trigger.active = true;
    for (int i = 6; i < 60; ++i)
        CHECK(road.see(roadside, seconds(i)));
}

TEST_CASE(
    "a trigger that cannot be asked is told as degraded, and every frame is searched until it works again") {
    Road road;
    Roadside roadside(road.settings, &road.trigger, nullptr);
    road.trigger.broken = true;
    CHECK(road.see(roadside, seconds(1)));
    CHECK(roadside.trouble() == " degraded=trigger");
    road.trigger.broken = false;
    CHECK_FALSE(road.see(roadside, seconds(2)));
    CHECK(roadside.trouble().empty());
}

TEST_CASE(
    "night comes when it stays dark and goes when it stays bright, a dark lorry before the lens is none") {
    Road road;
    Roadside roadside(road.settings, nullptr, &road.illuminator);
    CHECK(road.see(roadside, seconds(0), 20));
    CHECK_FALSE(road.illuminator.lit);
    CHECK(road.see(roadside, seconds(19), 20));
    CHECK(road.see(roadside, seconds(20), 80));  // the lorry has passed
    CHECK(road.see(roadside, seconds(25), 20));
    CHECK(road.see(roadside, seconds(44), 20));
    CHECK_FALSE(road.illuminator.lit);
    CHECK(road.see(roadside, seconds(45), 20));
    CHECK(road.illuminator.lit);
    CHECK(road.illuminator.night);
    for (int i = 46; i < 100; ++i)
        CHECK(road.see(roadside, seconds(i), 100));  // the lamp itself makes no day
    CHECK(road.illuminator.lit);
    CHECK(road.see(roadside, seconds(100), 200));
    CHECK(road.see(roadside, seconds(120), 200));
    CHECK_FALSE(road.illuminator.lit);
    CHECK_FALSE(road.illuminator.night);
}

TEST_CASE("a lamp may be lit always, or as long as the trigger holds") {
    Road road;
    road.settings.light = LightMode::always;
    {
        Roadside roadside(road.settings, nullptr, &road.illuminator);
        CHECK(road.see(roadside, seconds(1)));
        CHECK(road.illuminator.lit);
        CHECK(road.see(roadside, seconds(2)));
        CHECK(road.illuminator.calls == 1);  // each change once
    }
    CHECK_FALSE(road.illuminator.lit);  // off when the reader ends
    road.settings.light = LightMode::trigger;
    Roadside roadside(road.settings, &road.trigger, &road.illuminator);
    CHECK_FALSE(road.see(roadside, seconds(1)));
    CHECK_FALSE(road.illuminator.lit);
    road.trigger.pulse = true;
    CHECK(road.see(roadside, seconds(2)));
    CHECK(road.illuminator.lit);
    CHECK_FALSE(road.see(roadside, seconds(9)));
    CHECK_FALSE(road.illuminator.lit);
}

TEST_CASE("a lamp that cannot be switched is told as degraded and tried again, not with each frame") {
    Road road;
    road.settings.light = LightMode::always;
    road.illuminator.broken = true;
    Roadside roadside(road.settings, nullptr, &road.illuminator);
    CHECK(road.see(roadside, seconds(1)));
    CHECK(roadside.trouble() == " degraded=light");
    CHECK(road.see(roadside, seconds(5)));
    CHECK(road.illuminator.calls == 1);
    road.illuminator.broken = false;
    CHECK(road.see(roadside, seconds(11)));
    CHECK(road.illuminator.lit);
    CHECK(roadside.trouble().empty());
}

TEST_CASE("the mean grey is that of the luma, of green in colour pictures, and of small pictures too") {
    std::vector<std::uint8_t> bgr;
    for (int i = 0; i < 100 * 50; ++i)
        bgr.insert(bgr.end(), {0, 90, 255});
    FrameView view{PixelFormat::bgr24, 100, 50, {}};
    view.planes[0] = {bgr.data(), 300};
    CHECK(mean_grey(view) == 90);
    const std::vector<std::uint8_t> halves{0, 100, 0, 100};
    FrameView small{PixelFormat::nv12, 2, 2, {}};
    small.planes[0] = {halves.data(), 2};
    CHECK(mean_grey(small) == 50);
}
