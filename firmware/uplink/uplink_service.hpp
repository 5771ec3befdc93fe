#pragma once
// UplinkService: the loop of portcullis-uplink: attaches to the spool (waits until the reader made it,
// follows when it was replaced), notices new rows, keeps the uplink turning. Thread-bound; borrows what main
// owns.

#include <functional>

#include "health/service.hpp"
#include "uplink/uplink.hpp"

namespace portcullis {

struct UplinkServiceSettings {
    SpoolSettings spool;
    /// How often the spool is asked for new rows; a turn without work costs about 30 us (measured).
    milliseconds poll_interval{50};
    /// How long to wait before the spool is tried again after an error, or while it is not there.
    milliseconds retry_interval{1000};
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
    void tell(const Error& error);

    UplinkServiceSettings settings_;
    Uplink& uplink_;
    Heartbeat& heartbeat_;
    std::optional<Spool> spool_;
    std::string last_told_;
};

}  // namespace portcullis
