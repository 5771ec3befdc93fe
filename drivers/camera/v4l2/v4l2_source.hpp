#pragma once
// V4l2Source: the stream of one device through buffers that are mapped once (VIDIOC_REQBUFS, MEMORY_MMAP).
// As FrameSource says. What is mapped stays until the source goes, also when the device is closed.

#include <mutex>
#include <vector>

#include "drivers/camera/v4l2/picture_format.hpp"

namespace portcullis::v4l2 {

class V4l2Source final : public camera::FrameSource {
  public:
    /// Maps the buffers and starts the stream. Errors: io (busy, unplugged, no room on the bus).
    [[nodiscard]] static Result<std::shared_ptr<V4l2Source>> start(Device device, const AgreedFormat& format,
                                                                   std::size_t buffers);
    ~V4l2Source() override;
    V4l2Source(const V4l2Source&) = delete;
    V4l2Source& operator=(const V4l2Source&) = delete;

    [[nodiscard]] const std::string& name() const override { return device_.name(); }
    [[nodiscard]] const camera::PictureLayout& layout() const override { return format_.layout; }
    [[nodiscard]] std::size_t buffers() const override { return buffers_.size(); }
    [[nodiscard]] Result<std::optional<camera::RawPicture>> wait(milliseconds patience) override;
    void give_back(std::size_t buffer) override;
    void stop() override;

  private:
    struct Buffer {
        void* address;
        std::size_t length;
    };
    V4l2Source(Device device, const AgreedFormat& format) : device_(std::move(device)), format_(format) {}
    Result<void> map_buffers(std::size_t count);
    Result<void> map_one(std::uint32_t index);
    [[nodiscard]] Called queue(std::size_t buffer) const;
    Result<std::optional<camera::RawPicture>> take(int events);
    [[nodiscard]] camera::RawPicture picture_of(std::size_t index, std::size_t filled) const;

    Device device_;
    AgreedFormat format_;
    std::vector<Buffer> buffers_;
    std::mutex mutex_;  // of streaming_, held while a buffer goes back
    bool streaming_ = false;
};

}  // namespace portcullis::v4l2
