#include "config/reader_settings.hpp"

#include "config/log_level.hpp"

#include "config/settings_reader.hpp"
#include "core/ids.hpp"

namespace portcullis {

namespace {

constexpr std::string_view default_inbox = "/run/portcullis/inbox";
constexpr std::string_view default_note = "/run/portcullis/status/reader.json";
constexpr std::string_view default_models = "/usr/share/portcullis/models";
constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

milliseconds read_ms(SettingsSection& section, std::string_view key, Range<std::int64_t> range,
                     std::int64_t fallback) {
    return milliseconds(section.integer(key, range, fallback));
}

/// A relative path starts at the settings file's folder; so does the path behind a list's '@'.
std::string resolve(const std::string& source, const std::filesystem::path& file) {
    const bool list = source.starts_with('@');
    const std::filesystem::path path = list ? source.substr(1) : source;
    if (path.is_absolute() || path.empty()) return source;
    return fmt::format("{}{}", list ? "@" : "", (file.parent_path() / path).string());
}

InputSettings read_input(SettingsSection section, const std::filesystem::path& file,
                         const std::optional<std::string>& given, bool live) {
    InputSettings input;
    // Asked for in any case, so that a path in the file is a known key.
    const std::string written = given || live ? section.text("path", std::string()) : section.text("path");
    if (!live) input.source = given ? *given : resolve(written, file);
    input.pace = section.choice<InputPace>(
        "pace", {{"source", InputPace::source}, {"given", InputPace::given}, {"as_fast", InputPace::as_fast}},
        InputPace::source);
    section.check(input.pace != InputPace::given || section.has("frames_per_second"), "frames_per_second",
                  "is missing; input.pace = \"given\" needs it");
    input.frames_per_second = section.number("frames_per_second", {0.1, 1000}, 1.0);
    input.loop = section.flag("loop", false);
    input.recurse = section.flag("recurse", false);
    input.stills = section.flag("stills", false);
    using Quality = std::optional<ClockQuality>;
    const Choices<Quality> qualities = {{"measured", Quality()},    {"none", ClockQuality::none},
                                        {"rtc", ClockQuality::rtc}, {"ntp", ClockQuality::ntp},
                                        {"nts", ClockQuality::nts}, {"gnss", ClockQuality::gnss},
                                        {"ptp", ClockQuality::ptp}};
    input.clock_quality =
        section.choice<Quality>("clock_quality", qualities, std::optional<Quality>(Quality()));
    return input;
}

MotionSettings read_motion(SettingsSection section) {
    MotionSettings motion;
    motion.gate = section.flag("gate", true);
    motion.threshold_grey = static_cast<float>(section.number("threshold_grey", {1, 64}, 8.0));
    motion.max_still = read_ms(section, "max_still_ms", {100, 60'000}, 1000);
    return motion;
}

PassageSettings read_passage(SettingsReader& in) {
    SettingsSection section = in.section("passage");
    PassageSettings passage;
    passage.roi = section.polygon("roi", std::vector<Point>());
    passage.close_after = read_ms(section, "close_after_ms", {100, 60'000}, 1200);
    passage.rejoin_within = std::chrono::seconds(section.integer("rejoin_s", {0, 3'600}, 60));
    passage.parked_memory = std::chrono::seconds(section.integer("parked_memory_s", {1, 86'400}, 60));
    passage.unread_from_px = static_cast<int>(section.integer("unread_from_px", {0, 1'000}, 40));
    passage.decide_after = read_ms(section, "decide_after_ms", {200, 60'000}, 2000);
    passage.decide_from_px = static_cast<int>(section.integer("decide_from_px", {0, 1'000}, 120));
    passage.decide_latest = read_ms(section, "decide_latest_ms", {200, 600'000}, 15'000);
    passage.min_frames = static_cast<int>(section.integer("min_frames", {1, 100}, 2));
    passage.max_open = static_cast<std::size_t>(section.integer("max_open", {1, 256}, 32));
    in.check(passage.decide_after <= passage.decide_latest, "passage.decide_after_ms",
             "must not be above passage.decide_latest_ms");
    for (SettingsSection& lane : in.sections("lane", max_lanes)) {
        LaneSettings one{lane.text("name"), lane.polygon("polygon")};
        lane.check(!one.name.empty() && one.name.size() <= max_lane_name_bytes, "name",
                   "write 1 to 64 letters");
        lane.check(!one.polygon.empty(), "polygon", "write at least three points");
        passage.lanes.push_back(std::move(one));
    }
    return passage;
}

OcrSettings read_ocr(SettingsReader& in) {
    SettingsSection section = in.section("ocr");
    OcrSettings ocr;
    ocr.first_patches = static_cast<int>(section.integer("first_patches", {1, 100}, 3));
    ocr.most_patches = static_cast<int>(section.integer("most_patches", {1, 100}, 12));
    ocr.good_vote = static_cast<float>(section.number("good_vote", {0, 1}, 0.9));
    ocr.settled_vote = static_cast<float>(section.number("settled_vote", {0, 1}, 0.98));
    ocr.min_confidence = static_cast<float>(section.number("min_confidence", {0, 1}, 0.0));
    in.check(ocr.first_patches <= ocr.most_patches, "ocr.first_patches",
             "must not be above ocr.most_patches");
    return ocr;
}

PictureSettings read_pictures(SettingsSection section) {
    PictureSettings pictures;
    pictures.plate = section.flag("plate", true);
    pictures.overview = section.choice<OverviewPolicy>("overview",
                                                       {{"none", OverviewPolicy::none},
                                                        {"plate_only", OverviewPolicy::plate_only},
                                                        {"redacted", OverviewPolicy::redacted},
                                                        {"full", OverviewPolicy::full}},
                                                       OverviewPolicy::redacted);
    pictures.plate_quality = static_cast<int>(section.integer("plate_quality", {10, 100}, 85));
    pictures.overview_quality = static_cast<int>(section.integer("overview_quality", {10, 100}, 75));
    pictures.overview_width_px = static_cast<int>(section.integer("overview_width_px", {160, 4096}, 1280));
    return pictures;
}

RecipientSetSettings read_recipient_set(SettingsSection& section) {
    for (const char* list : {"read", "plate", "overview", "health"})
        section.check(!section.has(list), list,
                      "is named by the signed set when policy_chain stands; keep the one or the other");
    return {section.path("policy_chain"), section.path("policy_signers"), section.path("recipient_chain")};
}

void read_recipient_lists(SettingsSection& section, const PictureSettings& pictures,
                          ReaderKeySettings& keys) {
    keys.read_recipients = section.paths("read");
    keys.plate_recipients = section.paths("plate", std::vector<std::string>());
    keys.overview_recipients = section.paths("overview", std::vector<std::string>());
    keys.health_recipients = section.paths("health", std::vector<std::string>());
    section.check(!keys.read_recipients.empty(), "read", "name at least one certificate");
    section.check(!pictures.plate || !keys.plate_recipients.empty(), "plate",
                  "name at least one certificate, or write plate = false in [pictures]");
    section.check(pictures.overview == OverviewPolicy::none || !keys.overview_recipients.empty(), "overview",
                  "name at least one certificate, or write overview = \"none\" in [pictures]");
}

ReaderKeySettings read_keys(SettingsReader& in, const PictureSettings& pictures) {
    SettingsSection signing = in.section("keys");
    SettingsSection recipients = in.section("recipients");
    ReaderKeySettings keys;
    keys.key = signing.key_source("key");
    keys.certificate = signing.path("certificate");
    if (recipients.has("policy_chain"))
        keys.set = read_recipient_set(recipients);
    else
        read_recipient_lists(recipients, pictures, keys);
    return keys;
}

std::optional<HitsOnlySettings> read_hits_only(SettingsSection section) {
    const bool hits_only = section.flag("hits_only", false);
    if (!hits_only && !section.has("policy_chain")) return std::nullopt;
    HitsOnlySettings settings{section.path("policy_chain"), section.path("signers")};
    return hits_only ? std::optional(std::move(settings)) : std::nullopt;
}

ReaderRenewalSettings read_renewal(SettingsSection section) {
    ReaderRenewalSettings renewal;
    renewal.after_percent = static_cast<int>(section.integer("after_percent", {0, 95}, 0));
    if (renewal.after_percent > 0 || section.has("ca_chain")) renewal.ca_chain = section.path("ca_chain");
    return renewal;
}

ReaderSpoolSettings read_spool(SettingsSection section) {
    ReaderSpoolSettings spool;
    spool.path = section.path("path");
    spool.anchor = section.path("anchor", (spool.path.parent_path() / "private" / "anchor").string());
    spool.quota_bytes =
        static_cast<std::uint64_t>(section.integer("quota_mib", {16, 1 << 20}, 2048)) * mebibyte;
    spool.quota_items =
        static_cast<std::uint64_t>(section.integer("quota_items", {100, 100'000'000}, 500'000));
    spool.quota_age = std::chrono::days(section.integer("quota_days", {1, 365}, 3));
    spool.commit_patience = std::chrono::seconds(section.integer("commit_patience_s", {1, 3600}, 60));
    return spool;
}

ReaderStatusSettings read_status(SettingsSection section) {
    ReaderStatusSettings status;
    status.note = section.path("note", std::string(default_note));
    status.interval = std::chrono::seconds(section.integer("interval_s", {10, 3600}, 60));
    status.sealed_every = std::chrono::seconds(section.integer("sealed_s", {0, 86'400}, 300));
    return status;
}

ReaderReceiptSettings read_receipts(SettingsSection section) {
    const auto optional = [&section](std::string_view key) {
        std::filesystem::path path = section.path(key, "");
        return path.empty() ? std::nullopt : std::optional(std::move(path));
    };
    return {section.path("ca_chain"), section.path("signers"), optional("revocations"),
            optional("deny_list")};
}

}  // namespace

Result<ReaderSettings> load_reader_settings(const std::filesystem::path& file,
                                            const std::optional<std::string>& input) {
    SettingsReader in = TRY(SettingsReader::open(file));
    SettingsSection root = in.root();
    ReaderSettings settings;
    settings.device = root.text("device");
    root.check(is_device_name(settings.device), "device",
               "write 1 to 32 of a-z, 0-9 and -, not at the ends a -");
    settings.fleet = root.text("fleet");
    root.check(!settings.fleet.empty() && settings.fleet.size() <= 64, "fleet", "write 1 to 64 letters");
    settings.log_level = read_log_level(root, "log_level");
    settings.models = root.path("models", std::string(default_models));
    settings.camera = read_camera(in.section("camera"));
    settings.trigger = read_trigger(in.section("trigger"));
    settings.illuminator = read_illuminator(in.section("illuminator"), settings.trigger.wiring.has_value());
    if (input) settings.camera.driver = CameraDriver::replay;
    const bool live = settings.camera.driver != CameraDriver::replay;
    settings.input = read_input(in.section("input"), file, input, live);
    in.check(!live || !settings.input.stills, "input.stills",
             "a live camera's frames follow each other; write false");
    settings.motion = read_motion(in.section("motion"));
    settings.passage = read_passage(in);
    settings.ocr = read_ocr(in);
    settings.pictures = read_pictures(in.section("pictures"));
    settings.keys = read_keys(in, settings.pictures);
    settings.renewal = read_renewal(in.section("renewal"));
    settings.spool = read_spool(in.section("spool"));
    settings.receipts = read_receipts(in.section("receipts"));
    settings.hits_only = read_hits_only(in.section("hotlist"));
    settings.inbox = in.section("inbox").path("folder", std::string(default_inbox));
    settings.status = read_status(in.section("status"));
    settings.supervision = read_supervision(in.section("supervision"));
    TRY(in.finish());
    return settings;
}

}  // namespace portcullis
