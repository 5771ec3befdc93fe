#pragma once
// What the command line of `portcullis hotlist` says, and its actions. Thread-bound.

#include "apps/portcullis/signed_policy_command.hpp"
#include "apps/portcullis/viewer_socket.hpp"
#include "collector/link/hotlist_exchange.hpp"
#include "hotlist/hotlist_gate.hpp"

namespace portcullis {

struct HotlistOptions {
    SignedPolicyOptions list;
    std::vector<std::filesystem::path> sealed_to;
    std::filesystem::path open_key;
    std::filesystem::path open_certificate;
    std::filesystem::path socket = default_view_socket;
    std::filesystem::path hotlist;           // that tokens are made of
    std::vector<std::string> never_leaving;  // case numbers
    std::uint64_t hours = 0;
    bool fresh_key = false;
    std::string purpose;
    std::string case_number;
    std::string since;
    std::string state;
    std::string hit;  // DEVICE/CHAIN/SEQ
    bool json = false;
};

/// Errors of all: configuration (the command line's), refused, others.
[[nodiscard]] Result<void> sign_hotlist_file(const HotlistOptions& options, UtcTime now);
[[nodiscard]] Result<void> show_hotlist_file(const HotlistOptions& options, UtcTime now);
[[nodiscard]] Result<KnownHotlist> open_hotlist_file(const HotlistOptions& options,
                                                     const std::filesystem::path& file);
[[nodiscard]] Result<void> make_wanted_file(const HotlistOptions& options, UtcTime now);
[[nodiscard]] Result<void> show_wanted_file(const HotlistOptions& options, UtcTime now);
[[nodiscard]] Result<void> ask_for_hits(const HotlistOptions& options, HotlistAct act, UtcTime now);

}  // namespace portcullis
