#pragma once
// What the reader does between its start and its end. Called by main, once.

#include "config/reader_settings.hpp"
#include "pipeline/eyes.hpp"
#include "provision/key_renewal.hpp"
#include "seal/sealer.hpp"

namespace portcullis {

/// Reads until the source ends or SIGTERM comes. renewal: none when the read key is renewed by hand. Errors:
/// the camera's at the start, the spool's, io (records were lost).
[[nodiscard]] Result<void> walk(const ReaderSettings& settings, Eyes eyes, Sealer& sealer,
                                std::optional<KeyRenewal> renewal, const Clock& clock);
/// Without a camera: takes receipts out of the inbox until the spool is empty. Errors: the spool's, timeout
/// (SIGTERM came first).
[[nodiscard]] Result<void> drain(const ReaderSettings& settings, Sealer& sealer, const Clock& clock);

}  // namespace portcullis
