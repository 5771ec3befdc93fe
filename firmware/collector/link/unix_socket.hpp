#pragma once
// Unix stream sockets, and packets over them. No other address family is known here.

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>

#include "base/clock.hpp"
#include "base/unique_fd.hpp"
#include "collector/link/packet.hpp"

namespace portcullis {

struct ListenOptions {
    mode_t mode = 0600;
    std::optional<gid_t> group;  // who else may connect, with mode 0660
};

/// Binds and listens, non-blocking. A socket file that nobody listens on any more is replaced.
/// Errors: configuration (path too long, another process listens there), io.
[[nodiscard]] Result<UniqueFd> listen_unix(const std::filesystem::path& path, const ListenOptions& options);
/// Errors: not_found (nobody listens there), denied (its mode forbids it), configuration, io.
[[nodiscard]] Result<UniqueFd> connect_unix(const std::filesystem::path& path);
/// The next waiting peer (non-blocking socket), or nothing.
[[nodiscard]] Result<std::optional<UniqueFd>> accept_unix(const UniqueFd& listener);

struct Peer {
    pid_t pid;
    uid_t uid;
    gid_t gid;
};
/// Who connected, as the kernel knows it (SO_PEERCRED).
[[nodiscard]] Result<Peer> peer_of(const UniqueFd& socket);

/// A connected socket that speaks packets. Thread-bound.
class PacketStream {
  public:
    explicit PacketStream(UniqueFd socket) : socket_(std::move(socket)) {}

    /// Sends it whole. Errors: exhausted (over a limit), timeout, closed, io.
    Result<void> send(const Packet& packet, milliseconds patience);
    /// Sends what goes without waiting, and says how much that was. Errors: closed, io.
    [[nodiscard]] Result<std::size_t> send_some(ByteView bytes);
    /// Waits for the next packet. Errors: timeout (the stream is still good), closed, corrupt, exhausted, io.
    [[nodiscard]] Result<Packet> receive(milliseconds patience);
    /// What has come so far, without waiting: a packet, or nothing yet. Errors as receive, without timeout.
    [[nodiscard]] Result<std::optional<Packet>> receive_now();

    [[nodiscard]] Result<Peer> peer() const { return peer_of(socket_); }
    [[nodiscard]] int fd() const { return socket_.get(); }

  private:
    Result<bool> read_some();  // false: nothing there

    UniqueFd socket_;
    PacketReader reader_;
};

}  // namespace portcullis
