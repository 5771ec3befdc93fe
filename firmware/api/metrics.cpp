#include "api/metrics.hpp"

#include <algorithm>
#include <array>

#include "api/metrics_text.hpp"

namespace portcullis {

namespace {

double number(std::uint64_t value) {
    return static_cast<double>(value);
}

double seconds_of(UtcTime time) {
    return std::chrono::duration<double>(time.time_since_epoch()).count();
}

void tell_serving(MetricsText& out, const ServingCounters& now) {
    out.gauge("portcullis_api_connections", "Connections that are open now.");
    out.sample(number(now.connections));
    out.gauge("portcullis_api_requests_in_work", "Requests that are being answered or wait for it.");
    out.sample(number(now.in_work));
    out.counter("portcullis_api_connections_total", "Connections that were taken.");
    out.sample(number(now.accepted));
    out.counter("portcullis_api_sign_ins_total", "Connections whose certificate was verified.");
    out.sample(number(now.signed_in));
    out.counter("portcullis_api_connections_let_go_total", "Connections that were let go, by reason.");
    out.sample(number(now.let_go_silent), {{"reason", "silent"}});
    out.sample(number(now.let_go_late), {{"reason", "late"}});
    out.sample(number(now.failed_handshakes), {{"reason", "handshake"}});
    out.sample(number(now.over_account), {{"reason", "account"}});
    out.sample(number(now.turned_away), {{"reason", "full"}});
    out.counter("portcullis_api_answers_total", "Answers, by what became of the request.");
    out.sample(number(now.answered_well), {{"outcome", "answered"}});
    out.sample(number(now.answered_refused), {{"outcome", "refused"}});
    out.sample(number(now.answered_failed), {{"outcome", "failed"}});
}

struct OpenerCount {
    const char* name;
    const char* help;
    std::uint64_t OpenerStatus::*value;
};
constexpr std::array opener_counts = {
    OpenerCount{"portcullis_opener_items_total", "Items that the opener was asked about.",
                &OpenerStatus::opened},
    OpenerCount{"portcullis_opener_good_total", "Items that are authentic by a trusted key.",
                &OpenerStatus::good},
    OpenerCount{"portcullis_opener_doubtful_total", "Items that are not.", &OpenerStatus::doubtful},
    OpenerCount{"portcullis_opener_waiting_total", "Pictures that came before their read.",
                &OpenerStatus::waiting},
    OpenerCount{"portcullis_opener_strangers_total", "Connections that were refused.",
                &OpenerStatus::strangers},
    OpenerCount{"portcullis_opener_slow_viewers_total", "Viewers who were let go for being behind.",
                &OpenerStatus::slow_viewers},
    OpenerCount{"portcullis_opener_reads_shown_total", "Reads shown to people, each with an audit entry.",
                &OpenerStatus::shown},
    OpenerCount{"portcullis_opener_refusals_total", "People who may not look, or looked too much.",
                &OpenerStatus::refused},
    OpenerCount{"portcullis_opener_alarms_total", "Alarms: somebody looks at more than is usual.",
                &OpenerStatus::alarms},
    OpenerCount{"portcullis_opener_searches_total", "Questions to the plate index that were answered.",
                &OpenerStatus::searches},
    OpenerCount{"portcullis_opener_indexed_total", "Reads entered in the plate index.",
                &OpenerStatus::indexed},
    OpenerCount{"portcullis_opener_unindexed_total", "Reads that the index's disk did not take.",
                &OpenerStatus::unindexed}};

void tell_openers(MetricsText& out, const std::vector<std::optional<OpenerStatus>>& openers) {
    const auto each = [&](const auto& value) {
        for (std::size_t i = 0; i < openers.size(); ++i)
            if (openers[i]) out.sample(value(*openers[i]), {{"opener", std::to_string(i + 1)}});
    };
    out.gauge("portcullis_opener_up", "1: the opener answers.");
    for (std::size_t i = 0; i < openers.size(); ++i)
        out.sample(openers[i] ? 1 : 0, {{"opener", std::to_string(i + 1)}});
    for (const OpenerCount& count : opener_counts) {
        out.counter(count.name, count.help);
        each([&](const OpenerStatus& status) { return number(status.*count.value); });
    }
    out.gauge("portcullis_opener_viewers", "Connections at the opener's view socket, now.");
    each([](const OpenerStatus& status) { return number(status.viewers); });
    out.gauge("portcullis_access_policy_version", "Version of the access policy in force at the opener.");
    each([](const OpenerStatus& status) { return number(status.policy_version); });
    out.gauge("portcullis_access_policy_end_timestamp_seconds",
              "When that policy ends, and nobody may look.");
    each([](const OpenerStatus& status) { return seconds_of(status.policy_ends); });
}

struct DeviceSums {
    std::uint64_t items = 0;
    std::uint64_t confirmed = 0;
    std::uint64_t duplicates = 0;
    std::uint64_t conflicts = 0;
    std::uint64_t missing = 0;
    std::uint64_t doubtful_chains = 0;
};

DeviceSums sums_of(const std::vector<const ChainRow*>& chains, const StoreReading& store) {
    DeviceSums sums;
    for (const ChainRow* one : chains) {
        const ChainRow& chain = *one;
        sums.items += chain.upto - std::min(chain.base, chain.upto);
        sums.confirmed += chain.confirmed - std::min(chain.base, chain.confirmed);
        sums.duplicates += chain.duplicates;
        sums.conflicts += chain.conflicts;
        sums.doubtful_chains += chain.mismatch != 0 ? 1 : 0;
        const auto gaps = store.gaps.find(chain.id);
        if (gaps == store.gaps.end()) continue;
        for (const GapRow& gap : gaps->second)
            sums.missing += gap.last - gap.first + 1;
    }
    return sums;
}

bool is_ours(const AccessPolicy& policy, const std::string& device) {
    return std::ranges::any_of(policy.sites, [&](const AccessSite& site) {
        return std::ranges::binary_search(site.devices, device);
    });
}

void tell_devices(MetricsText& out, const AccessPolicy& policy, const StoreReading& store) {
    std::vector<std::pair<const DeviceRow*, DeviceSums>> ours;
    ChainsByDevice chains = chains_by_device(store);
    for (const DeviceRow& device : store.devices)
        if (is_ours(policy, device.name)) ours.emplace_back(&device, sums_of(chains[device.name], store));
    const auto each = [&](std::string_view name, std::string_view help, const auto& value) {
        out.gauge(name, help);
        for (const auto& [device, sums] : ours)
            out.sample(value(*device, sums), {{"device", device->name}});
    };
    each("portcullis_device_heard_timestamp_seconds", "When anything was heard of the device last.",
         [](const DeviceRow& device, const DeviceSums&) { return seconds_of(device.heard_at); });
    each("portcullis_device_silent", "1: nothing is heard of it any more.",
         [](const DeviceRow& device, const DeviceSums&) { return device.silent_since ? 1.0 : 0.0; });
    each("portcullis_device_items", "Items of its chains without a gap before them, stored or declared shed.",
         [](const DeviceRow&, const DeviceSums& sums) { return number(sums.items); });
    each("portcullis_device_items_confirmed", "Of these, those whose link the device has signed.",
         [](const DeviceRow&, const DeviceSums& sums) { return number(sums.confirmed); });
    each("portcullis_device_items_missing", "Items in its open gaps (of each chain at most 100 gaps).",
         [](const DeviceRow&, const DeviceSums& sums) { return number(sums.missing); });
    each("portcullis_device_duplicates", "Items that came again.",
         [](const DeviceRow&, const DeviceSums& sums) { return number(sums.duplicates); });
    each("portcullis_device_conflicts", "Items that came for a place that another had.",
         [](const DeviceRow&, const DeviceSums& sums) { return number(sums.conflicts); });
    each("portcullis_device_doubtful_chains", "Chains in which the device's signed link is not ours.",
         [](const DeviceRow&, const DeviceSums& sums) { return number(sums.doubtful_chains); });
}

void tell_store(MetricsText& out, const AccessPolicy& policy, const std::optional<StoreReading>& store) {
    out.gauge("portcullis_store_up", "1: the collector's store can be read.");
    out.sample(store ? 1 : 0);
    if (!store) return;
    out.gauge("portcullis_store_devices", "Devices that the store has heard of.");
    out.sample(number(store->devices.size()));
    out.gauge("portcullis_store_chains", "Chains in the store.");
    out.sample(number(store->chains.size()));
    out.gauge("portcullis_store_open_gaps", "Gaps in all chains that nothing has closed yet.");
    out.sample(number(store->open_gaps));
    out.gauge("portcullis_store_incidents", "Lines of the incident table.");
    out.sample(number(store->incident_count));
    tell_devices(out, policy, *store);
}

}  // namespace

std::string metrics_of(const MetricsSources& sources) {
    MetricsText out;
    tell_serving(out, sources.serving);
    tell_openers(out, sources.openers);
    tell_store(out, sources.policy, sources.store);
    return out.take();
}

}  // namespace portcullis
