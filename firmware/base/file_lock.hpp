#pragma once
// A file that is locked while its descriptor lives: one process at a time. Reentrant.

#include <filesystem>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace portcullis {

/// Makes the file (mode 0600: who may open it may lock it, so nobody else may) and locks it; waits for
/// nobody. Errors: refused (another has it), io.
[[nodiscard]] Result<UniqueFd> lock_file(const std::filesystem::path& name);

}  // namespace portcullis
