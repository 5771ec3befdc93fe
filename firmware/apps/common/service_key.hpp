#pragma once
// The signing key of a service that is no device's: in a file, or in a token (pkcs11:...).

#include <filesystem>
#include <memory>
#include <string>

#include "ports/signing_key.hpp"

namespace portcullis {

/// Errors: the driver's: configuration, with the cure.
[[nodiscard]] Result<std::unique_ptr<SigningKey>> open_service_key(const std::string& source,
                                                                   const std::filesystem::path& certificate);

}  // namespace portcullis
