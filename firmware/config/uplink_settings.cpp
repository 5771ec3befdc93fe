#include "config/uplink_settings.hpp"

#include "config/log_level.hpp"

#include "config/settings_reader.hpp"

namespace portcullis {

namespace {

constexpr std::string_view default_inbox = "/run/portcullis/inbox";
constexpr std::string_view default_note = "/run/portcullis/status/reader.json";
constexpr std::int64_t bytes_per_mib = 1024 * 1024;
// The window must let the largest blob through (core/sealed_item.hpp).
constexpr std::int64_t min_window_mib = 4;

UplinkFileSettings::BrokerSection read_broker(SettingsSection section) {
    UplinkFileSettings::BrokerSection broker;
    broker.uri = section.text("uri");
    section.check(broker.uri.starts_with("mqtts://"), "uri",
                  "write mqtts://HOST:PORT; there is no other way out");
    broker.ca = section.path("ca");
    broker.certificate = section.path("certificate");
    broker.key = section.path("key");
    broker.keep_alive = std::chrono::seconds(section.integer("keep_alive_s", {5, 1200}, 30));
    broker.session_expiry = std::chrono::hours(section.integer("session_expiry_h", {1, 24 * 30}, 24));
    broker.back_off_limit = std::chrono::seconds(section.integer("back_off_limit_s", {1, 3600}, 60));
    return broker;
}

UplinkFileSettings::WindowSection read_window(SettingsSection section) {
    UplinkFileSettings::WindowSection window;
    const auto mib = [&](std::string_view key, std::int64_t fallback) {
        return static_cast<std::size_t>(section.integer(key, {min_window_mib, 1024}, fallback) *
                                        bytes_per_mib);
    };
    window.items = static_cast<std::size_t>(section.integer("items", {1, 1000}, 16));
    window.bytes = mib("mib", 8);
    window.ahead_items = static_cast<std::size_t>(section.integer("ahead_items", {1, 100'000}, 1024));
    window.ahead_bytes = mib("ahead_mib", 64);
    window.resend_after = std::chrono::seconds(section.integer("resend_after_s", {1, 3600}, 30));
    section.check(window.ahead_items >= window.items, "ahead_items", "must not be below items");
    section.check(window.ahead_bytes >= window.bytes, "ahead_mib", "must not be below mib");
    return window;
}

}  // namespace

Result<UplinkFileSettings> UplinkFileSettings::load(const std::filesystem::path& file) {
    SettingsReader in = TRY(SettingsReader::open(file));
    UplinkFileSettings settings;
    SettingsSection spool = in.section("spool");
    settings.spool.path = spool.path("path");
    settings.spool.poll = milliseconds(spool.integer("poll_ms", {5, 10'000}, 50));
    settings.broker = read_broker(in.section("broker"));
    settings.window = read_window(in.section("window"));
    SettingsSection receipts = in.section("receipts");
    const auto optional = [&receipts](std::string_view key) {
        std::filesystem::path path = receipts.path(key, "");
        return path.empty() ? std::nullopt : std::optional(std::move(path));
    };
    settings.receipts = {receipts.path("ca_chain"), receipts.path("signers"), optional("revocations"),
                         optional("deny_list")};
    SettingsSection renewal = in.section("renewal");
    settings.renewal.after_percent = static_cast<int>(renewal.integer("after_percent", {0, 95}, 0));
    if (settings.renewal.after_percent > 0 || renewal.has("ca_chain"))
        settings.renewal.ca_chain = renewal.path("ca_chain");
    settings.inbox = in.section("inbox").path("folder", std::string(default_inbox));
    SettingsSection recipients = in.section("recipients");
    settings.fleet = recipients.text("fleet", "");
    recipients.check(settings.fleet.find_first_of("/+#") == std::string::npos, "fleet",
                     "write the fleet's name, without '/', '+' and '#', or \"\"");
    SettingsSection status = in.section("status");
    settings.status_interval = std::chrono::seconds(status.integer("interval_s", {1, 86'400}, 60));
    settings.reader_note = status.path("note", std::string(default_note));
    SettingsSection home_assistant = in.section("home_assistant");
    settings.home_assistant.discovery = home_assistant.flag("discovery", false);
    settings.home_assistant.prefix = home_assistant.text("prefix", "homeassistant");
    home_assistant.check(!settings.home_assistant.prefix.empty() &&
                             settings.home_assistant.prefix.find_first_of("+#\"\\$") == std::string::npos,
                         "prefix", "write a topic without '+', '#' and '$'");
    settings.log_level = read_log_level(in.section("log"), "level");
    TRY(in.finish());
    return settings;
}

}  // namespace portcullis
