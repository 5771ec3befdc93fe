#pragma once
// Names of users and groups of this host. Reentrant.

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.hpp"

namespace portcullis {

/// A user's name or number. Errors: configuration.
[[nodiscard]] Result<uid_t> user_id(const std::string& name);
[[nodiscard]] Result<gid_t> group_id(const std::string& name);

/// "alice", letter for letter; nothing when this host has no name for it.
[[nodiscard]] std::optional<std::string> account_of(uid_t uid);
/// The same; "uid 1234" when this host has no name for it.
[[nodiscard]] std::string user_name(uid_t uid);

}  // namespace portcullis
