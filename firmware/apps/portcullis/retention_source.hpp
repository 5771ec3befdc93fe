#pragma once
// A retention schedule as a person writes it (TOML), before the policy key signs it. Pure, reentrant.
//
//   [[rule]]
//   fleet = "north"                     # a jurisdiction
//   purpose = "read"                    # or "plate", "overview", "health"
//   epoch = "1 day"                     # how long one key is sealed to
//   keep = "30 days"                    # how long it is kept after that

#include <filesystem>

#include "base/result.hpp"
#include "core/retention.hpp"

namespace portcullis {

/// Without version and time of issue; in order, whatever order it is written in. Errors: configuration, one
/// line for each fault of its form: file, line, key and cure. What it may say at all is check_retention's to
/// judge.
[[nodiscard]] Result<RetentionSchedule> load_retention_source(const std::filesystem::path& file);

}  // namespace portcullis
