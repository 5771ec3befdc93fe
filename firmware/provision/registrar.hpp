#pragma once
// Registrar: answers the renewals that a collector was handed, where the device CA's key is. Below its
// folder:
//   requests/<device>.<use>.csr   what a device's key in use has signed (the collector writes it)
//   answers/<device>.<use>.crt    the certificate (the collector sends it to the device)
//   named/<key id>.crt            which key this one has named its successor: a key names one, once
// A pass may be broken off anywhere and made again. Reentrant; one at a time a folder.

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "provision/issuer.hpp"

namespace portcullis {

struct RegistrarSettings {
    std::filesystem::path folder;
    std::filesystem::path ca_chain;    // PEM: the device CA and its root
    std::filesystem::path signers;     // the read keys' certificates: they vouch, and new ones are added
    std::filesystem::path identities;  // the identities' likewise; empty: identities are not renewed here
    std::optional<std::filesystem::path> deny_list;
    std::chrono::days read_life = read_key_life;
    std::chrono::days identity_life = portcullis::identity_life;
};

struct RegistrarOutcome {
    std::string file;    // of the request, without its folder
    std::string reason;  // why it is not answered; empty: it is
};

inline constexpr std::size_t max_open_renewals = 10'000;

/// One pass: answers every request that has no answer yet. A request that is refused stays, and is told each
/// time, until somebody looks. Errors: configuration, io (what was answered before it is).
[[nodiscard]] Result<std::vector<RegistrarOutcome>> answer_renewals(const RegistrarSettings& settings,
                                                                    const Issuer& issuer, UtcTime now);

}  // namespace portcullis
