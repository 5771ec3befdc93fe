#pragma once
// portcullis policy access: signs and shows access policies: who of a collector's host may see what.

#include <functional>

#include "base/result.hpp"

namespace CLI {
class App;
}

namespace portcullis {

/// Adds `access` with its steps to `portcullis policy`; the function runs it after parsing. Called only when
/// one of the steps was given.
[[nodiscard]] std::function<Result<void>()> add_access_policy_command(CLI::App& policy);

}  // namespace portcullis
