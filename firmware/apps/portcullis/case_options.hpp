#pragma once
// What the steps of `portcullis case` are told on the command line. Values.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace portcullis {

/// Who signs, or who opens.
struct CaseKey {
    std::filesystem::path key;
    std::filesystem::path certificate;
};

struct CaseOptions {
    CaseKey signer;
    CaseKey opener;  // opens what was sealed to this person
    std::filesystem::path people_chain;
    std::filesystem::path people;
    std::filesystem::path file;  // the request; the case file
    std::filesystem::path approval;
    std::filesystem::path output;

    // ask
    std::string fleet;
    std::string purpose;
    std::string case_number;
    std::string plate;
    std::string like;
    std::string from;
    std::string to;
    std::string device;
    std::string lane;
    std::string direction;
    std::vector<std::string> reads;
    std::uint64_t most = 100;
    bool pictures = false;
    std::filesystem::path recipient;
    std::uint64_t days = 14;
    std::vector<std::filesystem::path> sealed_to;

    // make
    std::filesystem::path settings = "/etc/portcullis/opener.toml";
    std::filesystem::path store = "/var/lib/portcullis/collector/store.db";
    std::filesystem::path models;

    // hold
    bool is_hold = false;  // ask
    std::string hold;      // release: its id
    bool names = false;    // list
};

/// Each step prints what it did; now: by whose clock it is judged. Errors: configuration (exit code 2),
/// refused, others.
[[nodiscard]] Result<void> ask_for_case(const CaseOptions& options, UtcTime now);
[[nodiscard]] Result<void> show_case(const CaseOptions& options, UtcTime now);
[[nodiscard]] Result<void> approve_case(const CaseOptions& options, UtcTime now);
[[nodiscard]] Result<void> make_case(const CaseOptions& options, UtcTime now);
[[nodiscard]] Result<void> open_case(const CaseOptions& options, UtcTime now);
[[nodiscard]] Result<void> make_hold(const CaseOptions& options, UtcTime now);
[[nodiscard]] Result<void> list_holds(const CaseOptions& options, UtcTime now);
[[nodiscard]] Result<void> release_hold(const CaseOptions& options, UtcTime now);

}  // namespace portcullis
