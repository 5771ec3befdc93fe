#pragma once
// FramePool: buffers of equal size that come back when the last holder of a frame lets go. Thread-safe:
// frames are let go in other threads.

#include <memory>
#include <mutex>
#include <vector>

#include "base/bytes.hpp"

namespace portcullis::camera {

inline constexpr std::size_t max_idle_buffers = 8;  // more in flight is allowed; they are freed on return

class FramePool {
  public:
    FramePool() : idle_(std::make_shared<Idle>()) {}
    /// A buffer of `bytes` bytes with old or zero content. It may outlive the pool.
    [[nodiscard]] std::shared_ptr<Bytes> take(std::size_t bytes);

  private:
    struct Idle {
        std::mutex mutex;
        std::vector<std::unique_ptr<Bytes>> buffers;
    };
    std::shared_ptr<Idle> idle_;
};

}  // namespace portcullis::camera
