#pragma once
// The way to the opener of this host, for commands that show what it has. Reentrant.

#include <filesystem>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace portcullis {

inline constexpr const char* default_view_socket = "/run/portcullis/view.sock";

/// Errors: not_found, denied (with the cure), configuration, io.
[[nodiscard]] Result<UniqueFd> connect_to_opener(const std::filesystem::path& socket);

}  // namespace portcullis
