#include "guest/usb_camera.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "guest/test_picture.hpp"

namespace portcullis::test {

namespace {

constexpr std::uint8_t format_yuyv = 1;
constexpr std::uint8_t format_mjpeg = 2;
constexpr std::array<std::uint32_t, 2> intervals{1'000'000,
                                                 2'000'000};  // of 100 ns: 10 and 5 frames a second
constexpr std::uint32_t picture_bytes = camera_width * camera_height * 2;
constexpr std::uint32_t clock_hz = 48'000'000;
constexpr std::uint8_t camera_terminal = 1;
constexpr std::uint8_t processing_unit = 2;

enum Request : std::uint8_t {
    set_cur = 0x01,
    get_cur = 0x81,
    get_min = 0x82,
    get_max = 0x83,
    get_res = 0x84,
    get_len = 0x85,
    get_info = 0x86,
    get_def = 0x87
};

class Block {
  public:
    Block& u8(unsigned value) {
        bytes_.push_back(static_cast<std::uint8_t>(value));
        return *this;
    }
    Block& u16(unsigned value) { return u8(value & 0xffU).u8(value >> 8U); }
    Block& u32(std::uint32_t value) { return u16(value & 0xffffU).u16(value >> 16U); }
    Block& list(std::initializer_list<unsigned> values) {
        for (const unsigned value : values)
            u8(value);
        return *this;
    }
    Block& add(const UsbBytes& other) {
        bytes_.insert(bytes_.end(), other.begin(), other.end());
        return *this;
    }
    [[nodiscard]] UsbBytes bytes() const { return bytes_; }
    [[nodiscard]] unsigned size() const { return static_cast<unsigned>(bytes_.size()); }

  private:
    UsbBytes bytes_;
};

UsbBytes device_descriptor() {
    return Block()
        .list({18, 1})
        .u16(0x0200)
        .list({0xef, 2, 1, 64})
        .u16(0x1d6b)
        .u16(0x0104)
        .u16(0x0100)
        .list({1, 2, 3, 1})
        .bytes();
}

/// Camera terminal (exposure mode and time), processing unit (brightness, contrast, gain), output terminal.
UsbBytes video_control() {
    const UsbBytes units = Block()
                               .list({18, 0x24, 0x02, camera_terminal})
                               .u16(0x0201)
                               .list({0, 0})
                               .u16(0)
                               .u16(0)
                               .u16(0)
                               .list({3, 0x0a, 0, 0})
                               .list({11, 0x24, 0x05, processing_unit, camera_terminal})
                               .u16(0)
                               .u8(2)
                               .u16(0x0203)
                               .u8(0)
                               .list({9, 0x24, 0x03, 3})
                               .u16(0x0101)
                               .list({0, processing_unit, 0})
                               .bytes();
    return Block()
        .list({13, 0x24, 0x01})
        .u16(0x0100)
        .u16(13 + static_cast<unsigned>(units.size()))
        .u32(clock_hz)
        .list({1, 1})
        .add(units)
        .bytes();
}

UsbBytes frame_descriptor(unsigned subtype) {
    Block block;
    block.list({26 + 4 * static_cast<unsigned>(intervals.size()), 0x24, subtype, 1, 0})
        .u16(camera_width)
        .u16(camera_height)
        .u32(picture_bytes * 8 * 5)
        .u32(picture_bytes * 8 * 10)
        .u32(picture_bytes)
        .u32(intervals[0])
        .u8(intervals.size());
    for (const std::uint32_t interval : intervals)
        block.u32(interval);
    return block.bytes();
}

UsbBytes video_streaming() {
    const UsbBytes colours = Block().list({6, 0x24, 0x0d, 1, 1, 4}).bytes();
    Block formats;
    formats.list({27, 0x24, 0x04, format_yuyv, 1})
        .list({'Y', 'U', 'Y', '2', 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71})
        .list({16, 1, 0, 0, 0, 0})
        .add(frame_descriptor(0x05))
        .add(colours)
        .list({11, 0x24, 0x06, format_mjpeg, 1, 1, 1, 0, 0, 0, 0})
        .add(frame_descriptor(0x07))
        .add(colours);
    return Block()
        .list({15, 0x24, 0x01, 2})
        .u16(15 + formats.size())
        .list({stream_endpoint, 0, 3, 0, 0, 0, 1, 0, 0})
        .add(formats.bytes())
        .bytes();
}

UsbBytes configuration_descriptor() {
    const UsbBytes body = Block()
                              .list({8, 0x0b, 0, 2, 0x0e, 3, 0, 2})
                              .list({9, 4, 0, 0, 0, 0x0e, 1, 0, 2})
                              .add(video_control())
                              .list({9, 4, 1, 0, 1, 0x0e, 2, 0, 0})
                              .add(video_streaming())
                              .list({7, 5, stream_endpoint, 2})
                              .u16(512)
                              .u8(0)
                              .bytes();
    return Block()
        .list({9, 2})
        .u16(9 + static_cast<unsigned>(body.size()))
        .list({2, 1, 0, 0x80, 50})
        .add(body)
        .bytes();
}

UsbBytes text_descriptor(std::string_view text) {
    Block block;
    block.list({static_cast<unsigned>(2 + 2 * text.size()), 3});
    for (const char letter : text)
        block.u16(static_cast<unsigned char>(letter));
    return block.bytes();
}

std::int32_t number_of(std::span<const std::uint8_t> bytes) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < bytes.size() && i < 4; ++i)
        value |= static_cast<std::uint32_t>(bytes[i]) << (8 * i);
    if (bytes.size() == 2) return static_cast<std::int16_t>(value);
    return static_cast<std::int32_t>(value);
}

