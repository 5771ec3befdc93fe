#pragma once
// UsbredirLink: offers one UsbCamera to QEMU's `-device usb-redir` over a connected socket, in usbredir's
// protocol (libusbredirparser). Thread-bound.

#include <chrono>
#include <deque>
#include <memory>

#include "base/unique_fd.hpp"
#include "guest/usb_camera.hpp"

struct usbredirparser;
struct usb_redir_bulk_packet_header;
struct usb_redir_control_packet_header;

namespace portcullis::test {

class UsbredirLink {
  public:
    /// socket: connected, not blocking. camera outlives the link.
    UsbredirLink(UniqueFd socket, UsbCamera& camera);
    UsbredirLink(const UsbredirLink&) = delete;
    UsbredirLink& operator=(const UsbredirLink&) = delete;
    ~UsbredirLink();

    [[nodiscard]] int fd() const { return socket_.get(); }
    [[nodiscard]] bool wants_to_write() const;
    [[nodiscard]] bool closed() const { return closed_; }
    /// When there is something to do without a word from the other side.
    [[nodiscard]] std::chrono::milliseconds time_to_next() const;
    /// Reads, serves, writes; never blocks.
    void work();

    void plug();
    void unplug();
    /// No picture comes, and nothing else is wrong.
    void stall(bool on) { stalled_ = on; }

  private:
    using Clock = std::chrono::steady_clock;
    struct Pending;
    friend struct Callbacks;
    void serve();
    void answer_control(std::uint64_t id, const usb_redir_control_packet_header& header,
                        std::span<const std::uint8_t> sent);
    void take_bulk(std::uint64_t id, const usb_redir_bulk_packet_header& header);
    void cancel(std::uint64_t id);

    UniqueFd socket_;
    UsbCamera& camera_;
    usbredirparser* parser_;
    std::deque<Pending> pending_;  // transfers that the host waits for
    Clock::time_point due_ = Clock::now();
    bool closed_ = false;
    bool greeted_ = false;
    bool plugged_ = true;
    bool stalled_ = false;
};

}  // namespace portcullis::test
