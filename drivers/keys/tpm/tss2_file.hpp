#pragma once
// A TPM's key in a PEM file, wrapped by a parent key that never leaves the chip: what OpenSSL's provider tpm2
// reads as a private key ("TSS2 PRIVATE KEY", ASN.1 Specification for TPM 2.0 Key Files, a loadable key
// without an authorization value). TLS takes its key from such a file. Reentrant but for the TPM: see
// TpmMaker.

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace portcullis {

/// A new key of the same chip beneath the same parent, of the kind that TpmMaker makes, as such a file.
/// in_use: the file of the key that it shall follow. Errors: configuration (no such file; a parent that is
/// not at a persistent handle; no TPM), io (what the TPM answered: another chip, no parent there).
[[nodiscard]] Result<Bytes> make_tss2_successor(ByteView in_use);

}  // namespace portcullis
