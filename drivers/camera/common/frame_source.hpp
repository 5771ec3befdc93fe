#pragma once
// FrameSource: what LiveCamera needs of a driver: a running camera with a ring of mapped buffers. A filled
// buffer is handed out, is read in place, and goes back into the ring when its last reader lets go.

#include <array>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "drivers/camera/common/live_settings.hpp"

namespace portcullis::camera {

/// How the camera lays its pixels down, as it was agreed when it was opened. strides: bytes from one line to
/// the next, of each plane; unused in mjpeg.
struct PictureLayout {
    RawFormat format = RawFormat::grey;
    int width = 0;
    int height = 0;
    std::array<std::size_t, 3> strides{};
};

/// One filled buffer. planes are as long as the driver says that they were filled.
struct RawPicture {
    std::size_t buffer = 0;
    std::uint32_t sequence = 0;       // gaps are frames that the camera lost
    std::optional<microseconds> age;  // since the sensor saw it, by the driver's stamp; empty: it has none
    std::array<ByteView, 3> planes{};
};

class FrameSource {
  public:
    virtual ~FrameSource() = default;

    /// "/dev/video0 (Plate Camera)", for messages.
    [[nodiscard]] virtual const std::string& name() const = 0;
    [[nodiscard]] virtual const PictureLayout& layout() const = 0;
    /// How many buffers are in the ring.
    [[nodiscard]] virtual std::size_t buffers() const = 0;

    /// The next picture; nothing when none came within `patience`. Thread-bound. Errors: corrupt (the driver
    /// itself calls this one broken; its buffer is back in the ring already), io (the camera is gone).
    [[nodiscard]] virtual Result<std::optional<RawPicture>> wait(milliseconds patience) = 0;
    /// The buffer may be filled again. Thread-safe; after stop() it does nothing.
    virtual void give_back(std::size_t buffer) = 0;
    /// Ends the stream and frees the device for others; what is mapped stays readable until the source goes.
    virtual void stop() = 0;
};

}  // namespace portcullis::camera