UsbBytes bytes_of(std::int32_t value, std::uint8_t length) {
    UsbBytes bytes;
    for (std::uint8_t i = 0; i < length; ++i)
        bytes.push_back(static_cast<std::uint8_t>(static_cast<std::uint32_t>(value) >> (8U * i)));
    return bytes;
}

}  // namespace

UsbCamera::UsbCamera(std::function<void(const std::string&)> told) : told_(std::move(told)) {
    reset();
}

void UsbCamera::reset() {
    // Entity and selector; the mode's step is the set of modes that it knows: manual and aperture priority.
    controls_ = {
        {0x0102, {"exposure_mode", 1, 1, 8, 9, 8, 8}}, {0x0104, {"exposure", 4, 1, 10'000, 1, 156, 156}},
        {0x0202, {"brightness", 2, -64, 64, 1, 0, 0}}, {0x0203, {"contrast", 2, 0, 64, 1, 32, 32}},
        {0x0204, {"gain", 2, 0, 100, 1, 0, 0}},
    };
    at_ = 0;
    agree(format_yuyv, intervals[0]);
}

void UsbCamera::agree(std::uint8_t format, std::uint32_t interval) {
    agreed_ = Block()
                  .u16(1)
                  .u8(format)
                  .u8(1)
                  .u32(interval)
                  .u16(0)
                  .u16(0)
                  .u16(0)
                  .u16(0)
                  .u16(0)
                  .u32(picture_bytes)
                  .u32(payload_bytes)
                  .bytes();
}

std::uint32_t UsbCamera::picture_interval_us() const {
    return static_cast<std::uint32_t>(number_of(std::span(agreed_).subspan(4, 4))) / 10;
}

std::optional<UsbBytes> UsbCamera::control(const UsbSetup& setup, std::span<const std::uint8_t> sent) {
    switch (setup.type & 0x60U) {
        case 0x00:
            return standard_request(setup);
        case 0x20:
            return (setup.index & 0xffU) == 1 ? stream_request(setup, sent) : unit_request(setup, sent);
        default:
            return std::nullopt;
    }
}

std::optional<UsbBytes> UsbCamera::standard_request(const UsbSetup& setup) const {
    constexpr std::uint8_t get_descriptor = 6;
    if (setup.request == 0) return UsbBytes{0, 0};
    if (setup.request != get_descriptor) return UsbBytes{};
    const unsigned index = setup.value & 0xffU;
    switch (setup.value >> 8U) {
        case 1:
            return device_descriptor();
        case 2:
            return configuration_descriptor();
        case 3:
            if (index == 0) return UsbBytes{4, 3, 9, 4};
            return text_descriptor(index == 1 ? "Portcullis" : index == 2 ? "Plate Test Camera" : "0001");
        default:
            return std::nullopt;
    }
}

std::optional<UsbBytes> UsbCamera::stream_request(const UsbSetup& setup, std::span<const std::uint8_t> sent) {
    const unsigned selector = setup.value >> 8U;
    if (selector != 1 && selector != 2) return std::nullopt;  // probe, commit
    switch (setup.request) {
        case set_cur: {
            if (sent.size() < 8) return std::nullopt;
            const auto interval = static_cast<std::uint32_t>(number_of(sent.subspan(4, 4)));
            agree(sent[2] == format_mjpeg ? format_mjpeg : format_yuyv,
                  interval > intervals[0] ? intervals[1] : intervals[0]);
            return UsbBytes{};
        }
        case get_len:
            return UsbBytes{static_cast<std::uint8_t>(agreed_.size()), 0};
        case get_info:
            return UsbBytes{3};
        default:
            return agreed_;
    }
}

std::optional<UsbBytes> UsbCamera::unit_request(const UsbSetup& setup, std::span<const std::uint8_t> sent) {
    const unsigned entity = setup.index >> 8U;
    const unsigned selector = setup.value >> 8U;
    if (entity == 0 && selector == 2) return UsbBytes{0};  // the last error: none
    const auto found = controls_.find(static_cast<std::uint16_t>(entity << 8U | selector));
    if (found == controls_.end()) return std::nullopt;
    Control& control = found->second;
    switch (setup.request) {
        case set_cur:
            control.now = number_of(sent.first(std::min<std::size_t>(sent.size(), control.bytes)));
            told_(std::string(control.name) + " " + std::to_string(control.now));
            return UsbBytes{};
        case get_cur:
            return bytes_of(control.now, control.bytes);
        case get_min:
            return bytes_of(control.low, control.bytes);
        case get_max:
            return bytes_of(control.high, control.bytes);
        case get_res:
            return bytes_of(control.step, control.bytes);
        case get_def:
            return bytes_of(control.standard, control.bytes);
        case get_len:
            return UsbBytes{control.bytes, 0};
        case get_info:
            return UsbBytes{3};
        default:
            return std::nullopt;
    }
}

UsbBytes UsbCamera::picture() const {
    const bool mjpeg = agreed_[2] == format_mjpeg;
    if (!shown_.empty()) return mjpeg ? jpeg_of_yuyv(camera_width, camera_height, shown_) : shown_;
    return mjpeg ? jpeg_picture(camera_width, camera_height, number_)
                 : yuyv_picture(camera_width, camera_height, number_);
}

void UsbCamera::begin_picture() {
    picture_ = picture();
    if (std::exchange(break_next_, false)) picture_.resize(picture_.size() / 2);
    ++number_;
    toggle_ ^= 1U;
}

UsbBytes UsbCamera::next_payload(std::size_t room) {
    constexpr std::size_t header_bytes = 2;
    constexpr unsigned end_of_picture = 2;
    constexpr unsigned end_of_header = 0x80;
    if (at_ == 0) begin_picture();
    const std::size_t most = std::min<std::size_t>(room, payload_bytes) - header_bytes;
    const std::size_t count = std::min(most, picture_.size() - at_);
    const bool last = at_ + count == picture_.size();
    UsbBytes payload =
        Block().u8(header_bytes).u8(end_of_header | toggle_ | (last ? end_of_picture : 0)).bytes();
    const auto from = picture_.begin() + static_cast<std::ptrdiff_t>(at_);
    payload.insert(payload.end(), from, from + static_cast<std::ptrdiff_t>(count));
    at_ = last ? 0 : at_ + count;
    return payload;
}

}  // namespace portcullis::test
