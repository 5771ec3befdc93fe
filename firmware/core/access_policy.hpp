#pragma once
// The access policy: who of a collector's host may see what, for which purposes, until when; signed by the
// policy key. Values.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace portcullis {

/// One account has one role. Separation of duties: who checks what was seen, and who says who may see, sees
/// no plate himself.
enum class AccessRole {
    operates,     // "operator": live views and searches
    audits,       // "auditor": reports of the audit log, no plate
    administers,  // "administrator": enrols people and keys, no plate
};
inline constexpr AccessRole all_access_roles[] = {AccessRole::operates, AccessRole::audits,
                                                  AccessRole::administers};
[[nodiscard]] std::string_view to_string(AccessRole role);
[[nodiscard]] std::optional<AccessRole> access_role_from_string(std::string_view text);

struct AccessSite {
    std::string name;
    std::vector<std::string> devices;  // ascending; no device stands at two sites
    bool operator==(const AccessSite&) const = default;
};

struct AccessPerson {
    std::string account;  // of the collector's host, letter for letter
    AccessRole role = AccessRole::operates;
    std::vector<std::string> sites;     // ascending; of an operator at least one, of others none
    std::vector<std::string> purposes;  // the same
    std::chrono::sys_days until{};      // the last UTC day of his rights, it included
    bool operator==(const AccessPerson&) const = default;
};

struct AccessPolicy {
    std::string fleet;
    std::uint64_t version = 0;          // from 1; an opener never goes back to a lower one
    UtcTime issued{};                   // by the policy key's clock
    std::chrono::sys_days until{};      // its last UTC day, it included; then nobody sees anything
    std::vector<std::string> purposes;  // the closed list, ascending
    std::vector<AccessSite> sites;      // ascending by name
    std::vector<AccessPerson> people;   // ascending by account
    /// Accounts of services that ask in people's names, and see nothing in their own. Ascending; none of
    /// them is a person's.
    std::vector<std::string> gateways = {};
    bool operator==(const AccessPolicy&) const = default;

    /// Borrowed; null when nobody of that name stands in it.
    [[nodiscard]] const AccessPerson* find(std::string_view account) const;
    [[nodiscard]] bool is_gateway(std::string_view account) const;
    /// Of the person's sites, ascending.
    [[nodiscard]] std::vector<std::string> devices_of(const AccessPerson& person) const;
};

/// The first instant after that day.
[[nodiscard]] UtcTime end_of(std::chrono::sys_days day);

}  // namespace portcullis
