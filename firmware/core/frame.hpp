#pragma once
// Frame: one image of the camera with its timestamps. The pixels are borrowed from whoever filled them (a
// pool, a dma-buf, a decoder); `pixels` keeps them alive, so a Frame is cheap to hand on and the last holder
// lets go. Values; the pixels behind them are never written to after next() gave them out. Thread-safe to
// read.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/clock.hpp"

namespace portcullis {

enum class PixelFormat {
    grey8,    // one plane
    bgr24,    // one plane, B G R in memory (OpenCV's order)
    yuv420p,  // three planes Y, U, V; U and V at half width and height, rounded up
    nv12      // two planes Y, UV interleaved at half width and height, rounded up
};

struct Plane {
    const std::uint8_t* data = nullptr;
    std::size_t stride = 0;  // bytes from one line to the next
};

/// Pixels without an owner. width and height in pixels, both at least 1.
struct FrameView {
    PixelFormat format = PixelFormat::grey8;
    int width = 0;
    int height = 0;
    std::array<Plane, 3> planes{};
};

/// How far the device's UTC can be trusted (security: the signed field "clk").
enum class ClockQuality { none, rtc, ntp, nts, gnss, ptp };
[[nodiscard]] const char* to_string(ClockQuality quality);

struct Frame {
    FrameView view;
    std::shared_ptr<const void> pixels;  // keeps view's planes alive
    std::uint64_t number =
        0;  // counts the frames of one source, from 0; gaps are frames that the source lost
    BootTime
        sensor_time{};  // when the sensor saw it; in replay at a given rate: the frame's place in the film
    UtcTime utc{};
    ClockQuality clock_quality = ClockQuality::none;
};

}  // namespace portcullis
