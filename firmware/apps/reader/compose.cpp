#include "apps/reader/compose.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>

#include "apps/common/key_place.hpp"
#include "drivers/camera/libcamera/libcamera_camera.hpp"
#include "drivers/camera/v4l2/v4l2_camera.hpp"
#include "drivers/gpio/gpio_illuminator.hpp"
#include "drivers/gpio/gpio_trigger.hpp"
#include "pipeline/rate.hpp"

namespace portcullis {

namespace {

constexpr milliseconds least_patience{10'000};
constexpr double patience_frames = 3;

/// Random: a container's /proc need not show the kernel's own.
std::string new_boot_id() {
    std::array<std::byte, 8> bytes{};
    PORTCULLIS_ASSERT(::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
    return to_hex(ByteView(bytes));
}

ReplayPace pace_of(InputPace pace) {
    switch (pace) {
        case InputPace::source:
            return ReplayPace::source;
        case InputPace::given:
            return ReplayPace::given;
        case InputPace::as_fast:
            return ReplayPace::as_fast;
    }
    return ReplayPace::source;
}

std::optional<RawFormat> raw_format(CameraPixels pixels) {
    switch (pixels) {
        case CameraPixels::any:
            break;
        case CameraPixels::mjpeg:
            return RawFormat::mjpeg;
        case CameraPixels::yuyv:
            return RawFormat::yuyv;
        case CameraPixels::nv12:
            return RawFormat::nv12;
        case CameraPixels::yuv420:
            return RawFormat::yuv420;
        case CameraPixels::grey:
            return RawFormat::grey;
        case CameraPixels::bgr24:
            return RawFormat::bgr24;
    }
    return std::nullopt;
}

milliseconds slow_patience(double frames_per_second) {
    const milliseconds slow(static_cast<std::int64_t>(1000 * patience_frames / frames_per_second));
    return std::max(slow, least_patience);
}

gpio::LineName line_name(const WiringSettings& wiring) {
    return {wiring.chip, wiring.line, wiring.active_low};
}

LightMode light_mode(LampMode mode) {
    switch (mode) {
        case LampMode::night:
            return LightMode::night;
        case LampMode::always:
            return LightMode::always;
        case LampMode::trigger:
            return LightMode::trigger;
    }
    return LightMode::night;
}

TrackerSettings tracker_settings(const PassageSettings& passage) {
    TrackerSettings tracker;
    tracker.roi = passage.roi;
    for (const LaneSettings& lane : passage.lanes)
        tracker.lanes.push_back({lane.name, lane.polygon});
    tracker.close_after = passage.close_after;
    tracker.rejoin_within = passage.rejoin_within;
    tracker.parked_memory = passage.parked_memory;
    tracker.min_frames = passage.min_frames;
    tracker.max_open = passage.max_open;
    return tracker;
}

}  // namespace

ReplaySettings replay_settings(const InputSettings& input) {
    ReplaySettings replay;
    replay.source = input.source;
    replay.pace = pace_of(input.pace);
    replay.frames_per_second = input.frames_per_second;
    replay.loop = input.loop;
    replay.recurse = input.recurse;
    return replay;
}

LiveCameraSettings live_settings(const ReaderSettings& settings) {
    const CameraSettings& camera = settings.camera;
    LiveCameraSettings live;
    live.device = camera.device;
    live.width = camera.width_px;
    live.height = camera.height_px;
    live.pixels = raw_format(camera.pixels);
    live.frames_per_second = camera.frames_per_second;
    live.buffers = camera.buffers;
    live.stall = camera.stall;
    live.profile = camera.plate ? CameraProfile::plate : CameraProfile::scene;
    live.exposure_us = camera.exposure_us;
    live.gain = camera.gain;
    live.focus = camera.focus;
    live.brightness = camera.brightness;
    live.contrast = camera.contrast;
    live.saturation = camera.saturation;
    live.sharpness = camera.sharpness;
    live.white_balance_k = camera.white_balance_k;
    return live;
}

Result<std::unique_ptr<Camera>> open_camera(const ReaderSettings& settings, const Clock& clock) {
    switch (settings.camera.driver) {
        case CameraDriver::v4l2:
            return open_v4l2_camera(live_settings(settings), clock);
        case CameraDriver::libcamera:
            return open_libcamera_camera(live_settings(settings), clock);
        case CameraDriver::replay:
            break;
    }
    return TRY(ReplayCamera::create(replay_settings(settings.input), clock));
}

std::string camera_words(const ReaderSettings& settings, const Camera& camera) {
    switch (settings.camera.driver) {
        case CameraDriver::v4l2:
            return "v4l2 " + camera.name();
        case CameraDriver::libcamera:
            return "libcamera " + camera.name();
        case CameraDriver::replay:
            break;
    }
    return "replay";
}

Result<std::unique_ptr<Trigger>> open_trigger(const ReaderSettings& settings) {
    if (!settings.trigger.wiring) return std::unique_ptr<Trigger>();
    return TRY(GpioTrigger::create(line_name(*settings.trigger.wiring)));
}

Result<std::unique_ptr<Illuminator>> open_illuminator(const ReaderSettings& settings) {
    const IlluminatorSettings& wired = settings.illuminator;
    if (!wired.light && !wired.filter) return std::unique_ptr<Illuminator>();
    std::optional<gpio::LineName> light;
    std::optional<gpio::LineName> filter;
    if (wired.light) light = line_name(*wired.light);
    if (wired.filter) filter = line_name(*wired.filter);
    return TRY(GpioIlluminator::create(light, filter));
}

RoadsideSettings roadside_settings(const ReaderSettings& settings) {
    const IlluminatorSettings& illuminator = settings.illuminator;
    return {settings.trigger.hold, light_mode(illuminator.mode), illuminator.dark_grey,
            illuminator.bright_grey, illuminator.dwell};
}

PipelineSettings pipeline_settings(const ReaderSettings& settings) {
    PipelineSettings pipeline;
    if (settings.motion.gate)
        pipeline.gate = GateSettings{settings.motion.threshold_grey, settings.motion.max_still};
    else
        pipeline.gate.reset();
    pipeline.tracker = tracker_settings(settings.passage);
    pipeline.budget = {settings.ocr.first_patches, settings.ocr.most_patches};
    pipeline.media = {settings.pictures.plate, settings.pictures.overview, settings.pictures.plate_quality,
                      settings.pictures.overview_quality, settings.pictures.overview_width_px};
    // Pictures that have nothing to do with each other are all there is of their plates: none is dropped.
    pipeline.pressure = settings.camera.driver == CameraDriver::replay &&
                                (settings.input.pace == InputPace::as_fast || settings.input.stills)
                            ? Pressure::wait
                            : Pressure::drop;
    pipeline.stills = settings.input.stills;
    pipeline.camera_may_come = settings.camera.driver != CameraDriver::replay;
    pipeline.unread_from_px = static_cast<float>(settings.passage.unread_from_px);
    pipeline.decide_after = settings.passage.decide_after;
    pipeline.decide_from_px = static_cast<float>(settings.passage.decide_from_px);
    pipeline.decide_latest = settings.passage.decide_latest;
    pipeline.good_vote = settings.ocr.good_vote;
    pipeline.settled_vote = settings.ocr.settled_vote;
    pipeline.min_confidence = settings.ocr.min_confidence;
    pipeline.commit_patience = settings.spool.commit_patience;
    pipeline.firmware = PORTCULLIS_VERSION;
    return pipeline;
}

SealerSettings sealer_settings(const ReaderSettings& settings) {
    SealerSettings sealer;
    sealer.device = settings.device;
    sealer.fleet = settings.fleet;
    sealer.boot = new_boot_id();
    sealer.recipients_by_set = settings.keys.set.has_value();
    sealer.read_recipients = settings.keys.read_recipients;
    // The sealer asks for every audience; one that policy keeps no picture for is never used.
    const auto or_readers = [&](const std::vector<std::filesystem::path>& own) {
        return own.empty() ? settings.keys.read_recipients : own;
    };
    sealer.plate_recipients = or_readers(settings.keys.plate_recipients);
    sealer.overview_recipients = or_readers(settings.keys.overview_recipients);
    sealer.health_recipients = settings.keys.health_recipients;
    return sealer;
}

Result<TrustStore> load_receipt_trust(const ReaderSettings& settings) {
    TrustSettings trust;
    trust.ca_chain = settings.receipts.ca_chain;
    trust.signers = settings.receipts.signers;
    trust.use = CertificateUse::sign_receipts;
    trust.revocations = settings.receipts.revocations;
    trust.deny_list = settings.receipts.deny_list;
    return TrustStore::create(trust);
}

RecipientSetRules recipient_rules(const ReaderSettings& settings) {
    const RecipientSetSettings& set = *settings.keys.set;
    return {set.policy_chain, set.policy_signers, set.recipient_chain, settings.fleet};
}

std::filesystem::path kept_set(const ReaderSettings& settings) {
    return settings.spool.path.parent_path() / "recipients.set";
}

WantedRules wanted_rules(const ReaderSettings& settings) {
    return {settings.hits_only->policy_chain, settings.hits_only->signers, settings.fleet};
}

std::filesystem::path read_request(const ReaderSettings& settings) {
    return settings.spool.path.parent_path() / read_request_name;
}

std::filesystem::path own_signers_file(const ReaderSettings& settings) {
    return settings.spool.anchor.parent_path() / "own-signers.crt";
}

Result<std::optional<KeyRenewal>> open_renewal(const ReaderSettings& settings) {
    if (settings.renewal.after_percent == 0) return std::optional<KeyRenewal>();
    return std::optional(TRY(KeyRenewal::create(
        {.which = DeviceKey::read,
         .device = settings.device,
         .key = settings.keys.key,
         .certificate = settings.keys.certificate,
         .ca_chain = settings.renewal.ca_chain,
         .due_percent = settings.renewal.after_percent,
         .place = key_place(settings.keys.key, settings.keys.certificate, CertificateUse::sign_reads)})));
}

SpoolSettings spool_settings(const ReaderSettings& settings) {
    SpoolSettings spool;
    spool.path = settings.spool.path;
    spool.device = settings.device;
    spool.quota_bytes = settings.spool.quota_bytes;
    spool.quota_items = settings.spool.quota_items;
    spool.quota_age = settings.spool.quota_age;
    spool.anchor = settings.spool.anchor;
    return spool;
}

milliseconds capture_patience(const ReaderSettings& settings) {
    const InputSettings& input = settings.input;
    const milliseconds usual = settings.supervision.hang_after;
    if (settings.camera.driver != CameraDriver::replay)
        return std::max(usual, std::max(settings.camera.stall + least_patience,
                                        slow_patience(settings.camera.frames_per_second)));
    return input.pace == InputPace::given ? std::max(usual, slow_patience(input.frames_per_second)) : usual;
}

RateSettings rate_settings(const SupervisionSettings& supervision) {
    RateSettings rate;
    rate.hot_celsius = supervision.hot_celsius;
    rate.cool_celsius = supervision.cool_celsius;
    rate.stalled_percent = supervision.stalled_percent;
    rate.flowing_percent = supervision.flowing_percent;
    rate.down_after = supervision.down_after;
    rate.up_after = supervision.up_after;
    rate.lowest = static_cast<int>(rate_steps.size()) - 1;
    return rate;
}

StrainPlaces strain_places(const SupervisionSettings& supervision) {
    StrainPlaces places = usual_strain_places();
    places.thermal = supervision.thermal;
    if (!supervision.memory_pressure.empty()) places.memory_pressure = {supervision.memory_pressure};
    return places;
}

}  // namespace portcullis
