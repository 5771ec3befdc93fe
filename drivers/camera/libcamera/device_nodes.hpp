#pragma once
// DeviceNodes: the video and media devices that this process holds open, and whether one of them is gone.
// libcamera hears of unplugged devices through netlink, which the process wall refuses, and the kernel's
// device files tell it as well. Reads /proc/self/fd. Thread-bound.

#include <sys/types.h>

#include <string>
#include <vector>

namespace portcullis::libcamera_driver {

inline constexpr std::size_t max_device_nodes = 64;  // of one process; further ones are not watched

class DeviceNodes {
  public:
    DeviceNodes() = default;
    /// Those that are open now, below /dev/video and /dev/media. None where /proc is not there.
    [[nodiscard]] static DeviceNodes open_now();
    /// Whether a device file was removed, or another one stands in its place.
    [[nodiscard]] bool gone() const;
    [[nodiscard]] std::size_t count() const { return nodes_.size(); }

    /// For tests: these files stand for devices.
    [[nodiscard]] static DeviceNodes of(const std::vector<std::string>& paths);

  private:
    struct Node {
        std::string path;
        dev_t device;
        ino_t inode;
    };
    void watch(const std::string& path);

    std::vector<Node> nodes_;
};

}  // namespace portcullis::libcamera_driver
