#pragma once
// Settings of portcullis-reader, as its file says them; board/host/config/reader.toml explains every key.
// Values.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "config/camera_settings.hpp"
#include "config/roadside_settings.hpp"
#include "config/supervision_settings.hpp"
#include "core/frame.hpp"
#include "core/geometry.hpp"
#include "core/overview_policy.hpp"

namespace portcullis {

inline constexpr std::size_t max_lanes = 16;
inline constexpr std::size_t max_lane_name_bytes = 64;

enum class InputPace { source, given, as_fast };

struct InputSettings {
    std::string source;  // a path, or '@' and a path; empty with a live camera
    InputPace pace = InputPace::source;
    double frames_per_second = 1;
    bool loop = false;
    bool recurse = false;
    bool stills = false;
    std::optional<ClockQuality> clock_quality;  // empty: as the kernel says
};

struct MotionSettings {
    bool gate = true;
    float threshold_grey = 0;
    milliseconds max_still{};
};

struct LaneSettings {
    std::string name;
    std::vector<Point> polygon;
};

struct PassageSettings {
    std::vector<Point> roi;
    std::vector<LaneSettings> lanes;
    milliseconds close_after{};
    milliseconds rejoin_within{};  // zero: a vehicle that was lost from sight is not known again
    milliseconds parked_memory{};
    int unread_from_px = 0;
    milliseconds decide_after{};
    int decide_from_px = 0;
    milliseconds decide_latest{};
    int min_frames = 0;
    std::size_t max_open = 0;
};

struct OcrSettings {
    int first_patches = 0;
    int most_patches = 0;
    float good_vote = 0;
    float settled_vote = 0;
    float min_confidence = 0;
};

struct PictureSettings {
    bool plate = true;
    OverviewPolicy overview = OverviewPolicy::redacted;
    int plate_quality = 0;
    int overview_quality = 0;
    int overview_width_px = 0;
};

/// A device that lives by signed recipient sets.
struct RecipientSetSettings {
    std::filesystem::path policy_chain;
    std::filesystem::path policy_signers;
    std::filesystem::path recipient_chain;
};

/// A device that keeps hits only: what may be wanted leaves it, nothing else does.
struct HitsOnlySettings {
    std::filesystem::path policy_chain;
    std::filesystem::path signers;
};

struct ReaderKeySettings {
    std::string key;  // a PEM file, pkcs11:... or tpm:handle:...
    std::filesystem::path certificate;
    std::vector<std::filesystem::path> read_recipients;
    std::vector<std::filesystem::path> plate_recipients;
    std::vector<std::filesystem::path> overview_recipients;
    std::vector<std::filesystem::path> health_recipients;  // empty: the reads'
    std::optional<RecipientSetSettings> set;               // then the four lists are empty
};

/// The read key's renewal, by the device itself.
struct ReaderRenewalSettings {
    int after_percent = 0;  // of its life; 0: it is renewed by hand
    std::filesystem::path ca_chain;
};

struct ReaderSpoolSettings {
    std::filesystem::path path;
    std::filesystem::path anchor;
    std::uint64_t quota_bytes = 0;
    std::uint64_t quota_items = 0;
    std::chrono::hours quota_age{};
    milliseconds commit_patience{};
};

struct ReaderReceiptSettings {
    std::filesystem::path ca_chain;
    std::filesystem::path signers;
    std::optional<std::filesystem::path> revocations;
    std::optional<std::filesystem::path> deny_list;
};

/// What the reader tells of its own health.
struct ReaderStatusSettings {
    std::filesystem::path note;           // for the uplink
    std::chrono::seconds interval{};      // a new note so often
    std::chrono::seconds sealed_every{};  // a health record in the chain so often; 0: none
};

struct ReaderSettings {
    std::string device;
    std::string fleet;
    LogLevel log_level = LogLevel::info;
    std::filesystem::path models;
    CameraSettings camera;
    TriggerSettings trigger;
    IlluminatorSettings illuminator;
    InputSettings input;
    MotionSettings motion;
    PassageSettings passage;
    OcrSettings ocr;
    PictureSettings pictures;
    ReaderKeySettings keys;
    ReaderRenewalSettings renewal;
    ReaderSpoolSettings spool;
    ReaderReceiptSettings receipts;
    std::optional<HitsOnlySettings> hits_only;
    std::filesystem::path inbox;
    SupervisionSettings supervision;
    ReaderStatusSettings status;
};

/// input: takes the place of input.path (as written: from the current folder), which then need not stand in
/// the file, and of a live camera: camera.driver is replay. Errors (configuration): every wrong, missing,
/// unknown or unfit key with file, line and cure.
[[nodiscard]] Result<ReaderSettings> load_reader_settings(const std::filesystem::path& file,
                                                          const std::optional<std::string>& input);

}  // namespace portcullis
