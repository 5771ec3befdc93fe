#include "record/statement_codec.hpp"

#include "record/canonical.hpp"

namespace portcullis {

namespace {

constexpr std::size_t max_reason_bytes = 16;

void begin(CanonicalWriter& out, std::string_view kind, const std::string& device, const ChainId& chain) {
    if (!is_device_name(device)) out.reject("dev", "must be a device name");
    out.literal(R"({"v":1,"kind":")").literal(kind).literal(R"(","dev":)");
    out.text("dev", device, max_device_name_bytes).literal(R"(,"chain":)").hex(chain.bytes);
}

void write_span(CanonicalWriter& out, Seq first, Seq last) {
    if (first == 0 || first > last) out.reject("first", "must be from 1 to last");
    out.literal(R"(,"first":)").integer("first", first).literal(R"(,"last":)").integer("last", last);
}

void end(CanonicalWriter& out, const Digest& link, UtcTime time) {
    out.literal(R"(,"link":)").hex(link).literal(R"(,"t":)").time("t", time.time_since_epoch()).literal("}");
}

ObjectReader begin(std::string_view json, std::string_view kind) {
    return {json, max_statement_bytes, fmt::format(R"({{"v":1,"kind":"{}")", kind)};
}

}  // namespace

Result<std::string> encode_checkpoint(const Checkpoint& checkpoint) {
    CanonicalWriter out(max_statement_bytes);
    begin(out, "checkpoint", checkpoint.device, checkpoint.chain);
    write_span(out, checkpoint.first, checkpoint.last);
    end(out, checkpoint.link, checkpoint.time);
    return std::move(out).finish();
}

Result<std::string> encode_tombstone(const Tombstone& tombstone) {
    CanonicalWriter out(max_statement_bytes);
    begin(out, "tombstone", tombstone.device, tombstone.chain);
    write_span(out, tombstone.first, tombstone.last);
    out.literal(R"(,"reads":)").integer("reads", tombstone.reads);
    out.literal(R"(,"plates":)").integer("plates", tombstone.plates);
    out.literal(R"(,"overviews":)").integer("overviews", tombstone.overviews);
    out.literal(R"(,"checkpoints":)").integer("checkpoints", tombstone.checkpoints);
    end(out, tombstone.link, tombstone.time);
    return std::move(out).finish();
}

Result<std::string> encode_life(const LifeStatement& life) {
    CanonicalWriter out(max_statement_bytes);
    begin(out, "life", life.device, life.chain);
    const bool begins = begins_chain(life.reason);
    const bool has_previous = life.previous != ChainId() || life.previous_last != 0;
    if (begins && life.last != 0) out.reject("why", "a chain begins with its first item");
    if (has_previous && (!begins || life.reason == LifeReason::made))
        out.reject("from", "only a chain that follows another has one before it");
    if (life.boots == 0) out.reject("boots", "must be from 1");
    out.literal(R"(,"why":)").text("why", to_string(life.reason), max_reason_bytes);
    out.literal(R"(,"boots":)").integer("boots", life.boots);
    out.literal(R"(,"from":)").hex(life.previous.bytes);
    out.literal(R"(,"from_last":)").integer("from_last", life.previous_last);
    out.literal(R"(,"from_link":)").hex(life.previous_link);
    out.literal(R"(,"lost":)").integer("lost", life.records_lost);
    out.literal(R"(,"dropped":)").integer("dropped", life.frames_dropped);
    out.literal(R"(,"last":)").integer("last", life.last);
    end(out, life.link, life.time);
    return std::move(out).finish();
}

Result<std::string> encode_receipt(const Receipt& receipt) {
    CanonicalWriter out(max_statement_bytes);
    begin(out, "receipt", receipt.device, receipt.chain);
    out.literal(R"(,"upto":)").integer("upto", receipt.upto);
    end(out, receipt.link, receipt.time);
    return std::move(out).finish();
}

Result<Checkpoint> parse_checkpoint(std::string_view json) {
    ObjectReader in = begin(json, "checkpoint");
    Checkpoint checkpoint;
    checkpoint.device = in.text("dev", max_device_name_bytes);
    checkpoint.chain = in.chain("chain");
    checkpoint.first = in.integer("first");
    checkpoint.last = in.integer("last");
    checkpoint.link = in.digest("link");
    checkpoint.time = UtcTime(in.time("t"));
    return in.finish(checkpoint, &encode_checkpoint);
}

Result<Tombstone> parse_tombstone(std::string_view json) {
    ObjectReader in = begin(json, "tombstone");
    Tombstone tombstone;
    tombstone.device = in.text("dev", max_device_name_bytes);
    tombstone.chain = in.chain("chain");
    tombstone.first = in.integer("first");
    tombstone.last = in.integer("last");
    tombstone.reads = in.integer("reads");
    tombstone.plates = in.integer("plates");
    tombstone.overviews = in.integer("overviews");
    tombstone.checkpoints = in.integer("checkpoints");
    tombstone.link = in.digest("link");
    tombstone.time = UtcTime(in.time("t"));
    return in.finish(tombstone, &encode_tombstone);
}

Result<LifeStatement> parse_life(std::string_view json) {
    ObjectReader in = begin(json, "life");
    LifeStatement life;
    life.device = in.text("dev", max_device_name_bytes);
    life.chain = in.chain("chain");
    life.reason = in.word("why", &life_reason_from_string);
    life.boots = in.integer("boots");
    life.previous = in.chain("from");
    life.previous_last = in.integer("from_last");
    life.previous_link = in.digest("from_link");
    life.records_lost = in.integer("lost");
    life.frames_dropped = in.integer("dropped");
    life.last = in.integer("last");
    life.link = in.digest("link");
    life.time = UtcTime(in.time("t"));
    return in.finish(life, &encode_life);
}

Result<Receipt> parse_receipt(std::string_view json) {
    ObjectReader in = begin(json, "receipt");
    Receipt receipt;
    receipt.device = in.text("dev", max_device_name_bytes);
    receipt.chain = in.chain("chain");
    receipt.upto = in.integer("upto");
    receipt.link = in.digest("link");
    receipt.time = UtcTime(in.time("t"));
    return in.finish(receipt, &encode_receipt);
}

}  // namespace portcullis
