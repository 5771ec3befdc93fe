#include "health/service.hpp"

#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <algorithm>
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

namespace {

constexpr milliseconds look_every{1000};

milliseconds look_interval() {
    std::uint64_t interval_us = 0;
    if (::sd_watchdog_enabled(0, &interval_us) <= 0) return look_every;
    return std::min(look_every, milliseconds(interval_us / 2000));
}

/// Each late stage once, until all are fresh again.
class LateTeller {
  public:
    void tell(const std::optional<LateStage>& late) {
        if (late && late->stage != told_) {
            log_warning("health", "stage={} makes no progress for ms={}; the watchdog is not fed",
                        late->stage, std::chrono::duration_cast<milliseconds>(late->age).count());
            notify_status("late=" + late->stage);
        }
        if (!late && !told_.empty()) log_info("health", "stage={} goes on", told_);
        told_ = late ? late->stage : std::string();
    }

  private:
    std::string told_;
};

}  // namespace

void Watchdog::end_process(const LateStage& late) {
    log_error("health", "stage={} hangs (no progress for ms={}); the process ends, to be started anew",
              late.stage, std::chrono::duration_cast<milliseconds>(late.age).count());
    notify_status("hung=" + late.stage);
    ::_exit(exit_code_hung);  // no destructor: it would wait for the stage
}

Watchdog::Watchdog(const Clock& clock, std::vector<const Heartbeat*> heartbeats,
                   std::function<void(const LateStage&)> end) {
    thread_ = start_thread("watchdog", [&clock, heartbeats = std::move(heartbeats),
                                        end = std::move(end)](const std::stop_token& stop) {
        Supervision supervision(clock, heartbeats);
        LateTeller teller;
        std::mutex mutex;
        std::condition_variable_any stopped;
        std::unique_lock lock(mutex);
        while (!stopped.wait_for(lock, stop, look_interval(), [&stop] { return stop.stop_requested(); })) {
            const auto late = supervision.look();
            teller.tell(late);
            if (!late) ::sd_notify(0, "WATCHDOG=1");
            if (late && late->hung) end(*late);
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
