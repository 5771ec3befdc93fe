#pragma once
// Device: one opened video device that captures. Found by its path, or by a part of its name or of the place
// where it is plugged in. Closes with its object. Thread-bound, save ioctl().

#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "drivers/camera/v4l2/device_calls.hpp"

namespace portcullis::v4l2 {

inline constexpr int max_device_nodes = 64;  // /dev/video0 to /dev/video63 are looked at

class Device {
  public:
    /// wanted: "/dev/..." , a part of the card's name or bus place, or empty for the first that captures.
    /// Errors name the device and the cure: not_found (none; lists those there are), denied (permissions),
    /// unsupported (captures nothing that this driver takes), io.
    [[nodiscard]] static Result<Device> open(const std::string& wanted,
                                             const std::shared_ptr<DeviceCalls>& calls);
    Device(Device&& other) noexcept;
    Device& operator=(Device&&) = delete;
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;
    ~Device() { close(); }

    [[nodiscard]] Called ioctl(unsigned long request, void* argument) const {
        return calls_->ioctl(fd_, request, argument);
    }
    void close();
    [[nodiscard]] int fd() const { return fd_; }
    [[nodiscard]] DeviceCalls& calls() const { return *calls_; }
    /// "/dev/video0 (Plate Camera)".
    [[nodiscard]] const std::string& name() const { return name_; }

    /// The error of a call that failed, with its cure: io, denied. what: "cannot start the stream".
    [[nodiscard]] Error failed(std::string_view what, int error) const;

  private:
    Device(std::shared_ptr<DeviceCalls> calls, int fd, std::string path)
        : calls_(std::move(calls)), fd_(fd), name_(std::move(path)) {}
    struct Kind {
        bool captures = false;
        bool many_planes = false;
        bool streams = false;
        std::string card;
        std::string place;
    };
    static Result<Device> open_path(const std::string& path, const std::shared_ptr<DeviceCalls>& calls);
    static Result<Device> find(const std::string& wanted, const std::shared_ptr<DeviceCalls>& calls);
    [[nodiscard]] Result<Kind> kind() const;
    [[nodiscard]] Result<void> check(const Kind& kind);

    std::shared_ptr<DeviceCalls> calls_;
    int fd_;
    std::string name_;
};

}  // namespace portcullis::v4l2
