#pragma once
// portcullis policy retention: signs and shows retention schedules: how long the keys of an epoch are kept.

#include <functional>

#include "base/result.hpp"

namespace CLI {
class App;
}

namespace portcullis {

/// Adds `retention` with its steps to `portcullis policy`; the function runs it after parsing. Called only
/// when one of the steps was given.
[[nodiscard]] std::function<Result<void>()> add_retention_policy_command(CLI::App& policy);

}  // namespace portcullis
