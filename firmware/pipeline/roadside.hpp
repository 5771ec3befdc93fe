#pragma once
// Roadside: what stands beside the camera. Before each frame it asks the trigger whether a vehicle may be in
// it, measures the light, and switches lamp and filter. Trouble here never stops the road: with a trigger
// that cannot be asked every frame is searched. Thread-bound: the detect thread; counters in any.

#include <atomic>
#include <optional>
#include <string>

#include "core/frame.hpp"
#include "ports/illuminator.hpp"
#include "ports/trigger.hpp"

namespace portcullis {

enum class LightMode { night, always, trigger };

struct RoadsideSettings {
    milliseconds trigger_hold{2000};  // so long after the trigger a vehicle may still be in sight
    LightMode light = LightMode::night;
    double dark_grey = 40;       // below this mean of the picture it is night ...
    double bright_grey = 110;    // ... and above this it is day; under the lamp a night must stay below it
    milliseconds dwell{20'000};  // it must last so long: a vehicle before the lens is no night
};

/// The mean grey level of a picture, 0 to 255, from some 2,000 of its pixels. Pure.
[[nodiscard]] double mean_grey(const FrameView& view);

/// Day or night by the picture's own brightness, with hysteresis. Begins as day. Thread-bound.
class DayNight {
  public:
    explicit DayNight(const RoadsideSettings& settings) : settings_(settings) {}
    /// Whether it is night.
    [[nodiscard]] bool look(double grey, BootTime now);

  private:
    RoadsideSettings settings_;
    bool night_ = false;
    std::optional<BootTime> other_since_;
};

class Roadside {
  public:
    /// trigger, illuminator: null for none; they outlive it.
    Roadside(const RoadsideSettings& settings, Trigger* trigger, Illuminator* illuminator);
    Roadside(const Roadside&) = delete;
    Roadside& operator=(const Roadside&) = delete;
    ~Roadside();

    /// True when the frame is to be searched.
    [[nodiscard]] bool before(const Frame& frame);
    /// " degraded=trigger", " degraded=light" or nothing, for the status.
    [[nodiscard]] std::string trouble() const;
    [[nodiscard]] bool trigger_trouble() const { return trigger_trouble_; }
    [[nodiscard]] bool light_trouble() const { return light_trouble_; }

  private:
    [[nodiscard]] bool expected(BootTime now);
    void light(bool wanted, bool night, BootTime now);
    static void note(std::atomic<bool>& trouble, const Result<void>& done, const char* what);

    RoadsideSettings settings_;
    Trigger* trigger_;
    Illuminator* illuminator_;
    DayNight day_night_;
    std::optional<BootTime> last_seen_;
    std::optional<bool> lit_;
    std::optional<bool> filtered_;
    std::optional<BootTime> next_try_;
    std::atomic<bool> trigger_trouble_{false};
    std::atomic<bool> light_trouble_{false};
};

}  // namespace portcullis
