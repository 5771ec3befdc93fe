#pragma once
// Where the successor of a key in hardware is made, by the driver of its source (signing_key.hpp).

#include "provision/key_renewal.hpp"
#include "seal/certificate.hpp"

namespace portcullis {

/// Empty for a key in a file, and for hardware whose driver makes no keys.
[[nodiscard]] KeyPlace key_place(const std::string& source, const std::filesystem::path& certificate,
                                 CertificateUse use);

}  // namespace portcullis
