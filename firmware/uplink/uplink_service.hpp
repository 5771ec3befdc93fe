#pragma once
// UplinkService: the loop of portcullis-uplink: attaches to the spool (waits until the reader made it,
// follows when it was replaced), notices new rows, keeps the uplink turning. Beside the spool there may be a
// second one with what the reader salvaged (spool/salvage.hpp): it gets slices of time, while the first is
// empty or has no backlog. Thread-bound; borrows what main owns.

#include <chrono>
#include <functional>

#include "health/service.hpp"
#include "spool/salvage.hpp"
#include "uplink/uplink.hpp"

namespace portcullis {

struct UplinkServiceSettings {
    SpoolSettings spool;
    /// How often the spool is asked for new rows; a turn without work costs about 30 us (measured).
    milliseconds poll_interval{50};
    /// How long to wait before the spool is tried again after an error, or while it is not there.
    milliseconds retry_interval{1000};
    /// The second spool gets so long at a time, and so long after one slice the next at the earliest; twice
    /// that when the first is never empty. A slice ends early with the second spool.
    milliseconds rest_slice{5000};
    milliseconds rest_interval{15'000};
};

class UplinkService {
  public:
    UplinkService(UplinkServiceSettings settings, Uplink& uplink, Heartbeat& heartbeat)
        : settings_(std::move(settings)), uplink_(uplink), heartbeat_(heartbeat) {}

    /// Until stop is asked for; each_turn is called between two turns. Errors: configuration (the spool is
    /// another device's), unsupported (of a newer version), refused (not a spool); all else is waited out.
    [[nodiscard]] Result<void> run(const std::stop_token& stop, const std::function<void()>& each_turn);

  private:
    [[nodiscard]] Result<bool> turn();
    [[nodiscard]] Result<bool> attach();
    [[nodiscard]] bool rest_has_the_line();
    [[nodiscard]] bool begin_slice();
    void end_slice();
    void tell(const Error& error);

    UplinkServiceSettings settings_;
    Uplink& uplink_;
    Heartbeat& heartbeat_;
    std::optional<Spool> spool_;
    std::optional<Spool> rest_;  // during a slice
    std::chrono::steady_clock::time_point slice_ends_{};
    std::chrono::steady_clock::time_point next_slice_ = std::chrono::steady_clock::now();
    std::string last_told_;
};

}  // namespace portcullis
