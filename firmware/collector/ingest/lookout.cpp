#include "collector/ingest/lookout.hpp"

#include <nlohmann/json.hpp>

#include "collector/ingest/incoming.hpp"

namespace portcullis {

namespace {

constexpr std::size_t max_status_bytes = 4096;
/// A round tells of no more devices; the rest follows with the next.
constexpr std::size_t max_told = 256;

struct Claim {
    bool up = false;
    ChainId chain;
    Seq last = 0;
};

/// A hint, so what does not fit is not there. No key of it is believed.
std::optional<Claim> parse_status(ByteView bytes) {
    if (bytes.size() > max_status_bytes) return std::nullopt;
    const auto json = nlohmann::json::parse(as_text(bytes), nullptr, false);
    if (!json.is_object()) return std::nullopt;
    const auto text = [&json](const char* key) {
        const auto place = json.find(key);
        return place != json.end() && place->is_string() ? place->get<std::string>() : std::string();
    };
    Claim claim;
    claim.up = text("state") == "up";
    if (!claim.up) return claim;
    const auto chain = chain_from_string(text("chain"));
    const auto last = json.find("last_seq");
    if (!chain || last == json.end() || !last->is_number_unsigned()) return std::nullopt;
    claim.chain = *chain;
    claim.last = last->get<std::uint64_t>();
    return claim.last <= max_seq ? std::optional(claim) : std::nullopt;
}

}  // namespace

Result<void> Lookout::incident(const DeviceRow& device, Seq seq, std::string what, UtcTime now) {
    return store_->incidents.add(
        {now, device.name, device.status_chain.value_or(ChainId()), seq, std::move(what)});
}

Result<void> Lookout::heard(DeviceRow& device, UtcTime now) {
    device.heard_at = now;
    if (!device.silent_since) return {};
    device.silent_since.reset();
    return incident(device, 0, "is heard again", now);
}

Result<void> Lookout::hear_status(const BrokerMessage& message, UtcTime now) {
    const std::string name = device_of_topic(message.topic);
    const std::optional<Claim> claim = parse_status(message.payload);
    if (name.empty() || !claim) return {};
    auto device = TRY(store_->devices.find_or_add(name, now));
    if (!device) return {};
    // What the broker kept for us may be from any time, and a will is no sign of life.
    if (claim->up && !message.retained) TRY(heard(*device, now));
    if (claim->up) {
        device->status_chain = claim->chain;
        device->status_last = claim->last;
        TRY(weigh_tail(*device, now));
    }
    return store_->devices.save(*device);
}

Result<void> Lookout::weigh_tail(DeviceRow& device, UtcTime now) {
    Seq come = 0;
    if (device.status_chain)
        for (const ChainRow& chain : TRY(store_->chains.branches(device.name, *device.status_chain)))
            come = std::max(come, chain.last);
    if (device.status_last > come) {
        if (!device.tail_since) device.tail_since = now;
        return {};
    }
    device.tail_since.reset();
    device.tail_told = false;
    return {};
}

Result<void> Lookout::hear_items(const std::set<std::string>& devices, UtcTime now) {
    for (const std::string& name : devices) {
        auto device = TRY(store_->devices.find_or_add(name, now));
        if (!device) continue;
        TRY(heard(*device, now));
        if (device->tail_since) TRY(weigh_tail(*device, now));
        TRY(store_->devices.save(*device));
    }
    return {};
}

Result<void> Lookout::hear_statement(const ChainRow& chain, UtcTime signed_time, UtcTime now) {
    auto device = TRY(store_->devices.find_or_add(chain.device, now));
    if (!device || signed_time <= device->statement_at) return {};
    // A chain that is older than the one before is alive again, by its device's own word.
    const bool returned = device->statement_chain != 0 && chain.id < device->statement_chain;
    device->statement_chain = chain.id;
    device->statement_at = signed_time;
    if (returned) {
        if (now - device->returns_at > returns_within) {
            device->returns = 0;
            device->returns_at = now;
        }
        if (++device->returns == cloned_after_returns)
            TRY(store_->incidents.add(
                {now, chain.device, chain.chain, 0, "cloned: two chains of this device are alive at once"}));
    }
    return store_->devices.save(*device);
}

Result<void> Lookout::look_round(UtcTime now) {
    for (DeviceRow& device : TRY(store_->devices.quiet_since(now - silent_after, max_told))) {
        device.silent_since = device.heard_at;
        TRY(incident(device, 0, "is silent: neither items nor status come", now));
        TRY(store_->devices.save(device));
    }
    for (DeviceRow& device : TRY(store_->devices.tails_since(now - tail_after, max_told))) {
        TRY(weigh_tail(device, now));
        device.tail_told = device.tail_since.has_value();
        if (device.tail_told)
            TRY(incident(device, device.status_last, "its status names items that do not come", now));
        TRY(store_->devices.save(device));
    }
    return {};
}

}  // namespace portcullis
