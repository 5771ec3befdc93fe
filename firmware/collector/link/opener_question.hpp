#pragma once
// One question to the opener over its view socket, and its answer; then the connection ends. Reentrant.

#include "base/unique_fd.hpp"
#include "collector/link/packet.hpp"

namespace portcullis {

/// Errors: refused (in the opener's words), timeout (30 s), closed, corrupt, io.
[[nodiscard]] Result<Packet> ask_opener(UniqueFd socket, const Packet& question);

}  // namespace portcullis
