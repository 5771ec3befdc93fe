#include "drivers/camera/common/frame_pool.hpp"

namespace portcullis::camera {

std::shared_ptr<Bytes> FramePool::take(std::size_t bytes) {
    std::unique_ptr<Bytes> buffer;
    {
        const std::lock_guard lock(idle_->mutex);
        if (!idle_->buffers.empty()) {
            buffer = std::move(idle_->buffers.back());
            idle_->buffers.pop_back();
        }
    }
    if (!buffer) buffer = std::make_unique<Bytes>();
    buffer->resize(bytes);
    return {buffer.release(), [idle = idle_](Bytes* returned) {
                std::unique_ptr<Bytes> owned(returned);
                const std::lock_guard lock(idle->mutex);
                if (idle->buffers.size() < max_idle_buffers) idle->buffers.push_back(std::move(owned));
            }};
}

}  // namespace portcullis::camera
