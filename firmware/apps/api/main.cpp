// portcullis-api: the composition root of the process that answers people over HTTPS. It sees plates on their
// way to whom the access policy allows them, so it has no network: it listens on a Unix socket, which a relay
// that sees ciphertext alone brings to the network.
#include <filesystem>
#include <iostream>
#include <mutex>

#include "api/policy_watch.hpp"
#include "api/router.hpp"
#include "api/server/api_server.hpp"
#include "apps/common/daemon_main.hpp"
#include "apps/common/store_source.hpp"
#include "base/log.hpp"
#include "collector/link/accounts.hpp"
#include "collector/link/opener_question.hpp"
#include "collector/link/unix_socket.hpp"
#include "config/api_settings.hpp"
#include "health/service.hpp"
#include "seal/self_test.hpp"
#include "wall/wall.hpp"

using namespace portcullis;

namespace {

constexpr milliseconds watchdog_patience{30'000};

constexpr auto description =
    "Answers people and programs over HTTPS: searches, crossings, devices, incidents, metrics. Who somebody "
    "is "
    "says his client certificate, what he may the signed access policy. It asks the opener in his name, and "
    "the opener decides and enters it in the audit log. It refuses itself every network socket: TLS comes to "
    "its Unix socket through a relay that has no key.";
constexpr auto footer =
    "Files:    the settings (--config) name the socket, certificates, the access policy, the opener's view\n"
    "          socket and the store; a commented example is installed as "
    "share/portcullis/examples/api.toml\n"
    "Signals:  SIGTERM, SIGINT stop cleanly; SIGHUP reads certificates and revocations again; a replaced "
    "access\n          policy is taken at once, without a signal\n"
    "Exit:     0 done, 1 failed, 2 wrong usage or configuration (with file, line, key and cure), 3 hung";

ApiTlsFiles tls_files(const ApiSettings::TlsSection& tls) {
    return {tls.certificate, tls.key, tls.people_ca, tls.revocations};
}

AccessFiles access_files(const ApiSettings::AccessSection& access) {
    return {access.policy, {access.policy_chain, access.policy_signers, access.fleet}};
}

ApiServerLimits limits_of(const ApiSettings::LimitsSection& section) {
    ApiServerLimits limits;
    limits.connections = section.connections;
    limits.per_account = section.per_account;
    limits.threads = section.threads;
    limits.sign_in_time = section.sign_in_time;
    limits.request_time = section.request_time;
    return limits;
}

Result<UniqueFd> listen_for(const ApiSettings::SocketSection& socket) {
    ListenOptions options;
    if (!socket.group.empty()) {
        const gid_t group = TRY(group_id(socket.group));
        options = {0660, group};
    }
    return listen_unix(socket.path, options);
}

/// Opened for each question: what was away is there again without a restart. One at a time.
class StoreDesk {
  public:
    explicit StoreDesk(std::filesystem::path place) : place_(std::move(place)) {}
    Result<StoreReading> read() {
        const std::lock_guard lock(mutex_);
        Store store = TRY(look_at_store(place_));
        return read_store(store);
    }

  private:
    std::filesystem::path place_;
    std::mutex mutex_;
};

void reload_tls(const ApiSettings& settings, ApiServer& server) {
    auto tls = make_tls_context(tls_files(settings.tls));
    if (!tls) return log_error("api", "{}; going on with the old certificates", tls.error().message());
    server.replace_tls(std::move(*tls));
    log_info("api", "certificates and revocations were looked at again");
}

Result<void> serve(const ApiSettings& settings, PolicyWatch& policy, SslContextPtr tls, UniqueFd listener,
                   const Clock& clock) {
    StopSignal stop = TRY(StopSignal::create());
    StoreDesk store(settings.store);
    ServingCounters counters;
    const ApiRouter router({[&policy] { return policy.current(); }, settings.openers.size(),
                            [&settings](std::size_t opener, const Packet& question) -> Result<Packet> {
                                return ask_opener(TRY(connect_unix(settings.openers.at(opener))), question);
                            },
                            [&store] { return store.read(); }, clock, counters});
    Heartbeat heartbeat(clock, "serve", watchdog_patience);
    const Watchdog watchdog(clock, {&heartbeat});
    const auto server = TRY(ApiServer::create(
        std::move(listener), std::move(tls),
        [&router](const ApiRequest& request) { return router.handle(request); }, limits_of(settings.limits),
        counters, heartbeat));
    notify_ready("waiting for questions");
    std::uint64_t hangups = stop.hangups();
    Result<void> served = server->run(stop.token(), [&] {
        const std::uint64_t now = stop.hangups();
        if (std::exchange(hangups, now) != now) reload_tls(settings, *server);
    });
    notify_stopping();
    return served;
}

Result<void> run(const std::filesystem::path& file, bool check_only) {
    const ApiSettings settings = TRY(ApiSettings::load(file));
    set_log_level(settings.log_level);
    TRY(envelope_self_test());
    const SystemClock clock;
    SslContextPtr tls = TRY(make_tls_context(tls_files(settings.tls)));
    const auto policy = TRY(PolicyWatch::create(access_files(settings.access), clock));
    if (check_only) {
        std::cout << "portcullis-api: " << file.string() << " is good\n";
        return {};
    }
    UniqueFd listener = TRY(listen_for(settings.socket));
    TRY(deny_network());  // before the first thread: threads inherit it
    Result<void> served = serve(settings, *policy, std::move(tls), std::move(listener), clock);
    std::error_code ignored;
    std::filesystem::remove(settings.socket.path, ignored);
    return served;
}

}  // namespace

int main(int argc, char** argv) {
    return daemon_main(argc, argv, {"portcullis-api", "api", description, footer, "/etc/portcullis/api.toml"},
                       run);
}
