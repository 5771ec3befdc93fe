#pragma once
// Strain: how hot the machine is and how short of memory, as its kernel says. Reads a few small files of
// sysfs and procfs; for the supervising thread, once a second. Thread-bound.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace portcullis {

struct StrainPlaces {
    /// Folder of thermal_zone*/{type,temp}. Empty: not looked at.
    std::filesystem::path thermal = "/sys/class/thermal";
    /// Files in PSI form (Documentation/accounting/psi.rst); the first that can be read counts. A process
    /// with ProcSubset=pid does not see the second, but its own control group's.
    std::vector<std::filesystem::path> memory_pressure;
    /// Control group (v2) with memory.current and memory.high. Empty: not looked at.
    std::filesystem::path memory_group;
};

/// The places of this machine and of the control group that this process is in.
[[nodiscard]] StrainPlaces usual_strain_places();

/// What could not be read is not there: no sensor is no strain.
struct Strain {
    std::optional<double> celsius;  // of the hottest zone
    std::string zone;               // its type, e.g. "cpu-thermal"
    std::optional<double>
        memory_stall_percent;  // share of the last 10 s in which something waited for memory
    std::optional<double> memory_share_percent;  // of memory.high
};

[[nodiscard]] Strain measure_strain(const StrainPlaces& places);

}  // namespace portcullis
