#include "collector/ingest/incoming.hpp"

#include <charconv>
#include <map>

namespace portcullis {

namespace {

constexpr std::string_view topic_start = "lpr/v1/dev/";

using Properties = std::map<std::string_view, std::string_view>;

Result<Properties> unique_properties(const BrokerMessage& message) {
    if (message.properties.size() > max_user_properties)
        return fail(ErrorCode::refused, "more than {} user properties", max_user_properties);
    Properties all;
    for (const auto& [name, value] : message.properties)
        if (!all.emplace(name, value).second)
            return fail(ErrorCode::refused, "a user property stands there twice");
    return all;
}

Result<std::string_view> property(const Properties& all, std::string_view name) {
    const auto place = all.find(name);
    if (place == all.end()) return fail(ErrorCode::refused, "the user property '{}' is missing", name);
    return place->second;
}

/// Decimal digits only, from 1 to max_seq.
Result<Seq> seq_property(const Properties& all, std::string_view name) {
    const std::string_view text = TRY(property(all, name));
    Seq seq = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, seq);
    if (error != std::errc() || stop != end || seq < 1 || seq > max_seq || text.front() == '0')
        return fail(ErrorCode::refused, "the user property '{}' is not a number from 1 to {}", name, max_seq);
    return seq;
}

Result<void> read_span(const Properties& all, Incoming& incoming) {
    incoming.first = TRY(seq_property(all, "first"));
    incoming.last = TRY(seq_property(all, "last"));
    if (incoming.first > incoming.last)
        return fail(ErrorCode::refused, "the user property 'first' is above 'last'");
    return {};
}

}  // namespace

std::string device_of_topic(std::string_view topic) {
    if (!topic.starts_with(topic_start)) return {};
    topic.remove_prefix(topic_start.size());
    const std::string_view name = topic.substr(0, topic.find('/'));
    return is_device_name(name) ? std::string(name) : std::string();
}

Result<Incoming> parse_incoming(const BrokerMessage& message) {
    Incoming incoming;
    incoming.device = device_of_topic(message.topic);
    if (incoming.device.empty()) return fail(ErrorCode::refused, "the topic names no device");
    const Properties all = TRY(unique_properties(message));
    if (TRY(property(all, "v")) != "1") return fail(ErrorCode::refused, "the user property 'v' is not 1");
    const auto kind = item_kind_from_string(TRY(property(all, "kind")));
    if (!kind) return fail(ErrorCode::refused, "the user property 'kind' is not known");
    incoming.kind = *kind;
    if (message.topic != fmt::format("{}{}/{}", topic_start, incoming.device, topic_leaf(*kind)))
        return fail(ErrorCode::refused, "the topic does not fit the kind '{}'", to_string(*kind));
    const auto chain = chain_from_string(TRY(property(all, "chain")));
    if (!chain) return fail(ErrorCode::refused, "the user property 'chain' is not 16 hex digits");
    incoming.chain = *chain;
    incoming.seq = TRY(seq_property(all, "seq"));
    if (*kind == ItemKind::tombstone) TRY(read_span(all, incoming));
    return incoming;
}

}  // namespace portcullis
