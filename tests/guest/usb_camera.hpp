#pragma once
// UsbCamera: a USB Video Class 1.0 camera as its host sees it: descriptors, controls, and the stream cut into
// payloads. By "Universal Serial Bus Device Class Definition for Video Devices", revision 1.0. It knows
// nothing of the wire. Thread-bound.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace portcullis::test {

using UsbBytes = std::vector<std::uint8_t>;

/// A control request (USB 2.0, 9.3).
struct UsbSetup {
    std::uint8_t type = 0;
    std::uint8_t request = 0;
    std::uint16_t value = 0;
    std::uint16_t index = 0;
};

inline constexpr unsigned camera_width = 320;
inline constexpr unsigned camera_height = 240;
inline constexpr std::uint32_t payload_bytes = 16 * 1024;
inline constexpr std::uint8_t stream_endpoint = 0x81;

class UsbCamera {
  public:
    /// told: each control that the host sets, as "exposure 5".
    explicit UsbCamera(std::function<void(const std::string&)> told);

    /// The answer to a control request; nothing: the camera stalls it, as one does that knows it not.
    [[nodiscard]] std::optional<UsbBytes> control(const UsbSetup& setup, std::span<const std::uint8_t> sent);
    /// The next piece of the stream, header and all, at most `room` bytes.
    [[nodiscard]] UsbBytes next_payload(std::size_t room);
    /// Whether a picture has been begun and not ended.
    [[nodiscard]] bool in_picture() const { return at_ > 0; }
    /// What the host agreed on, in microseconds.
    [[nodiscard]] std::uint32_t picture_interval_us() const;
    /// From the next one on, this picture, in yuyv: camera_width x camera_height px. Empty: the test's own.
    void show(UsbBytes yuyv) { shown_ = std::move(yuyv); }
    /// The next picture ends in its middle.
    void break_next_picture() { break_next_ = true; }
    /// As when it is plugged in: nothing agreed, no picture begun, controls as the factory left them.
    void reset();
    /// The host gave the transfer up: the picture begins anew.
    void drop_picture() { at_ = 0; }

  private:
    struct Control {
        const char* name;
        std::uint8_t bytes;
        std::int32_t low;
        std::int32_t high;
        std::int32_t step;
        std::int32_t standard;
        std::int32_t now;
    };
    [[nodiscard]] std::optional<UsbBytes> standard_request(const UsbSetup& setup) const;
    [[nodiscard]] std::optional<UsbBytes> stream_request(const UsbSetup& setup,
                                                         std::span<const std::uint8_t> sent);
    [[nodiscard]] std::optional<UsbBytes> unit_request(const UsbSetup& setup,
                                                       std::span<const std::uint8_t> sent);
    void agree(std::uint8_t format, std::uint32_t interval);
    void begin_picture();
    [[nodiscard]] UsbBytes picture() const;

    std::function<void(const std::string&)> told_;
    std::map<std::uint16_t, Control> controls_;  // by entity and selector
    UsbBytes agreed_;                            // the probe and commit block
    UsbBytes shown_;
    UsbBytes picture_;
    std::size_t at_ = 0;
    std::uint8_t number_ = 0;
    std::uint8_t toggle_ = 0;
    bool break_next_ = false;
};

}  // namespace portcullis::test
