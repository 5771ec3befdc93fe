#include "apps/portcullis/viewer_socket.hpp"

#include "collector/link/unix_socket.hpp"

namespace portcullis {

Result<UniqueFd> connect_to_opener(const std::filesystem::path& path) {
    auto socket = connect_unix(path);
    if (!socket && socket.error().code() == ErrorCode::not_found)
        return fail(ErrorCode::not_found,
                    "{}; start portcullis-opener, or name its view socket with --socket",
                    socket.error().message());
    if (!socket && socket.error().code() == ErrorCode::denied)
        return fail(ErrorCode::denied, "{}; join the group that owns it (portcullis-view)",
                    socket.error().message());
    return socket;
}

}  // namespace portcullis
