#pragma once
// HookKeys: what a hook's files hold: its secrets, whom it believes to be the receiver, by what it shows who
// we are. Read at the start and on SIGHUP. Values.

#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "config/forwarder_settings.hpp"

namespace portcullis {

/// A secret shorter than this can be guessed; longer than that, the file is another one.
inline constexpr std::size_t min_hook_secret_bytes = 32;
inline constexpr std::size_t max_hook_secret_bytes = 1024;

struct HookKeys {
    std::vector<Bytes> secrets;  // without the line's end; the newest first
    Bytes ca;                    // PEM
    Bytes certificate;           // PEM; empty: none
    Bytes key;                   // PEM
};

/// Errors: configuration, with the hook, the file and the cure.
[[nodiscard]] Result<HookKeys> load_hook_keys(const HookSettings& hook);

}  // namespace portcullis
