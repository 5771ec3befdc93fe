#pragma once
// What /metrics tells: counts of the API, the opener, the store and the devices of the access policy. No
// plate, no read, no hit. Pure, reentrant.

#include <optional>
#include <string>

#include "api/serving_counters.hpp"
#include "api/store_reading.hpp"
#include "collector/link/status_exchange.hpp"
#include "core/access_policy.hpp"

namespace portcullis {

struct MetricsSources {
    const AccessPolicy& policy;
    const ServingCounters& serving;
    /// By their numbers; nothing of one that does not answer.
    std::vector<std::optional<OpenerStatus>> openers;
    std::optional<StoreReading> store;  // nothing: it could not be read
};

/// Of devices only those of the policy have samples: names that strangers invent would grow without bound.
[[nodiscard]] std::string metrics_of(const MetricsSources& sources);

}  // namespace portcullis
