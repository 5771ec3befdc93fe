#include "config/api_settings.hpp"

#include "config/log_level.hpp"
#include "config/settings_reader.hpp"

namespace portcullis {

namespace {

ApiSettings::LimitsSection read_limits(SettingsSection section) {
    ApiSettings::LimitsSection limits;
    limits.connections = static_cast<std::size_t>(section.integer("connections", {16, 8192}, 1024));
    limits.per_account = static_cast<std::size_t>(section.integer("per_account", {1, 1024}, 32));
    limits.threads = static_cast<std::size_t>(section.integer("threads", {1, 16}, 4));
    limits.sign_in_time = std::chrono::seconds(section.integer("sign_in_s", {1, 60}, 10));
    limits.request_time = std::chrono::seconds(section.integer("request_s", {1, 300}, 30));
    section.check(limits.per_account < limits.connections, "per_account",
                  "write less than connections: one account must not take all places");
    return limits;
}

}  // namespace

Result<ApiSettings> ApiSettings::load(const std::filesystem::path& file) {
    SettingsReader in = TRY(SettingsReader::open(file));
    ApiSettings settings;
    SettingsSection socket = in.section("socket");
    settings.socket.path = socket.path("path", "/run/portcullis-api/api.sock");
    settings.socket.group = socket.text("group", "");
    SettingsSection tls = in.section("tls");
    settings.tls = {tls.path("certificate"), tls.path("key"), tls.path("people_ca"),
                    tls.path("revocations", "")};
    SettingsSection access = in.section("access");
    settings.access = {access.text("fleet"), access.path("policy"), access.path("policy_chain"),
                       access.path("policy_signers")};
    SettingsSection opener = in.section("opener");
    settings.openers = opener.paths("sockets", std::vector<std::string>{"/run/portcullis/view.sock"});
    opener.check(!settings.openers.empty() && settings.openers.size() <= max_api_openers, "sockets",
                 fmt::format("name the view sockets of 1 to {} openers", max_api_openers));
    settings.store = in.section("store").path("place", "/var/lib/portcullis/collector/store.db");
    settings.limits = read_limits(in.section("limits"));
    settings.log_level = read_log_level(in.section("log"), "level");
    TRY(in.finish());
    return settings;
}

}  // namespace portcullis
