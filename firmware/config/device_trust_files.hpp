#pragma once
// The section [devices] that collector and opener share: whose signatures count.

#include <filesystem>
#include <optional>

#include "config/settings_reader.hpp"

namespace portcullis {

struct DeviceTrustFiles {
    std::filesystem::path ca_chain;                    // PEM: the CA of the devices and its root
    std::filesystem::path signers;                     // folder of the devices' signing certificates (*.crt)
    std::optional<std::filesystem::path> revocations;  // CRL (PEM)
    std::optional<std::filesystem::path> deny_list;    // key ids and device names, one a line
};

inline DeviceTrustFiles read_device_trust_files(SettingsReader& in) {
    SettingsSection section = in.section("devices");
    const auto optional = [](std::filesystem::path path) {
        return path.empty() ? std::nullopt : std::optional(std::move(path));
    };
    return {section.path("ca_chain"), section.path("signers"), optional(section.path("revocations", "")),
            optional(section.path("deny_list", ""))};
}

}  // namespace portcullis
