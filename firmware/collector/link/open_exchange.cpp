#include "collector/link/open_exchange.hpp"

#include <algorithm>

#include "collector/link/strict_json.hpp"

namespace portcullis {

namespace {

constexpr std::uint64_t version = 3;
constexpr std::size_t word_limit = 32;
constexpr std::uint64_t any_id = (std::uint64_t{1} << 63U) - 1;

template <class T>
T known(StrictJson& json, const char* key, std::optional<T> value, T otherwise) {
    json.check(value.has_value(), key, "is not a word of this protocol");
    return value.value_or(otherwise);
}

ItemKind kind_field(StrictJson& json) {
    const auto kind = item_kind_from_string(json.text("kind", word_limit));
    const bool sealed = kind && !is_statement(*kind) && kind != ItemKind::tombstone;
    json.check(sealed, "kind", "is not read, plate, overview or health");
    return kind.value_or(ItemKind::read);
}

ChainId chain_field(StrictJson& json) {
    const auto chain = chain_from_string(json.text("chain", word_limit));
    json.check(chain.has_value(), "chain", "is not 16 hex digits");
    return chain.value_or(ChainId{});
}

std::vector<GivenReceipt> receipts_field(StrictJson& json) {
    std::vector<GivenReceipt> receipts;
    for (const nlohmann::json& entry : json.list("receipts", max_given_receipts)) {
        const bool whole = entry.is_array() && entry.size() == 2 && entry[0].is_string() &&
                           (entry[1].is_null() || entry[1].is_number_integer());
        const Result<Bytes> digest = from_hex(whole ? entry[0].get<std::string>() : std::string());
        json.check(digest && digest->size() == Digest().size(), "receipts",
                   "holds an entry that is not [digest, time or null]");
        if (!digest || digest->size() != Digest().size()) continue;
        GivenReceipt receipt;
        std::ranges::copy(*digest, receipt.digest.begin());
        if (entry[1].is_number_integer()) receipt.at = UtcTime(microseconds(entry[1].get<std::int64_t>()));
        receipts.push_back(receipt);
    }
    return receipts;
}

std::string_view to_string(OpenOutcome outcome) {
    switch (outcome) {
        case OpenOutcome::asks:
            return "asks";
        case OpenOutcome::waits:
            return "waits";
        default:
            return "judged";
    }
}

std::optional<OpenOutcome> outcome_from_string(std::string_view text) {
    for (const OpenOutcome outcome : {OpenOutcome::judged, OpenOutcome::asks, OpenOutcome::waits})
        if (to_string(outcome) == text) return outcome;
    return std::nullopt;
}

std::string device_field(StrictJson& json) {
    std::string device = json.text("device", max_device_name_bytes);
    json.check(is_device_name(device), "device", "is not a device name");
    return device;
}

}  // namespace

Packet hello_packet(const Digest& keys) {
    return Packet{nlohmann::json{{"v", version}, {"op", "hello"}, {"keys", to_hex(keys)}}.dump(), {}};
}

Result<Digest> parse_hello(const Packet& packet) {
    StrictJson json = TRY(StrictJson::parse(packet.header, "hello"));
    json.begins(version, "hello");
    const Digest keys = json.digest("keys");
    TRY(json.finish());
    return keys;
}

Packet to_packet(OpenRequest request) {
    nlohmann::json header{{"v", version},
                          {"op", "open"},
                          {"id", request.id},
                          {"device", request.device},
                          {"chain", to_string(request.chain)},
                          {"seq", request.seq},
                          {"kind", to_string(request.kind)},
                          {"received_us", request.received_at.time_since_epoch().count()},
                          {"vouched", request.vouched},
                          {"again", request.again},
                          {"claim", request.claim},
                          {"receipts", nlohmann::json::array()}};
    for (const GivenReceipt& receipt : request.receipts)
        header["receipts"].push_back(nlohmann::json::array(
            {to_hex(receipt.digest),
             receipt.at ? nlohmann::json(receipt.at->time_since_epoch().count()) : nlohmann::json()}));
    if (request.previous) header["previous"] = to_hex(*request.previous);
    return Packet{header.dump(), std::move(request.blob)};
}

Packet to_packet(const OpenReply& reply) {
    nlohmann::json header{{"v", version},
                          {"op", "verdict"},
                          {"id", reply.id},
                          {"outcome", to_string(reply.outcome)},
                          {"authenticity", to_string(reply.verdict.authenticity)},
                          {"key_trust", to_string(reply.verdict.key_trust)},
                          {"clock", to_string(reply.verdict.clock)},
                          {"in_place", reply.in_place}};
    if (reply.receipt) header["receipt"] = to_hex(*reply.receipt);
    if (reply.signed_previous) header["signed_previous"] = to_hex(*reply.signed_previous);
    if (reply.recipient_set) {
        header["recipient_set"] = to_hex(reply.recipient_set->digest);
        header["stale_set"] = reply.recipient_set->stale;
    }
    return Packet{header.dump(), {}};
}

Result<OpenRequest> parse_open_request(Packet packet) {
    StrictJson json = TRY(StrictJson::parse(packet.header, "open request"));
    OpenRequest request;
    json.begins(version, "open");
    request.id = json.number("id", 0, any_id);
    request.device = device_field(json);
    request.chain = chain_field(json);
    request.seq = json.number("seq", 1, max_seq);
    request.kind = kind_field(json);
    request.received_at = json.time_us("received_us");
    request.vouched = json.flag("vouched");
    request.again = json.flag("again");
    request.claim = json.flag("claim");
    request.receipts = receipts_field(json);
    if (json.has("previous")) request.previous = json.digest("previous");
    TRY(json.finish());
    request.blob = std::move(packet.blob);
    return request;
}

Result<OpenReply> parse_open_reply(const Packet& packet) {
    StrictJson json = TRY(StrictJson::parse(packet.header, "open reply"));
    OpenReply reply;
    json.begins(version, "verdict");
    reply.id = json.number("id", 0, any_id);
    reply.outcome =
        known(json, "outcome", outcome_from_string(json.text("outcome", word_limit)), OpenOutcome::judged);
    reply.verdict.authenticity =
        known(json, "authenticity", authenticity_from_string(json.text("authenticity", word_limit)),
              Authenticity::damaged);
    reply.verdict.key_trust = known(
        json, "key_trust", key_trust_from_string(json.text("key_trust", word_limit)), KeyTrust::unchecked);
    reply.verdict.clock =
        known(json, "clock", clock_doubt_from_string(json.text("clock", word_limit)), ClockDoubt::none);
    reply.in_place = json.flag("in_place");
    if (json.has("receipt")) reply.receipt = json.digest("receipt");
    if (json.has("signed_previous")) reply.signed_previous = json.digest("signed_previous");
    if (json.has("recipient_set"))
        reply.recipient_set = SetClaim{json.digest("recipient_set"), json.flag("stale_set")};
    TRY(json.finish());
    return reply;
}

}  // namespace portcullis
