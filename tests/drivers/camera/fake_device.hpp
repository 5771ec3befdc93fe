#pragma once
// Video devices in memory, with any fault that a test asks for, in the place of the kernel's. They answer as
// the kernel's documents say; tests/guest holds the drivers against real ones. What is opened and mapped is
// counted, and freed when it is let go, so that ASan sees a late reader. Thread-safe.

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "drivers/camera/v4l2/device_calls.hpp"
#include "support/fake_clock.hpp"

namespace portcullis::test {

struct FakeFormat {
    std::uint32_t fourcc = 0;
    std::vector<std::pair<unsigned, unsigned>> sizes{{32, 16}};
    std::vector<unsigned> rates{30};
    std::optional<unsigned> line_bytes{};   // what it claims, if not the truth
    std::optional<unsigned> image_bytes{};  // the same
};

struct FakeControl {
    int low = 0;
    int high = 0;
    int step = 1;
    int value = 0;
    std::uint32_t flags = 0;
};

struct FakePicture {
    Bytes bytes{};
    std::uint32_t flags = 0x2000;  // V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC
    std::optional<std::uint32_t> sequence{};
    std::chrono::milliseconds age{10};
    int error = 0;  // VIDIOC_DQBUF fails with it
};

struct FakeNode {
    std::string card = "Plate Camera";
    std::string place = "usb-0000:00:1d.0-1.2";
    std::uint32_t abilities = 0x04000001;  // V4L2_CAP_STREAMING | V4L2_CAP_VIDEO_CAPTURE
    std::vector<FakeFormat> formats{};
    std::map<std::uint32_t, FakeControl> controls{};
    bool lists_sizes = true;
    int open_error = 0;
    std::map<unsigned long, int> fails{};  // a request, and the errno that it gives
    std::deque<FakePicture> pictures{};
    bool unplugged = false;
};

class FakeDevices final : public v4l2::DeviceCalls {
  public:
    explicit FakeDevices(FakeClock& clock) : clock_(clock) {}

    FakeNode& node(const std::string& path = "/dev/video0") { return nodes_[path]; }
    void show(FakePicture picture, const std::string& path = "/dev/video0");
    void unplug(const std::string& path = "/dev/video0");

    [[nodiscard]] std::size_t opened() const;
    [[nodiscard]] std::size_t mapped() const;
    [[nodiscard]] std::size_t waiting_buffers() const;  // of all streams: how many the device may fill

    [[nodiscard]] v4l2::Called open(const std::string& path) override;
    void close(int fd) override;
    [[nodiscard]] v4l2::Called ioctl(int fd, unsigned long request, void* argument) override;
    [[nodiscard]] v4l2::Mapped map(int fd, std::size_t length, std::size_t offset) override;
    void unmap(void* address, std::size_t length) override;
    [[nodiscard]] v4l2::Called poll(int fd, std::chrono::milliseconds time) override;
    [[nodiscard]] std::chrono::nanoseconds monotonic() override;

  private:
    using Memory = std::shared_ptr<Bytes>;
    struct Stream {
        FakeNode* node = nullptr;
        std::uint32_t fourcc = 0;
        unsigned width = 0;
        unsigned height = 0;
        unsigned rate = 0;
        std::vector<Memory> buffers;
        std::deque<std::uint32_t> queued;
        bool streaming = false;
        std::uint32_t sequence = 0;
    };
    int answer(Stream& stream, unsigned long request, void* argument);
    int enumerate(const FakeNode& node, unsigned long request, void* argument) const;
    int set_format(Stream& stream, void* argument);
    int control(FakeNode& node, unsigned long request, void* argument);
    int buffers(Stream& stream, unsigned long request, void* argument);
    int take(Stream& stream, void* argument);

    FakeClock& clock_;
    mutable std::mutex mutex_;
    std::map<std::string, FakeNode> nodes_;
    std::map<int, Stream> streams_;
    std::map<void*, Memory> mapped_;
    int next_fd_ = 1000;
};

/// width x height px: luma, blue and red that differ from place to place and from number to number.
[[nodiscard]] Bytes made_yuyv(unsigned width, unsigned height, unsigned number);
[[nodiscard]] Bytes made_nv12(unsigned width, unsigned height, unsigned number);
[[nodiscard]] Bytes made_grey(unsigned width, unsigned height, unsigned number);

}  // namespace portcullis::test
