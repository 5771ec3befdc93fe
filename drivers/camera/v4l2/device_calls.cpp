#include "drivers/camera/v4l2/device_calls.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

namespace portcullis::v4l2 {

namespace {

Called result(int value) {
    return value >= 0 ? Called{value, 0} : Called{-1, errno};
}

}  // namespace

Called SystemCalls::open(const std::string& path) {
    return result(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
}

void SystemCalls::close(int fd) {
    ::close(fd);
}

Called SystemCalls::ioctl(int fd, unsigned long request, void* argument) {
    Called called;
    do {
        called = result(::ioctl(fd, request, argument));
    } while (called.error == EINTR);
    return called;
}

Mapped SystemCalls::map(int fd, std::size_t length, std::size_t offset) {
    void* address = ::mmap(nullptr, length, PROT_READ, MAP_SHARED, fd, static_cast<off_t>(offset));
    return address == MAP_FAILED ? Mapped{nullptr, errno} : Mapped{address, 0};
}

void SystemCalls::unmap(void* address, std::size_t length) {
    ::munmap(address, length);
}

Called SystemCalls::poll(int fd, std::chrono::milliseconds time) {
    pollfd wanted{fd, POLLIN, 0};
    const int ready = ::poll(&wanted, 1, static_cast<int>(time.count()));
    if (ready < 0) return errno == EINTR ? Called{} : Called{-1, errno};
    return {ready == 0 ? 0 : wanted.revents, 0};
}

std::chrono::nanoseconds SystemCalls::monotonic() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace portcullis::v4l2
