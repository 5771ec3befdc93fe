#include "collector/opener/clock_doubt.hpp"

namespace portcullis {

ClockDoubt doubt_clock(ClockQuality quality, UtcTime claimed, std::optional<UtcTime> after, UtcTime before) {
    if (quality == ClockQuality::none || claimed < first_capture) return ClockDoubt::unset;
    if (after && claimed + clock_tolerance < *after) return ClockDoubt::before_receipt;
    if (claimed > before + clock_tolerance) return ClockDoubt::after_receipt;
    return ClockDoubt::none;
}

}  // namespace portcullis
