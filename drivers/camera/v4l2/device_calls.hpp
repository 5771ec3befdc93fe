#pragma once
// DeviceCalls: the system calls that this driver makes, so that tests can put a device with any fault in
// their place. Nothing is decided here. Implementations are thread-safe.

#include <chrono>
#include <cstddef>
#include <string>

namespace portcullis::v4l2 {

/// What a call gave: a value of 0 or more, or errno.
struct Called {
    int value = 0;
    int error = 0;
    [[nodiscard]] bool ok() const { return error == 0; }
};

struct Mapped {
    void* address = nullptr;
    int error = 0;
};

class DeviceCalls {
  public:
    virtual ~DeviceCalls() = default;
    /// open(2), O_RDWR | O_NONBLOCK | O_CLOEXEC.
    [[nodiscard]] virtual Called open(const std::string& path) = 0;
    virtual void close(int fd) = 0;
    /// ioctl(2); repeated while interrupted.
    [[nodiscard]] virtual Called ioctl(int fd, unsigned long request, void* argument) = 0;
    /// mmap(2), shared, for reading.
    [[nodiscard]] virtual Mapped map(int fd, std::size_t length, std::size_t offset) = 0;
    virtual void unmap(void* address, std::size_t length) = 0;
    /// poll(2) for POLLIN; the value is revents, 0 when the time is over.
    [[nodiscard]] virtual Called poll(int fd, std::chrono::milliseconds time) = 0;
    /// CLOCK_MONOTONIC, by which drivers stamp their pictures.
    [[nodiscard]] virtual std::chrono::nanoseconds monotonic() = 0;
};

class SystemCalls final : public DeviceCalls {
  public:
    [[nodiscard]] Called open(const std::string& path) override;
    void close(int fd) override;
    [[nodiscard]] Called ioctl(int fd, unsigned long request, void* argument) override;
    [[nodiscard]] Mapped map(int fd, std::size_t length, std::size_t offset) override;
    void unmap(void* address, std::size_t length) override;
    [[nodiscard]] Called poll(int fd, std::chrono::milliseconds time) override;
    [[nodiscard]] std::chrono::nanoseconds monotonic() override;
};

}  // namespace portcullis::v4l2
