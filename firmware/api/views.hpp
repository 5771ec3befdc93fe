#pragma once
// What the API tells of people, devices and incidents, as JSON: to an operator of his sites alone. Pure
// functions, reentrant.

#include "api/questions.hpp"
#include "api/store_reading.hpp"
#include "core/access_policy.hpp"

namespace portcullis {

/// Whose word of a device goes to whom: an operator hears of his sites' devices, an auditor and an
/// administrator of all.
class StoreSight {
  public:
    StoreSight(const AccessPolicy& policy, const AccessPerson& person);
    [[nodiscard]] bool covers(std::string_view device) const;

  private:
    bool all_ = false;
    std::vector<std::string> devices_;  // ascending
};

[[nodiscard]] ApiJson me_json(const AccessPolicy& policy, const AccessPerson& person);
[[nodiscard]] ApiJson devices_json(const StoreReading& reading, const AccessPolicy& policy,
                                   const StoreSight& sight);
[[nodiscard]] ApiJson incidents_json(const StoreReading& reading, const StoreSight& sight);

}  // namespace portcullis
