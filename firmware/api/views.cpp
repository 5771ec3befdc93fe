#include "api/views.hpp"

#include <algorithm>

#include "collector/ingest/lookout.hpp"
#include "record/recipient_set_codec.hpp"

namespace portcullis {

namespace {

ApiJson time_or_null(const std::optional<UtcTime>& time) {
    return time ? ApiJson(to_iso8601(*time)) : ApiJson();
}

ApiJson site_of(const AccessPolicy& policy, const std::string& device) {
    for (const AccessSite& site : policy.sites)
        if (std::ranges::binary_search(site.devices, device)) return site.name;
    return {};
}

ApiJson json_of(const std::vector<GapRow>& gaps) {
    ApiJson list = ApiJson::array();
    for (const GapRow& gap : gaps)
        list.push_back({{"first", gap.first}, {"last", gap.last}, {"noticed", to_iso8601(gap.noticed_at)}});
    return list;
}

ApiJson json_of(const ChainRow& chain, const StoreReading& reading) {
    const auto gaps = reading.gaps.find(chain.id);
    return {{"chain", to_string(chain.chain)},
            {"branch", chain.branch},
            {"received", chain.settled()},
            {"confirmed", chain.confirmed},
            {"last", chain.last},
            {"last_seen", to_iso8601(chain.last_seen_at)},
            {"duplicates", chain.duplicates},
            {"conflicts", chain.conflicts},
            {"mismatch", chain.mismatch},
            {"open_gaps", gaps == reading.gaps.end() ? ApiJson::array() : json_of(gaps->second)}};
}

/// What its newest status claims; nobody signed it.
ApiJson claim_of(const DeviceRow& device) {
    if (!device.status_chain) return {};
    return {{"chain", to_string(*device.status_chain)}, {"last", device.status_last}};
}

}  // namespace

StoreSight::StoreSight(const AccessPolicy& policy, const AccessPerson& person)
    : all_(person.role != AccessRole::operates), devices_(policy.devices_of(person)) {}

bool StoreSight::covers(std::string_view device) const {
    return all_ || std::ranges::binary_search(devices_, device);
}

ApiJson me_json(const AccessPolicy& policy, const AccessPerson& person) {
    return {{"account", person.account},       {"role", to_string(person.role)},
            {"sites", person.sites},           {"devices", policy.devices_of(person)},
            {"purposes", person.purposes},     {"until", to_string(std::min(person.until, policy.until))},
            {"policy_version", policy.version}};
}

ApiJson devices_json(const StoreReading& reading, const AccessPolicy& policy, const StoreSight& sight) {
    ApiJson json{{"truncated", reading.truncated}, {"devices", ApiJson::array()}};
    const ChainsByDevice by_device = chains_by_device(reading);
    for (const DeviceRow& device : reading.devices) {
        if (!sight.covers(device.name)) continue;
        ApiJson chains = ApiJson::array();
        if (const auto his = by_device.find(device.name); his != by_device.end())
            for (const ChainRow* chain : his->second)
                chains.push_back(json_of(*chain, reading));
        json["devices"].push_back({{"device", device.name},
                                   {"site", site_of(policy, device.name)},
                                   {"last_heard", to_iso8601(device.heard_at)},
                                   {"silent_since", time_or_null(device.silent_since)},
                                   {"claims", claim_of(device)},
                                   {"tail_missing", device.tail_told},
                                   {"cloned", device.returns >= cloned_after_returns},
                                   {"chains", std::move(chains)}});
    }
    return json;
}

ApiJson incidents_json(const StoreReading& reading, const StoreSight& sight) {
    ApiJson json{{"truncated", false}, {"incidents", ApiJson::array()}};
    for (const IncidentRow& row : reading.incidents) {
        if (!sight.covers(row.device)) continue;
        if (json["incidents"].size() == max_told_incidents) {
            json["truncated"] = true;
            break;
        }
        json["incidents"].push_back({{"at", to_iso8601(row.at)},
                                     {"device", row.device},
                                     {"chain", to_string(row.chain)},
                                     {"seq", row.seq},
                                     {"what", row.what},
                                     {"times", row.times},
                                     {"last_at", to_iso8601(row.last_at)},
                                     {"last_seq", row.last_seq}});
    }
    return json;
}

}  // namespace portcullis
