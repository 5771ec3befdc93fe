#include "health/clock_teller.hpp"

#include <utility>

#include "base/log.hpp"

namespace portcullis {

namespace {

const char* meaning_of(ClockQuality quality) {
    switch (quality) {
        case ClockQuality::none:
            return "UTC was never set; records carry it all the same, and the collector judges them by its "
                   "own";
        case ClockQuality::rtc:
            return "nothing keeps UTC in step; set up a time source (systemd-timesyncd, chrony)";
        case ClockQuality::holdover:
            return "UTC has lost its time source and goes on by itself; look at the network to it";
        default:
            return "UTC is in step";
    }
}

}  // namespace

void ClockTeller::tell(ClockWatch& watch) {
    const ClockState& state = watch.look();
    if (std::exchange(steps_, watch.steps()) != watch.steps())
        log_warning("clock", "UTC was set by s={:+.3f}; records keep their order, passages their times",
                    static_cast<double>(watch.last_step().count()) / 1e6);
    if (told_ == state.quality) return;
    told_ = state.quality;
    const bool good = state.quality > ClockQuality::holdover;
    log(good ? LogLevel::info : LogLevel::warning, "clock", "quality={}: {}", to_string(state.quality),
        meaning_of(state.quality));
}

}  // namespace portcullis
