#pragma once
// The public keys and certificates of tests/data/seal: device `gate-1`, and the recipient `reader`.

#include <sys/stat.h>

#include "drivers/keys/file/file_signing_key.hpp"
#include "fuzz/input.hpp"
#include "fuzz/scratch.hpp"
#include "seal/opener.hpp"

namespace portcullis::fuzz {

inline const std::filesystem::path vectors = PORTCULLIS_SOURCE_DIR "/tests/data/seal";
/// 2026-11-23T08:00:00Z, within the dates of their certificates.
inline constexpr UtcTime now{std::chrono::seconds(1'795'420'800)};

[[nodiscard]] inline TrustStore vector_trust() {
    return must(TrustStore::create({.ca_chain = vectors / "ca.crt", .signers = vectors / "device.crt"}));
}

/// A copy that only its owner may read: a checkout gives key files mode 0644, which is refused for a key.
[[nodiscard]] inline std::filesystem::path private_copy(const Scratch& scratch, const std::string& key) {
    const std::filesystem::path copy = scratch.path() / key;
    std::filesystem::copy_file(vectors / key, copy);
    ::chmod(copy.c_str(), S_IRUSR | S_IWUSR);
    return copy;
}

[[nodiscard]] inline EnvelopeOpener vector_opener() {
    const Scratch scratch;
    return must(EnvelopeOpener::create({{private_copy(scratch, "reader.key"), vectors / "reader.crt"}},
                                       vector_trust()));
}

[[nodiscard]] inline std::unique_ptr<FileSigningKey> vector_device_key() {
    const Scratch scratch;
    return must(FileSigningKey::create(private_copy(scratch, "device.key"), vectors / "device.crt"));
}

}  // namespace portcullis::fuzz
