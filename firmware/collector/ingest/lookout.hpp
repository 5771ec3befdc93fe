#pragma once
// Lookout: notices what does not come. A device that is not heard of for three status intervals is silent;
// one whose status claims more items than have come for two has lost its tail on the way (or somebody claims
// so: a status is a hint). Two chains of one device that are alive at once are two units with one identity.
// Each becomes one incident, not one a minute. Thread-bound; borrows the store, which must outlive it.

#include <set>

#include "collector/ingest/store.hpp"
#include "core/statement.hpp"
#include "ports/broker.hpp"

namespace portcullis {

/// As devices send it.
inline constexpr std::chrono::seconds status_interval{60};
inline constexpr auto silent_after = 3 * status_interval;
inline constexpr auto tail_after = 2 * status_interval;
/// So often within a day a device goes back to an earlier chain before it is called cloned. (After a crash
/// the old chain's last statement may come late, and a clock may be set in between: once or twice.)
inline constexpr std::uint64_t cloned_after_returns = 3;
inline constexpr std::chrono::hours returns_within{24};

class Lookout {
  public:
    explicit Lookout(Store& store) : store_(&store) {}

    /// All inside the caller's transaction.
    /// Topic lpr/v1/dev/<device>/status. Anything that is not a status is ignored.
    [[nodiscard]] Result<void> hear_status(const BrokerMessage& message, UtcTime now);
    [[nodiscard]] Result<void> hear_items(const std::set<std::string>& devices, UtcTime now);
    [[nodiscard]] Result<void> hear_statement(const ChainRow& chain, UtcTime signed_time, UtcTime now);
    /// Once in a while, at most status_interval apart.
    [[nodiscard]] Result<void> look_round(UtcTime now);

  private:
    [[nodiscard]] Result<void> heard(DeviceRow& device, UtcTime now);
    /// Does it still claim more than has come?
    [[nodiscard]] Result<void> weigh_tail(DeviceRow& device, UtcTime now);
    [[nodiscard]] Result<void> incident(const DeviceRow& device, Seq seq, std::string what, UtcTime now);
    Store* store_;
};

}  // namespace portcullis
