#include "apps/portcullis/access_policy_source.hpp"

#include <algorithm>

#include "config/settings_reader.hpp"
#include "record/access_policy_codec.hpp"
#include "record/recipient_set_codec.hpp"

namespace portcullis {

namespace {

std::chrono::sys_days read_day(SettingsSection& section, std::string_view key) {
    const auto day = day_from_string(section.text(key));
    section.check(day.has_value(), key, "write a day in quotes, as \"2027-02-28\"");
    return day.value_or(std::chrono::sys_days());
}

std::vector<std::string> sorted(std::vector<std::string> words) {
    std::ranges::sort(words);
    return words;
}

AccessPerson read_person(SettingsSection& section) {
    const std::vector<std::string> none;
    AccessPerson person;
    person.account = section.text("account");
    person.role = section.choice<AccessRole>("role", {{"operator", AccessRole::operates},
                                                      {"auditor", AccessRole::audits},
                                                      {"administrator", AccessRole::administers}});
    person.sites = sorted(section.texts("sites", none));
    person.purposes = sorted(section.texts("purposes", none));
    person.until = read_day(section, "until");
    return person;
}

}  // namespace

Result<AccessPolicy> load_access_policy_source(const std::filesystem::path& file) {
    // What the environment says vouches for nobody.
    SettingsReader in = TRY(SettingsReader::open(file, Environment::ignored));
    SettingsSection root = in.root();
    AccessPolicy policy;
    policy.fleet = root.text("fleet");
    policy.until = read_day(root, "valid_until");
    policy.purposes = sorted(root.texts("purposes", std::vector<std::string>()));
    for (SettingsSection& site : in.sections("site", max_policy_sites))
        policy.sites.push_back({site.text("name"), sorted(site.texts("devices"))});
    for (SettingsSection& person : in.sections("person", max_policy_people))
        policy.people.push_back(read_person(person));
    for (SettingsSection& gateway : in.sections("gateway", max_policy_gateways))
        policy.gateways.push_back(gateway.text("account"));
    TRY(in.finish());
    std::ranges::sort(policy.gateways);
    std::ranges::sort(policy.sites, {}, &AccessSite::name);
    std::ranges::sort(policy.people, {}, &AccessPerson::account);
    return policy;
}

}  // namespace portcullis
