#include "api/store_reading.hpp"

#include <algorithm>

namespace portcullis {

Result<StoreReading> read_store(Store& store) {
    StoreReading reading;
    reading.devices = TRY(store.devices.all(max_told_devices + 1));
    reading.chains = TRY(store.chains.all(max_told_chains + 1));
    reading.truncated = reading.devices.size() > max_told_devices || reading.chains.size() > max_told_chains;
    reading.devices.resize(std::min(reading.devices.size(), max_told_devices));
    reading.chains.resize(std::min(reading.chains.size(), max_told_chains));
    for (const ChainRow& chain : reading.chains) {
        if (chain.upto == chain.last) continue;  // nothing of it is missing
        auto gaps = TRY(store.gaps.of(chain.id, true, max_told_gaps));
        if (!gaps.empty()) reading.gaps.emplace(chain.id, std::move(gaps));
    }
    reading.incidents = TRY(store.incidents.newest(max_read_incidents));
    reading.open_gaps = TRY(store.gaps.count_open());
    reading.incident_count = TRY(store.incidents.count());
    return reading;
}

ChainsByDevice chains_by_device(const StoreReading& reading) {
    ChainsByDevice chains;
    for (const ChainRow& chain : reading.chains)
        chains[chain.device].push_back(&chain);
    return chains;
}

}  // namespace portcullis
