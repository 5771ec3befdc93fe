// portcullis-forwarder: the composition root of the process that hands reads to other systems and has no
// network.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "apps/common/daemon_main.hpp"
#include "base/log.hpp"
#include "forward/hook_courier.hpp"
#include "forward/read_router.hpp"
#include "forward/view_follower.hpp"
#include "health/service.hpp"
#include "seal/openssl.hpp"
#include "wall/wall.hpp"

using namespace portcullis;

namespace {

constexpr milliseconds turn{200};
constexpr milliseconds watchdog_patience{30'000};
constexpr std::chrono::minutes tell_every{1};

constexpr auto description =
    "Hands reads to other systems as webhooks: in our own words, in OpenALPR's or in Plate Recognizer's. It "
    "sees "
    "what the "
    "signed access policy lets its account see, each read with an entry in the audit log before it, and "
    "writes no "
    "plate to any disk. It refuses itself every network socket: what it says is encrypted here for its "
    "receiver "
    "and goes through a relay behind a Unix socket, which cannot read it.";
constexpr auto footer =
    "Files:    the settings (--config) name the opener's view socket, and for each receiver the URL, the "
    "relay's\n"
    "          socket, the CA and the secret; a commented example is installed as\n"
    "          share/portcullis/examples/forwarder.toml\n"
    "Signals:  SIGTERM, SIGINT stop at once, what waits is not told; SIGHUP reads secrets and certificates "
    "again\n"
    "Exit:     0 done, 1 failed, 2 wrong usage or configuration (with file, line, key and cure), 3 hung";

/// A receiver: the way to it, and who goes it.
struct Outlet {
    std::unique_ptr<HttpsPost> post;
    std::unique_ptr<HookCourier> courier;  // uses post: it ends first
};

std::function<double()> make_chance() {
    return [engine = std::minstd_rand(std::random_device{}())]() mutable {
        return std::uniform_real_distribution<double>(0, 1)(engine);
    };
}

Result<Outlet> open_outlet(const HookSettings& hook, const Clock& clock) {
    HookKeys keys = TRY(load_hook_keys(hook));
    Outlet outlet;
    outlet.post = std::make_unique<HttpsPost>(TRY(HttpsPost::create(hook)));
    const auto send = [post = outlet.post.get()](const HookPost& what, const HookKeys& with,
                                                 const std::stop_token& stop) {
        return post->send(what, with, stop);
    };
    outlet.courier = std::make_unique<HookCourier>(hook, std::move(keys), send, clock, make_chance());
    return outlet;
}

Result<std::vector<Outlet>> open_outlets(const ForwarderSettings& settings, const Clock& clock) {
    std::vector<Outlet> outlets;
    for (const HookSettings& hook : settings.hooks)
        outlets.push_back(TRY(open_outlet(hook, clock)));
    return outlets;
}

void reload(std::vector<Outlet>& outlets) {
    for (Outlet& outlet : outlets) {
        auto keys = load_hook_keys(outlet.courier->hook());
        if (keys)
            outlet.courier->use(std::move(*keys));
        else
            log_error("forward", "{}; going on with the old ones", keys.error().message());
    }
    log_info("forward", "secrets and certificates were looked at again");
}

void tell(const std::vector<Outlet>& outlets, std::vector<CourierReport>& told, bool connected) {
    std::vector<CourierReport> now;
    std::string status = connected ? "" : "no opener; ";
    for (const Outlet& outlet : outlets) {
        const CourierReport& report = now.emplace_back(outlet.courier->report());
        status += fmt::format("{}: delivered={} waiting={} refused={} lost={} ", outlet.courier->hook().name,
                              report.counters.delivered, report.waiting, report.counters.refused,
                              report.counters.lost);
    }
    notify_status(status);
    if (now == told) return;
    for (std::size_t i = 0; i < now.size(); ++i)
        log_info("forward", "hook={} delivered={} waiting={} retried={} refused={} lost={}",
                 outlets[i].courier->hook().name, now[i].counters.delivered, now[i].waiting,
                 now[i].counters.retried, now[i].counters.refused, now[i].counters.lost);
    told = std::move(now);
}

void serve(const ForwarderSettings& settings, std::vector<Outlet>& outlets, StopSignal& stop) {
    const SystemClock clock;
    ReadRouter router([&outlets](const View& view) {
        for (Outlet& outlet : outlets)
            if (is_told(outlet.courier->hook(), view)) outlet.courier->push(view);
    });
    std::vector<ViewFollower> followers;
    for (const std::filesystem::path& socket : settings.view.sockets)
        followers.emplace_back(
            socket, Subscription{settings.view.last, settings.view.purpose, settings.view.case_number},
            [&router](const View& view) { router.route(view); }, clock);
    Heartbeat heartbeat(clock, "forward", watchdog_patience);
    const Watchdog watchdog(clock, {&heartbeat});
    notify_ready("looks for the opener");
    std::vector<CourierReport> told;
    std::uint64_t hangups = stop.hangups();
    auto next_tell = std::chrono::steady_clock::now() + tell_every;
    while (!stop.token().stop_requested()) {
        for (ViewFollower& follower : followers)
            follower.step(turn / static_cast<std::int64_t>(followers.size()));
        heartbeat.beat();
        const std::uint64_t now = stop.hangups();
        if (std::exchange(hangups, now) != now) reload(outlets);
        if (std::chrono::steady_clock::now() < next_tell) continue;
        tell(outlets, told, std::ranges::all_of(followers, &ViewFollower::connected));
        next_tell += tell_every;
    }
    notify_stopping();
    tell(outlets, told, true);
}

Result<void> run(const std::filesystem::path& file, bool check_only) {
    const ForwarderSettings settings = TRY(ForwarderSettings::load(file));
    set_log_level(settings.log_level);
    if (!try_lock_memory())
        log_warning("forward", "memory is not locked (RLIMIT_MEMLOCK): keep swap off or encrypted");
    if (check_only) {
        for (const HookSettings& hook : settings.hooks)
            TRY(load_hook_keys(hook));
        std::cout << "portcullis-forwarder: " << file.string() << " is good\n";
        return {};
    }
    const HttpsLibrary library = TRY(HttpsLibrary::start());
    TRY(deny_network());  // before the first thread: threads inherit it
    StopSignal stop = TRY(StopSignal::create());
    const SystemClock clock;
    std::vector<Outlet> outlets = TRY(open_outlets(settings, clock));
    serve(settings, outlets, stop);
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    // The very first thing: OpenSSL must not have allocated before.
    const Result<void> zeroing = install_zeroing_allocator();
    return daemon_main(
        argc, argv,
        {"portcullis-forwarder", "forward", description, footer, "/etc/portcullis/forwarder.toml"},
        [&zeroing](const std::filesystem::path& file, bool check_only) {
            return zeroing ? run(file, check_only) : zeroing;
        });
}
