#pragma once
// What the settings file says, in the words of the rooms. Reentrant.

#include "config/reader_settings.hpp"
#include "drivers/camera/common/live_settings.hpp"
#include "drivers/camera/replay/replay_camera.hpp"
#include "health/rate_governor.hpp"
#include "pipeline/pipeline.hpp"
#include "pipeline/roadside.hpp"
#include "ports/camera.hpp"
#include "provision/key_renewal.hpp"
#include "seal/recipient_set.hpp"
#include "seal/sealer.hpp"
#include "seal/trust.hpp"
#include "spool/spool.hpp"
#include "wanted/wanted_gate.hpp"

namespace portcullis {

[[nodiscard]] ReplaySettings replay_settings(const InputSettings& input);
[[nodiscard]] LiveCameraSettings live_settings(const ReaderSettings& settings);
/// The one that camera.driver names. clock outlives it. Errors as its driver says.
[[nodiscard]] Result<std::unique_ptr<Camera>> open_camera(const ReaderSettings& settings, const Clock& clock);
/// Driver and name, as "v4l2 /dev/video0 (Plate Camera)"; a film or folder is only called what it is.
[[nodiscard]] std::string camera_words(const ReaderSettings& settings, const Camera& camera);
[[nodiscard]] PipelineSettings pipeline_settings(const ReaderSettings& settings);
[[nodiscard]] SealerSettings sealer_settings(const ReaderSettings& settings);
/// Whose receipts count. Reads files; errors: configuration (names the file and the cure).
[[nodiscard]] Result<TrustStore> load_receipt_trust(const ReaderSettings& settings);
/// Of a device that lives by signed sets (settings.keys.set).
[[nodiscard]] RecipientSetRules recipient_rules(const ReaderSettings& settings);
/// Where the set in use is kept: in the spool's folder, which is the reader's alone.
[[nodiscard]] std::filesystem::path kept_set(const ReaderSettings& settings);
/// Of a device that keeps hits only (settings.hits_only).
[[nodiscard]] WantedRules wanted_rules(const ReaderSettings& settings);
/// Where a request for the next read key is left for the uplink.
[[nodiscard]] std::filesystem::path read_request(const ReaderSettings& settings);
/// The certificates that this reader signs and signed with: beside the anchor, the reader's alone.
[[nodiscard]] std::filesystem::path own_signers_file(const ReaderSettings& settings);
/// Nothing when the read key is renewed by hand. Call it before the key is opened. Errors: configuration.
[[nodiscard]] Result<std::optional<KeyRenewal>> open_renewal(const ReaderSettings& settings);
[[nodiscard]] SpoolSettings spool_settings(const ReaderSettings& settings);

/// What stands beside the camera; null where the settings say none. Errors: as drivers/gpio says.
[[nodiscard]] Result<std::unique_ptr<Trigger>> open_trigger(const ReaderSettings& settings);
[[nodiscard]] Result<std::unique_ptr<Illuminator>> open_illuminator(const ReaderSettings& settings);
[[nodiscard]] RoadsideSettings roadside_settings(const ReaderSettings& settings);

/// supervision.hang_s, but more for a camera that is slow on purpose, or whose silence is still allowed.
[[nodiscard]] milliseconds capture_patience(const ReaderSettings& settings);
[[nodiscard]] RateSettings rate_settings(const SupervisionSettings& supervision);
[[nodiscard]] StrainPlaces strain_places(const SupervisionSettings& supervision);

}  // namespace portcullis
