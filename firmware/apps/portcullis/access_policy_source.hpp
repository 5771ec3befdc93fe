#pragma once
// An access policy as a person writes it (TOML), before the policy key signs it. Pure, reentrant.
//
//   fleet = "north"
//   valid_until = "2027-02-28"          # the last day, UTC; at most 400 days from now
//   purposes = ["hit-and-run", "stolen-vehicle"]
//   [[site]]
//   name = "bridge"
//   devices = ["gate-1", "gate-2"]
//   [[person]]
//   account = "alice"                   # of the collector's host
//   role = "operator"                   # or "auditor", "administrator": these have neither sites nor
//   purposes sites = ["bridge"] purposes = ["stolen-vehicle"] until = "2027-01-31"

#include <filesystem>

#include "base/result.hpp"
#include "core/access_policy.hpp"

namespace portcullis {

/// Without version and time of issue; the lists in order, whatever order they are written in. Errors:
/// configuration, one line for each fault of its form: file, line, key and cure. What the policy may say at
/// all is check_access_policy's to judge.
[[nodiscard]] Result<AccessPolicy> load_access_policy_source(const std::filesystem::path& file);

}  // namespace portcullis
