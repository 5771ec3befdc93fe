#include "drivers/camera/libcamera/device_nodes.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

namespace portcullis::libcamera_driver {

namespace {

bool is_camera(const std::string& path) {
    return path.starts_with("/dev/video") || path.starts_with("/dev/media");
}

}  // namespace

void DeviceNodes::watch(const std::string& path) {
    struct stat state {};
    if (nodes_.size() >= max_device_nodes || ::stat(path.c_str(), &state) != 0) return;
    nodes_.push_back({path, state.st_rdev, state.st_ino});
}

DeviceNodes DeviceNodes::of(const std::vector<std::string>& paths) {
    DeviceNodes nodes;
    for (const std::string& path : paths)
        nodes.watch(path);
    return nodes;
}

DeviceNodes DeviceNodes::open_now() {
    DeviceNodes nodes;
    std::error_code error;
    for (std::filesystem::directory_iterator at("/proc/self/fd", error), end; !error && at != end;
         at.increment(error)) {
        std::error_code unreadable;
        const std::string path = std::filesystem::read_symlink(at->path(), unreadable).string();
        if (!unreadable && is_camera(path)) nodes.watch(path);
    }
    return nodes;
}

bool DeviceNodes::gone() const {
    return std::ranges::any_of(nodes_, [](const Node& node) {
        struct stat state {};
        return ::stat(node.path.c_str(), &state) != 0 || state.st_rdev != node.device ||
               state.st_ino != node.inode;
    });
}

}  // namespace portcullis::libcamera_driver
