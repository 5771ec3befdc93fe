#pragma once
// ViewStream: the viewer's end of the opener's view socket: says once why it looks, then gives views as they
// come. What it gives is personal data. Thread-bound.

#include "collector/link/unix_socket.hpp"
#include "collector/link/view_exchange.hpp"

namespace portcullis {

class ViewStream {
  public:
    /// socket: connected to the view socket. Errors: as PacketStream::send.
    [[nodiscard]] static Result<ViewStream> subscribe(UniqueFd socket, const Subscription& subscription);

    /// The next view's packet (parse_view), or nothing yet; never waits. Errors: refused (with the opener's
    /// reason), closed (it ended, or let us go), corrupt, exhausted, io. After one the stream is over.
    [[nodiscard]] Result<std::optional<Packet>> next_now();

    /// To be waited for (POLLIN).
    [[nodiscard]] int fd() const { return stream_.fd(); }

  private:
    explicit ViewStream(PacketStream stream) : stream_(std::move(stream)) {}
    PacketStream stream_;
};

}  // namespace portcullis
