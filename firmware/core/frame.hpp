#pragma once
// Frame: one image of the camera with its timestamps. The pixels are borrowed from whoever filled them (a
// pool, a dma-buf, a decoder); `pixels` keeps them alive, so a Frame is cheap to hand on and the last holder
// lets go. Values; the pixels behind them are never written to after next() gave them out. Thread-safe to
// read.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

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
enum class ClockQuality {
    none,      // never set since power was on
    rtc,       // set by a clock with a battery, or by hand: nobody checks it
    holdover,  // was in step with a time source since the boot, and has lost it
    ntp,       // in step, by the kernel's word; the other three by the settings' word
    nts,
    gnss,
    ptp
};
[[nodiscard]] const char* to_string(ClockQuality quality);
[[nodiscard]] std::optional<ClockQuality> clock_quality_from_string(std::string_view text);

/// What the device knows of its own UTC at one instant: a claim, never evidence by itself.
struct ClockState {
    ClockQuality quality = ClockQuality::none;
    std::chrono::seconds holdover{0};     // since it was last in step; 0 unless quality says holdover
    std::optional<milliseconds> error{};  // UTC is off by at most this, as the kernel reckons
    bool operator==(const ClockState&) const = default;
};

struct Frame {
    FrameView view;
    std::shared_ptr<const void> pixels;  // keeps view's planes alive
    std::uint64_t number =
        0;  // counts the frames of one source, from 0; gaps are frames that the source lost
    BootTime
        sensor_time{};  // when the sensor saw it; in replay at a given rate: the frame's place in the film
    UtcTime utc{};
    ClockState clock;
};

}  // namespace portcullis
