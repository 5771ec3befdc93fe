#pragma once
// The options that `portcullis case` and `portcullis hold` have in common.

#include <CLI/CLI.hpp>

#include "apps/portcullis/case_options.hpp"

namespace portcullis {

void add_case_signer(CLI::App& command, CaseOptions& options);
void add_case_people(CLI::App& command, CaseOptions& options);
void add_case_request(CLI::App& command, CaseOptions& options);
void add_case_opener(CLI::App& command, CaseOptions& options);
CLI::Option* add_case_output(CLI::App& command, CaseOptions& options, const char* what);
/// What `ask` is told; longest: days.
void add_case_ask(CLI::App& command, CaseOptions& options, const char* recipient, std::uint64_t longest);

/// A step of either command, by the clock that it is judged by.
using CaseStep = Result<void> (*)(const CaseOptions&, UtcTime);
using CaseSteps = std::vector<std::pair<CLI::App*, CaseStep>>;
/// Runs the one that was given; gives the exit code. name: of the command, for errors.
[[nodiscard]] int run_case_step(const CaseSteps& steps, const CaseOptions& options, const char* name);

}  // namespace portcullis
