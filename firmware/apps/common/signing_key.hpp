#pragma once
// Where a signing key lives, as the settings write it: a PEM file's path, a token (pkcs11:...), or a TPM
// (tpm:handle:0x81...).

#include <filesystem>
#include <memory>
#include <string>

#include "ports/signing_key.hpp"
#include "seal/certificate.hpp"

namespace portcullis {

/// Errors: the driver's: configuration, with the cure.
[[nodiscard]] Result<std::unique_ptr<SigningKey>> open_signing_key(const std::string& source,
                                                                   const std::filesystem::path& certificate,
                                                                   CertificateUse use);

}  // namespace portcullis
