#pragma once
// What `portcullis replay` was asked for. Values.

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace portcullis {

inline constexpr int max_replay_threads = 64;

struct ReplayOptions {
    std::vector<std::string> paths;
    bool stills = false;
    bool patches = false;
    bool recurse = false;
    int threads = 1;
    double pictures_per_second = 1;  // of a folder that is one film
    std::string predictions;         // empty: none; "-": stdout
    std::filesystem::path annotate;
    std::filesystem::path models;
};

/// How a run ended; the command's exit code is 0 when something was read.
struct ReplayOutcome {
    std::size_t looked_at = 0;
    std::size_t broken = 0;
};

}  // namespace portcullis
