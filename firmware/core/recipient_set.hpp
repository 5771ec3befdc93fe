#pragma once
// The recipient set: whom a fleet's devices seal to, by purpose and epoch, signed by the policy key. Values.

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"

namespace portcullis {

/// What a recipient may open: each item is sealed to those of its own purpose.
enum class Purpose { read, plate, overview, health };
inline constexpr Purpose all_purposes[] = {Purpose::read, Purpose::plate, Purpose::overview, Purpose::health};
[[nodiscard]] std::string_view to_string(Purpose purpose);

/// When an epoch begins, UTC; mostly a midnight.
using EpochStart = std::chrono::sys_time<std::chrono::minutes>;

struct RecipientEntry {
    Purpose purpose = Purpose::read;
    /// It ends when the next one of its purpose begins.
    EpochStart epoch{};
    Bytes certificate;  // DER
    bool operator==(const RecipientEntry&) const = default;
    /// By purpose, epoch and certificate.
    bool operator<(const RecipientEntry& other) const {
        return std::tie(purpose, epoch, certificate) <
               std::tie(other.purpose, other.epoch, other.certificate);
    }
};

struct RecipientSet {
    std::string fleet;
    std::uint64_t version = 0;            // from 1; a device never goes back to a lower one
    UtcTime issued{};                     // by the policy key's clock
    std::vector<RecipientEntry> entries;  // ascending, no two alike; at least one for reads
    bool operator==(const RecipientSet&) const = default;
};

}  // namespace portcullis
