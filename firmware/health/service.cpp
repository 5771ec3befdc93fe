#include "health/service.hpp"

#include <systemd/sd-daemon.h>

#include <condition_variable>
#include <csignal>
#include <mutex>

#include "base/log.hpp"
#include "base/thread.hpp"

namespace portcullis {

void notify_ready(const std::string& status) {
    ::sd_notify(0, ("READY=1\nSTATUS=" + status).c_str());
}
void notify_status(const std::string& status) {
    ::sd_notify(0, ("STATUS=" + status).c_str());
}
void notify_stopping() {
    ::sd_notify(0, "STOPPING=1");
}

Watchdog::Watchdog(const Heartbeat& heartbeat, milliseconds patience) {
    std::uint64_t interval_us = 0;
    if (::sd_watchdog_enabled(0, &interval_us) <= 0) return;
    thread_ = start_thread("watchdog", [&heartbeat, patience, interval_us](const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any stopped;
        std::unique_lock lock(mutex);
        while (!stopped.wait_for(lock, stop, microseconds(interval_us / 2),
                                 [&stop] { return stop.stop_requested(); })) {
            if (heartbeat.age() <= patience)
                ::sd_notify(0, "WATCHDOG=1");
            else
                log_warning("health", "no progress for ms={}; the watchdog is not fed",
                            std::chrono::duration_cast<milliseconds>(heartbeat.age()).count());
        }
    });
}

Result<StopSignal> StopSignal::create() {
    sigset_t signals;
    sigemptyset(&signals);
    for (int number : {SIGTERM, SIGINT, SIGHUP})
        sigaddset(&signals, number);
    if (const int error = ::pthread_sigmask(SIG_BLOCK, &signals, nullptr); error != 0)
        return fail(Error::from_errno("cannot block signals", error));
    if (std::signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return fail(Error::from_errno("cannot ignore SIGPIPE", errno));
    StopSignal signal;
    signal.thread_ = start_thread("signals", [source = signal.source_, hangups = signal.hangups_,
                                              signals](const std::stop_token& stop) mutable {
        constexpr timespec poll{0, 100'000'000};  // how soon the thread notices that it is to end
        while (!stop.stop_requested()) {
            const int number = ::sigtimedwait(&signals, nullptr, &poll);
            if (number == SIGHUP) ++*hangups;
            if (number == SIGTERM || number == SIGINT) source.request_stop();
        }
    });
    return signal;
}

bool StopSignal::wait(milliseconds patience) const {
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    const std::stop_token stop = source_.get_token();
    return stopped.wait_for(lock, stop, patience, [&stop] { return stop.stop_requested(); }) ||
           stop.stop_requested();
}

}  // namespace portcullis
