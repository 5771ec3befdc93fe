#pragma once
// What the API tells of the collector's store: devices, chains, open gaps, incidents. No plate: the store
// holds none. Values; reading is thread-bound as the store is.

#include <map>
#include <vector>

#include "collector/ingest/store.hpp"

namespace portcullis {

/// What is beyond is not told, and the answer says so.
inline constexpr std::size_t max_told_devices = 4096;
inline constexpr std::size_t max_told_chains = 8192;
inline constexpr std::size_t max_told_gaps = 100;       // of a chain
inline constexpr std::size_t max_told_incidents = 200;  // of one answer
inline constexpr std::size_t max_read_incidents = 10'000;

struct StoreReading {
    std::vector<DeviceRow> devices;
    std::vector<ChainRow> chains;
    std::map<RowId, std::vector<GapRow>> gaps;  // open ones, by chain
    std::vector<IncidentRow> incidents;         // newest first
    std::uint64_t open_gaps = 0;
    std::uint64_t incident_count = 0;
    bool truncated = false;
};

/// By its device's name. Borrows.
using ChainsByDevice = std::map<std::string_view, std::vector<const ChainRow*>>;
[[nodiscard]] ChainsByDevice chains_by_device(const StoreReading& reading);

/// Errors: the store's.
[[nodiscard]] Result<StoreReading> read_store(Store& store);

}  // namespace portcullis
