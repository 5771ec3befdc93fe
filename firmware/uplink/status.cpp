#include "uplink/status.hpp"

#include "record/health_codec.hpp"

namespace portcullis {

namespace {

BrokerMessage retained(const std::string& device, const std::string& json) {
    return {.topic = fmt::format("lpr/v1/dev/{}/status", device),
            .payload = to_bytes(json),
            .content_type = "application/json",
            .retained = true};
}

std::string reader_text(const std::optional<HealthReport>& reader) {
    if (!reader) return "{}";
    CanonicalWriter out(max_health_bytes);
    out.literal("{");
    write_report(out, *reader);
    out.literal("}");
    return std::move(out).finish().value_or("{}");
}

}  // namespace

// Nothing here needs escaping: names and chain ids are of a-z, 0-9 and '-'.
BrokerMessage status_message(const std::string& device, const SpoolStats& spool,
                             const UplinkCounters& counters, const std::optional<HealthReport>& reader,
                             UtcTime now) {
    const auto oldest_s = std::chrono::duration_cast<std::chrono::seconds>(spool.oldest_age).count();
    return retained(
        device,
        fmt::format(
            R"({{"v":1,"state":"up","device":"{}","time":"{}","chain":"{}","last_seq":{},"received_seq":{},)"
            R"("spool":{{"items":{},"bytes":{},"oldest_age_s":{}}},)"
            R"("shed":{{"reads":{},"plates":{},"overviews":{},"checkpoints":{}}},)"
            R"("counters":{{"published":{},"accepted":{},"received":{},"resent":{},"denied":{},"refused_receipts":{}}},)"
            R"("reader":{}}})",
            device, to_iso8601(now), to_string(spool.chain), spool.last_seq, spool.received, spool.items,
            spool.bytes, oldest_s, spool.shed_reads, spool.shed_plates, spool.shed_overviews,
            spool.shed_checkpoints, counters.published, counters.accepted, counters.received, counters.resent,
            counters.denied, counters.refused_receipts, reader_text(reader)));
}

BrokerMessage farewell_message(const std::string& device, std::string_view state) {
    return retained(device, fmt::format(R"({{"v":1,"state":"{}","device":"{}"}})", state, device));
}

}  // namespace portcullis
