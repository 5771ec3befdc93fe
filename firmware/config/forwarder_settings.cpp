#include "config/forwarder_settings.hpp"

#include <sys/un.h>

#include <algorithm>
#include <string_view>

#include "config/log_level.hpp"

namespace portcullis {

namespace {

constexpr std::size_t max_openers = 16;
constexpr std::size_t max_hooks = 16;
constexpr std::size_t max_hook_name_letters = 32;
constexpr std::size_t max_url_bytes = 2048;
constexpr std::size_t max_device_patterns = 256;
constexpr std::size_t max_purpose_letters = 64;
constexpr std::int64_t max_kept_views = 1000;

bool is_hook_name(std::string_view name) {
    return !name.empty() && name.size() <= max_hook_name_letters &&
           std::ranges::all_of(name, [](char letter) {
               return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-';
           });
}

/// https, a host, nothing that a log should not hold (a password), nothing that a header could break on.
bool is_hook_url(std::string_view url) {
    constexpr std::string_view scheme = "https://";
    if (!url.starts_with(scheme) || url.size() > max_url_bytes) return false;
    if (!std::ranges::all_of(url, [](char letter) { return letter > ' ' && letter < '\x7f'; })) return false;
    const std::string_view rest = url.substr(scheme.size());
    const std::string_view host = rest.substr(0, rest.find_first_of("/?"));
    return !host.empty() && host.front() != ':' && rest.find_first_of("@#\\\"") == std::string_view::npos;
}

ForwarderSettings::ViewSection read_view(SettingsSection section) {
    ForwarderSettings::ViewSection view;
    view.sockets = section.paths("sockets", std::vector<std::string>{"/run/portcullis/view.sock"});
    section.check(!view.sockets.empty() && view.sockets.size() <= max_openers, "sockets",
                  "name the view socket of each opener, 1 to 16");
    view.purpose = section.text("purpose");
    view.case_number = section.text("case");
    for (const auto& [key, text] :
         {std::pair{"purpose", &view.purpose}, std::pair{"case", &view.case_number}})
        section.check(!text->empty() && text->size() <= max_purpose_letters, key,
                      "write 1 to 64 letters: they stand in the audit log beside each read");
    view.last = static_cast<std::uint32_t>(section.integer("last", {0, max_kept_views}, 100));
    return view;
}

void read_receiver(SettingsSection& section, HookSettings& hook) {
    hook.url = section.text("url");
    section.check(
        is_hook_url(hook.url), "url",
        "write https://HOST/PATH without a user, a password and a fragment; there is no other way out");
    hook.relay = section.path("relay");
    section.check(!hook.relay.empty() && hook.relay.native().size() < sizeof(sockaddr_un::sun_path), "relay",
                  "write the path of the relay's Unix socket, of at most 107 letters");
    hook.ca = section.path("ca");
    hook.certificate = section.path("certificate", "");
    hook.key = section.path("key", "");
    section.check(hook.certificate.empty() == hook.key.empty(), "key",
                  "certificate and key go together: name both files or none");
    hook.connect_timeout = milliseconds(section.integer("connect_timeout_ms", {100, 60'000}, 5'000));
    hook.timeout = milliseconds(section.integer("timeout_ms", {100, 120'000}, 15'000));
    hook.secrets = section.paths("secrets");
    section.check(!hook.secrets.empty() && hook.secrets.size() <= 2, "secrets",
                  "name the file of the hook's secret; while it is replaced, the new one and the old one");
}

HookSettings read_hook(SettingsSection section) {
    HookSettings hook;
    hook.name = section.text("name");
    section.check(is_hook_name(hook.name), "name", "write 1 to 32 small letters, digits and hyphens");
    read_receiver(section, hook);
    hook.shape = section.choice<HookShape>("shape",
                                           {{"portcullis", HookShape::portcullis},
                                            {"openalpr", HookShape::openalpr},
                                            {"platerecognizer", HookShape::platerecognizer}},
                                           HookShape::portcullis);
    hook.form = section.flag("form", hook.shape == HookShape::platerecognizer);
    section.check(!hook.form || hook.shape == HookShape::platerecognizer, "form",
                  "remove it: Plate Recognizer's receivers alone know a form");
    hook.devices = section.texts("devices", std::vector<std::string>{"*"});
    section.check(!hook.devices.empty() && hook.devices.size() <= max_device_patterns, "devices",
                  "write 1 to 256 names or patterns: [\"gate-*\"]");
    hook.min_confidence = section.number("min_confidence", {0, 1}, 0.0);
    hook.unread = section.flag("unread", false);
    hook.keep = static_cast<std::size_t>(section.integer("keep", {2, 100'000}, 1'000));
    hook.retry_for = std::chrono::seconds(section.integer("retry_for_s", {1, 7 * 86'400}, 21'600));
    hook.back_off_limit = std::chrono::seconds(section.integer("back_off_limit_s", {1, 3'600}, 60));
    return hook;
}

}  // namespace

Result<ForwarderSettings> ForwarderSettings::load(const std::filesystem::path& file) {
    SettingsReader in = TRY(SettingsReader::open(file));
    ForwarderSettings settings;
    settings.view = read_view(in.section("view"));
    for (SettingsSection& section : in.sections("hook", max_hooks)) {
        HookSettings hook = read_hook(section);
        section.check(std::ranges::none_of(
                          settings.hooks, [&](const HookSettings& other) { return other.name == hook.name; }),
                      "name", "write another name: two hooks cannot have one");
        settings.hooks.push_back(std::move(hook));
    }
    in.check(!settings.hooks.empty(), "hook", "name at least one receiver, headed [[hook]]");
    settings.log_level = read_log_level(in.section("log"), "level");
    TRY(in.finish());
    return settings;
}

}  // namespace portcullis
