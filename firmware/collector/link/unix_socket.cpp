#include "collector/link/unix_socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "collector/link/wipe.hpp"

namespace portcullis {

namespace {

constexpr int backlog = 16;
constexpr std::size_t read_chunk_bytes = std::size_t{64} * 1024;

Result<sockaddr_un> address_of(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string text = path.string();
    if (text.empty() || text.size() >= sizeof(address.sun_path))
        return fail(ErrorCode::configuration, "socket path '{}' has {} bytes; write one of 1 to {}", text,
                    text.size(), sizeof(address.sun_path) - 1);
    std::memcpy(address.sun_path, text.c_str(), text.size() + 1);
    return address;
}

const sockaddr* generic(const sockaddr_un& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

Result<UniqueFd> new_socket() {
    UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return fail(Error::from_errno("cannot make a Unix socket", errno));
    return socket;
}

/// Takes away a socket file that a dead process left behind, and nothing else.
Result<void> clear_the_place(const std::filesystem::path& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) return {};
    if (!S_ISSOCK(status.st_mode))
        return fail(ErrorCode::configuration, "{} exists and is no socket; name another socket path",
                    path.string());
    if (connect_unix(path))
        return fail(ErrorCode::configuration,
                    "{} is in use by another process; stop it or name another socket path", path.string());
    if (::unlink(path.c_str()) != 0)
        return fail(Error::from_errno("cannot remove the old socket " + path.string(), errno));
    return {};
}

/// True when fd is ready for events, false after patience. A hung-up peer counts as ready: reading tells.
Result<bool> wait_for(int fd, short events, milliseconds patience) {
    pollfd entry{fd, events, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(patience.count()));
    if (ready < 0 && errno != EINTR) return fail(Error::from_errno("cannot wait for a socket", errno));
    return ready > 0;
}

milliseconds left_until(std::chrono::steady_clock::time_point deadline) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
    return std::max(left, milliseconds(0));
}

}  // namespace

Result<UniqueFd> listen_unix(const std::filesystem::path& path, const ListenOptions& options) {
    const sockaddr_un address = TRY(address_of(path));
    TRY(clear_the_place(path));
    UniqueFd socket = TRY(new_socket());
    // The file is born closed to everybody (umask is the process's: called by main before other threads).
    const mode_t before = ::umask(0177);
    const int bound = ::bind(socket.get(), generic(address), sizeof(address));
    const int error = errno;
    ::umask(before);
    if (bound != 0) return fail(Error::from_errno("cannot bind the socket " + path.string(), error));
    if (options.group && ::chown(path.c_str(), static_cast<uid_t>(-1), *options.group) != 0)
        return fail(Error::from_errno("cannot give the socket " + path.string() + " to its group", errno));
    if (::chmod(path.c_str(), options.mode) != 0)
        return fail(Error::from_errno("cannot set the mode of the socket " + path.string(), errno));
    if (::listen(socket.get(), backlog) != 0)
        return fail(Error::from_errno("cannot listen on the socket " + path.string(), errno));
    return socket;
}

Result<UniqueFd> connect_unix(const std::filesystem::path& path) {
    const sockaddr_un address = TRY(address_of(path));
    UniqueFd socket = TRY(new_socket());
    if (::connect(socket.get(), generic(address), sizeof(address)) == 0) return socket;
    const int error = errno;
    if (error == ENOENT || error == ECONNREFUSED)
        return fail(ErrorCode::not_found, "nobody listens on {}", path.string());
    if (error == EACCES || error == EPERM)
        return fail(ErrorCode::denied, "no permission to use the socket {}", path.string());
    return fail(Error::from_errno("cannot connect to " + path.string(), error));
}

Result<std::optional<UniqueFd>> accept_unix(const UniqueFd& listener) {
    UniqueFd socket(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (socket) return std::optional<UniqueFd>(std::move(socket));
    if (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR) return std::optional<UniqueFd>();
    return fail(Error::from_errno("cannot accept a connection", errno));
}

Result<Peer> peer_of(const UniqueFd& socket) {
    ucred credentials{};
    socklen_t size = sizeof(credentials);
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
        return fail(Error::from_errno("cannot tell who connected", errno));
    return Peer{credentials.pid, credentials.uid, credentials.gid};
}

Result<std::size_t> PacketStream::send_some(ByteView bytes) {
    const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno == EAGAIN || errno == EINTR) return std::size_t{0};
    if (errno == EPIPE || errno == ECONNRESET)
        return fail(ErrorCode::closed, "the other side closed the connection");
    return fail(Error::from_errno("cannot send a packet", errno));
}

Result<void> PacketStream::send(const Packet& packet, milliseconds patience) {
    Bytes bytes = TRY(encode_packet(packet));
    const auto deadline = std::chrono::steady_clock::now() + patience;
    std::size_t sent = 0;
    while (sent < bytes.size()) {
        const std::size_t count = TRY(send_some(ByteView(bytes).subspan(sent)));
        sent += count;
        if (count > 0) continue;
        TRY(wait_for(socket_.get(), POLLOUT, left_until(deadline)));
        if (left_until(deadline) == milliseconds(0))
            return fail(ErrorCode::timeout, "the other side took no packet within {} ms", patience.count());
    }
    wipe(bytes);
    return {};
}

Result<bool> PacketStream::read_some() {
    std::array<std::byte, read_chunk_bytes> chunk;
    const ssize_t count = ::recv(socket_.get(), chunk.data(), chunk.size(), 0);
    if (count == 0) return fail(ErrorCode::closed, "the other side closed the connection");
    if (count < 0) {
        if (errno == EAGAIN || errno == EINTR) return false;
        if (errno == ECONNRESET) return fail(ErrorCode::closed, "the other side closed the connection");
        return fail(Error::from_errno("cannot receive a packet", errno));
    }
    reader_.feed(ByteView(chunk).first(static_cast<std::size_t>(count)));
    ::explicit_bzero(chunk.data(), static_cast<std::size_t>(count));
    return true;
}

Result<std::optional<Packet>> PacketStream::receive_now() {
    for (;;) {
        if (auto packet = TRY(reader_.next())) return packet;
        if (!TRY(read_some())) return std::optional<Packet>();
    }
}

Result<Packet> PacketStream::receive(milliseconds patience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    for (;;) {
        if (auto packet = TRY(receive_now())) return std::move(*packet);
        if (!TRY(wait_for(socket_.get(), POLLIN, left_until(deadline))) &&
            left_until(deadline) == milliseconds(0))
            return fail(ErrorCode::timeout, "no packet came within {} ms", patience.count());
    }
}

}  // namespace portcullis
