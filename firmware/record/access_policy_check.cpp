// What an access policy may say.

#include <algorithm>

#include "core/ids.hpp"
#include "record/access_policy_codec.hpp"
#include "record/canonical.hpp"
#include "record/payload.hpp"

namespace portcullis {

namespace {

template <class... Words>
Failure wrong(fmt::format_string<Words...> format, Words&&... words) {
    return fail(ErrorCode::invalid_argument, "access policy: {}",
                fmt::format(format, std::forward<Words>(words)...));
}

std::string shown(std::string_view name) {
    return to_plain_text(name, max_policy_word_bytes);
}

/// Something to read, without a blank at its ends: what a person types must be able to equal it.
bool is_word(std::string_view text) {
    return !text.empty() && text.front() != ' ' && text.back() != ' ' &&
           is_plain_text(text, max_policy_word_bytes);
}

/// No blank: "uid 1234" stands for an account without a name, and is nobody's.
bool is_account(std::string_view text) {
    return is_word(text) && text.find_first_of(" :/") == std::string_view::npos;
}

std::string_view name_of(const std::string& name) {
    return name;
}
std::string_view name_of(const AccessSite& site) {
    return site.name;
}
std::string_view name_of(const AccessPerson& person) {
    return person.account;
}

/// what: of the list, as "person 'alice': sites".
template <class Entry>
Result<void> check_order(const std::string& what, const std::vector<Entry>& list) {
    for (std::size_t i = 1; i < list.size(); ++i) {
        const std::string_view before = name_of(list[i - 1]);
        if (before == name_of(list[i])) return wrong("{}: '{}' stands twice; keep one", what, shown(before));
        if (before > name_of(list[i]))
            return wrong("{}: '{}' stands before '{}'; sort them", what, shown(before),
                         shown(name_of(list[i])));
    }
    return {};
}

template <class Entry>
Result<void> check_list(const std::string& what, const std::vector<Entry>& list, std::size_t most) {
    if (list.size() > most) return wrong("{}: {} of them; at most {}", what, list.size(), most);
    return check_order(what, list);
}

Result<void> check_head(const AccessPolicy& policy) {
    if (policy.fleet.empty() || !is_plain_text(policy.fleet, max_name_bytes))
        return wrong("fleet: write 1 to {} letters", max_name_bytes);
    if (policy.version == 0 || policy.version > max_json_integer) return wrong("version: must be from 1");
    if (policy.issued < UtcTime()) return wrong("t: must not be before 1970");
    if (end_of(policy.until) <= policy.issued)
        return wrong("until: its last day is over when it is issued; write a later one");
    if (policy.until - std::chrono::floor<std::chrono::days>(policy.issued) > max_policy_life)
        return wrong("until: at most {} days after it is issued", max_policy_life.count());
    return {};
}

Result<void> check_sites(const AccessPolicy& policy) {
    TRY(check_list("sites", policy.sites, max_policy_sites));
    std::vector<std::string> all;
    for (const AccessSite& site : policy.sites) {
        if (!is_word(site.name))
            return wrong("sites: '{}': a name is 1 to {} letters", shown(site.name), max_policy_word_bytes);
        if (site.devices.empty()) return wrong("site '{}': name at least one device", site.name);
        TRY(check_order(fmt::format("site '{}': devices", site.name), site.devices));
        for (const std::string& device : site.devices)
            if (!is_device_name(device))
                return wrong("site '{}': '{}' is no device name (1 to 32 of a-z, 0-9 and -)", site.name,
                             shown(device));
        all.insert(all.end(), site.devices.begin(), site.devices.end());
    }
    std::ranges::sort(all);
    return check_list("devices of all sites", all, max_policy_devices);
}

Result<void> check_purposes(const AccessPolicy& policy) {
    for (const std::string& purpose : policy.purposes)
        if (!is_word(purpose))
            return wrong("purposes: '{}': a purpose is 1 to {} letters", shown(purpose),
                         max_policy_word_bytes);
    return check_list("purposes", policy.purposes, max_policy_purposes);
}

Result<void> check_operator(const AccessPolicy& policy, const AccessPerson& person) {
    if (person.sites.empty() || person.purposes.empty())
        return wrong("person '{}': an operator has at least one site and one purpose", person.account);
    TRY(check_order(fmt::format("person '{}': sites", person.account), person.sites));
    TRY(check_order(fmt::format("person '{}': purposes", person.account), person.purposes));
    for (const std::string& site : person.sites)
        if (std::ranges::find(policy.sites, site, &AccessSite::name) == policy.sites.end())
            return wrong("person '{}': there is no site '{}'; add it or correct the name", person.account,
                         shown(site));
    for (const std::string& purpose : person.purposes)
        if (std::ranges::find(policy.purposes, purpose) == policy.purposes.end())
            return wrong("person '{}': there is no purpose '{}'; add it or correct the name", person.account,
                         shown(purpose));
    return {};
}

Result<void> check_people(const AccessPolicy& policy) {
    bool administered = false;
    for (const AccessPerson& person : policy.people) {
        if (!is_account(person.account))
            return wrong("people: '{}': an account is 1 to {} letters without blank, ':' and '/'",
                         shown(person.account), max_policy_word_bytes);
        if (person.until < std::chrono::sys_days())
            return wrong("person '{}': until: must not be before 1970", person.account);
        if (person.role == AccessRole::operates)
            TRY(check_operator(policy, person));
        else if (!person.sites.empty() || !person.purposes.empty())
            return wrong(
                "person '{}': an {} sees no plate: no sites and no purposes; give the operator's "
                "rights to another account",
                person.account, to_string(person.role));
        administered |= person.role == AccessRole::administers && person.until >= policy.until;
    }
    if (!administered)
        return wrong("no administrator is enrolled until its end; name one whose time reaches the policy's");
    return check_list("people", policy.people, max_policy_people);
}

Result<void> check_gateways(const AccessPolicy& policy) {
    for (const std::string& gateway : policy.gateways) {
        if (!is_account(gateway))
            return wrong("gateways: '{}': an account is 1 to {} letters without blank, ':' and '/'",
                         shown(gateway), max_policy_word_bytes);
        if (policy.find(gateway) != nullptr)
            return wrong("gateway '{}': is a person's account; give the service one of its own", gateway);
    }
    return check_list("gateways", policy.gateways, max_policy_gateways);
}

}  // namespace

Result<void> check_access_policy(const AccessPolicy& policy) {
    TRY(check_head(policy));
    TRY(check_purposes(policy));
    TRY(check_sites(policy));
    TRY(check_people(policy));
    return check_gateways(policy);
}

}  // namespace portcullis
