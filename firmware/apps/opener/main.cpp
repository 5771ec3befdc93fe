// portcullis-opener: the composition root of the process that sees plates and has no network.
#include <filesystem>
#include <iostream>

#include "apps/common/daemon_main.hpp"
#include "apps/common/honour_revocations.hpp"
#include "apps/opener/reload.hpp"
#include "base/log.hpp"
#include "collector/link/accounts.hpp"
#include "collector/opener/opener_server.hpp"
#include "health/service.hpp"
#include "seal/openssl.hpp"
#include "seal/self_test.hpp"
#include "wall/wall.hpp"

using namespace portcullis;

namespace {

constexpr milliseconds step_patience{200};
constexpr milliseconds watchdog_patience{30'000};
constexpr std::chrono::minutes tell_every{1};

constexpr auto description =
    "Opens what the collector has stored, verifies it, and gives the verdicts: the only process at the "
    "collector "
    "that holds recipient keys and sees plates. It refuses itself every network socket, locks its memory, "
    "and writes no plate to any disk. Those whom the signed access policy names see the reads of their sites "
    "with "
    "'portcullis tail', each look with a purpose, a case number, and an entry in the audit log before it.";
constexpr auto footer =
    "Files:    the settings (--config) name two Unix sockets, the recipient keys, the devices' "
    "certificates\n          and the access policy;\n"
    "          a commented example is installed as share/portcullis/examples/opener.toml\n"
    "Signals:  SIGTERM, SIGINT stop cleanly; SIGHUP reads keys, certificates and access policy again;\n"
    "          a changed key store, a replaced deny list or CRL is honoured at once, without a signal\n"
    "Exit:     0 done, 1 failed, 2 wrong usage or configuration (with file, line, key and cure), 3 hung";

AccessFiles access_files(const OpenerSettings& settings) {
    const OpenerSettings::AccessSection& access = settings.access;
    return {access.policy, {access.policy_chain, access.policy_signers, access.fleet}};
}

HotlistFiles hotlist_files(const OpenerSettings& settings) {
    const OpenerSettings::HotlistSection& hotlist = settings.hotlist;
    return {hotlist.list, {hotlist.policy_chain, hotlist.signers, settings.access.fleet}, hotlist.hits};
}

LookLimits limits_of(const OpenerSettings::LimitsSection& limits) {
    return {{limits.searches_an_hour, limits.searches_a_day},
            {limits.looks_an_hour, limits.looks_a_day},
            {limits.site_looks_an_hour, limits.site_looks_a_day}};
}

Result<UniqueFd> listen_for(const std::filesystem::path& path, const std::string& group) {
    ListenOptions options;
    if (!group.empty()) options = { 0660, TRY(group_id(group)) };
    return listen_unix(path, options);
}

Result<OpenerSockets> open_sockets(const OpenerSettings::SocketsSection& settings) {
    OpenerSockets sockets;
    sockets.collector = settings.collector_user.empty() ? ::geteuid() : TRY(user_id(settings.collector_user));
    sockets.ingest = TRY(listen_for(settings.ingest, settings.ingest_group));
    sockets.views = TRY(listen_for(settings.views, settings.view_group));
    return sockets;
}

Result<OpenerPlates> open_plates(const OpenerSettings& settings, const Clock& clock) {
    OpenerPlates plates;
    const OpenerSettings::SearchSection& search = settings.search;
    if (!search.index.empty()) plates.index.emplace(TRY(PlateRegister::create(search.index, clock)));
    if (!search.auditor.empty())
        plates.search.emplace(TRY(with_context(SearchDesk::create(search.auditor), "search.auditor")));
    return plates;
}

void tell(const OpenerCounters& now, OpenerCounters& told, std::size_t viewers) {
    if (now == told) return;
    log_info("opener",
             "opened={} good={} doubtful={} waiting={} viewers={} shown={} refused_viewers={} "
             "refused_connections={} searches={} indexed={} unindexed={} alarms={}",
             now.opened, now.good, now.doubtful, now.waiting, viewers, now.shown, now.refused, now.strangers,
             now.searches, now.indexed, now.unindexed, now.alarms);
    // Hits are told here alone: in the journal they would say when somebody who is sought passed.
    notify_status(fmt::format("opened={} good={} doubtful={} alarms={} hits={}", now.opened, now.good,
                              now.doubtful, now.alarms, now.hits));
    told = now;
}

Result<void> serve(const OpenerSettings& settings, OpenerKeys& keys, OpenerServer& server, StopSignal& stop) {
    const SystemClock clock;
    Heartbeat heartbeat(clock, "open", watchdog_patience);
    const Watchdog watchdog(clock, {&heartbeat});
    notify_ready("waiting for the collector");
    OpenerCounters told;
    std::uint64_t hangups = stop.hangups();
    auto next_tell = std::chrono::steady_clock::now() + tell_every;
    while (!stop.token().stop_requested()) {
        honour_revocations("opener", server.refresh_trust());
        TRY(server.step(step_patience));
        heartbeat.beat();
        const std::uint64_t now = stop.hangups();
        if (std::exchange(hangups, now) != now || keys.changed()) reload(settings, keys, server);
        if (std::chrono::steady_clock::now() < next_tell) continue;
        tell(server.counters(), told, server.viewers());
        next_tell += tell_every;
    }
    notify_stopping();
    server.finish();
    tell(server.counters(), told, server.viewers());
    return {};
}

Result<void> run(const std::filesystem::path& file, bool check_only) {
    const OpenerSettings settings = TRY(OpenerSettings::load(file));
    set_log_level(settings.log_level);
    TRY(deny_memory_dumps());
    if (!try_lock_memory())
        log_warning("opener", "memory is not locked (RLIMIT_MEMLOCK): keep swap off or encrypted");
    TRY(envelope_self_test());
    OpenerKeys keys = TRY(OpenerKeys::create(settings));
    EnvelopeOpener opener = TRY(keys.open());
    const AccessFiles access = access_files(settings);
    if (check_only) {
        TRY(load_access_policy(access));
        if (!settings.hotlist.list.empty())
            TRY(with_context(HotlistGate::create(hotlist_files(settings).rules), "[hotlist]"));
        std::cout << "portcullis-opener: " << file.string() << " is good\n";
        return {};
    }
    AuditLog audit = TRY(AuditLog::open(settings.audit_log));
    const SystemClock clock;
    AccessDesk desk = TRY(AccessDesk::create(std::move(audit), access, clock, limits_of(settings.limits)));
    OpenerPlates plates = TRY(open_plates(settings, clock));
    OpenerSockets sockets = TRY(open_sockets(settings.sockets));
    TRY(deny_network());  // before the first thread: threads inherit it
    StopSignal stop = TRY(StopSignal::create());
    OpenerServer server(Judge(std::move(opener)), ViewFeed(settings.keep_views), std::move(desk),
                        std::move(sockets), std::move(plates));
    if (!settings.hotlist.list.empty()) {
        HotlistDesk hotlist = TRY(HotlistDesk::create(hotlist_files(settings)));
        TRY(server.use_hotlist(std::move(hotlist)));
    }
    Result<void> served = serve(settings, keys, server, stop);
    std::error_code ignored;
    std::filesystem::remove(settings.sockets.ingest, ignored);
    std::filesystem::remove(settings.sockets.views, ignored);
    return served;
}

}  // namespace

int main(int argc, char** argv) {
    // The very first thing: OpenSSL must not have allocated before.
    const Result<void> zeroing = install_zeroing_allocator();
    return daemon_main(argc, argv,
                       {"portcullis-opener", "opener", description, footer, "/etc/portcullis/opener.toml"},
                       [&zeroing](const std::filesystem::path& file, bool check_only) {
                           return zeroing ? run(file, check_only) : zeroing;
                       });
}
