#pragma once
// The options that `portcullis case` and `portcullis hold` have in common.

#include <CLI/CLI.hpp>

#include "apps/portcullis/case_options.hpp"

namespace portcullis {

void add_case_request(CLI::App& command, CaseOptions& options);
void add_case_opener(CLI::App& command, CaseOptions& options);
CLI::Option* add_case_output(CLI::App& command, CaseOptions& options, const char* what);

/// A step of either command, by the clock that it is judged by.
using CaseStep = Result<void> (*)(const CaseOptions&, UtcTime);
using CaseSteps = std::vector<std::pair<CLI::App*, CaseStep>>;
/// ask, show and approve, alike in both. recipient: what --recipient is; longest: days.
[[nodiscard]] CaseSteps add_request_steps(CLI::App& command, CaseOptions& options, const char* recipient,
                                          std::uint64_t longest);
/// Runs the one that was given; gives the exit code. name: of the command, for errors.
[[nodiscard]] int run_case_step(const CaseSteps& steps, const CaseOptions& options, const char* name);

}  // namespace portcullis
