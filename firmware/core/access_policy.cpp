#include "core/access_policy.hpp"

#include <algorithm>

namespace portcullis {

std::string_view to_string(AccessRole role) {
    switch (role) {
        case AccessRole::operates:
            return "operator";
        case AccessRole::audits:
            return "auditor";
        case AccessRole::administers:
            break;
    }
    return "administrator";
}

std::optional<AccessRole> access_role_from_string(std::string_view text) {
    for (const AccessRole role : all_access_roles)
        if (text == to_string(role)) return role;
    return std::nullopt;
}

const AccessPerson* AccessPolicy::find(std::string_view account) const {
    const auto place = std::ranges::find(people, account, &AccessPerson::account);
    return place == people.end() ? nullptr : &*place;
}

bool AccessPolicy::is_gateway(std::string_view account) const {
    return std::ranges::find(gateways, account) != gateways.end();
}

std::vector<std::string> AccessPolicy::devices_of(const AccessPerson& person) const {
    std::vector<std::string> devices;
    for (const AccessSite& site : sites)
        if (std::ranges::binary_search(person.sites, site.name))
            devices.insert(devices.end(), site.devices.begin(), site.devices.end());
    std::ranges::sort(devices);
    return devices;
}

UtcTime end_of(std::chrono::sys_days day) {
    return UtcTime(day + std::chrono::days(1));
}

}  // namespace portcullis
