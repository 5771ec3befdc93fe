#include "core/frame.hpp"

namespace portcullis {

const char* to_string(ClockQuality quality) {
    switch (quality) {
        case ClockQuality::none:
            return "none";
        case ClockQuality::rtc:
            return "rtc";
        case ClockQuality::ntp:
            return "ntp";
        case ClockQuality::nts:
            return "nts";
        case ClockQuality::gnss:
            return "gnss";
        case ClockQuality::ptp:
            return "ptp";
    }
    return "none";
}

}  // namespace portcullis
