#include "record/statement_codec.hpp"

#include "record/canonical.hpp"

namespace portcullis {

namespace {

constexpr std::size_t max_reason_bytes = 16;

LifeReason read_reason(CanonicalReader& in) {
    const auto reason = life_reason_from_string(in.text("why", max_reason_bytes));
    if (!reason) in.fault("why");
    return reason.value_or(LifeReason::start);
}

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

void begin(CanonicalReader& in, std::string_view kind, std::string& device, ChainId& chain) {
    in.literal(R"({"v":1,"kind":")").literal(kind).literal(R"(","dev":)");
    device = in.text("dev", max_device_name_bytes);
    in.literal(R"(,"chain":)");
    chain = in.chain("chain");
}

Seq read_number(CanonicalReader& in, std::string_view key, std::string_view field) {
    in.literal(key);
    return in.integer(field);
}

void end(CanonicalReader& in, Digest& link, UtcTime& time) {
    in.literal(R"(,"link":)");
    link = in.digest("link");
    in.literal(R"(,"t":)");
    time = UtcTime(in.time("t"));
    in.literal("}");
}

/// The writer has the last word: ranges and second spellings.
template <class Statement>
Result<Statement> confirm(CanonicalReader& in, std::string_view json, const Statement& statement,
                          Result<std::string> (*encode)(const Statement&)) {
    TRY(in.done());
    const Result<std::string> again = encode(statement);
    if (!again || *again != json) return fail(ErrorCode::refused, "record: the statement is not canonical");
    return statement;
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
    CanonicalReader in(json.substr(0, max_statement_bytes));
    Checkpoint checkpoint;
    begin(in, "checkpoint", checkpoint.device, checkpoint.chain);
    checkpoint.first = read_number(in, R"(,"first":)", "first");
    checkpoint.last = read_number(in, R"(,"last":)", "last");
    end(in, checkpoint.link, checkpoint.time);
    return confirm(in, json, checkpoint, &encode_checkpoint);
}

Result<Tombstone> parse_tombstone(std::string_view json) {
    CanonicalReader in(json.substr(0, max_statement_bytes));
    Tombstone tombstone;
    begin(in, "tombstone", tombstone.device, tombstone.chain);
    tombstone.first = read_number(in, R"(,"first":)", "first");
    tombstone.last = read_number(in, R"(,"last":)", "last");
    tombstone.reads = read_number(in, R"(,"reads":)", "reads");
    tombstone.plates = read_number(in, R"(,"plates":)", "plates");
    tombstone.overviews = read_number(in, R"(,"overviews":)", "overviews");
    tombstone.checkpoints = read_number(in, R"(,"checkpoints":)", "checkpoints");
    end(in, tombstone.link, tombstone.time);
    return confirm(in, json, tombstone, &encode_tombstone);
}

Result<LifeStatement> parse_life(std::string_view json) {
    CanonicalReader in(json.substr(0, max_statement_bytes));
    LifeStatement life;
    begin(in, "life", life.device, life.chain);
    in.literal(R"(,"why":)");
    life.reason = read_reason(in);
    life.boots = read_number(in, R"(,"boots":)", "boots");
    in.literal(R"(,"from":)");
    life.previous = in.chain("from");
    life.previous_last = read_number(in, R"(,"from_last":)", "from_last");
    in.literal(R"(,"from_link":)");
    life.previous_link = in.digest("from_link");
    life.records_lost = read_number(in, R"(,"lost":)", "lost");
    life.frames_dropped = read_number(in, R"(,"dropped":)", "dropped");
    life.last = read_number(in, R"(,"last":)", "last");
    end(in, life.link, life.time);
    return confirm(in, json, life, &encode_life);
}

Result<Receipt> parse_receipt(std::string_view json) {
    CanonicalReader in(json.substr(0, max_statement_bytes));
    Receipt receipt;
    begin(in, "receipt", receipt.device, receipt.chain);
    receipt.upto = read_number(in, R"(,"upto":)", "upto");
    end(in, receipt.link, receipt.time);
    return confirm(in, json, receipt, &encode_receipt);
}

}  // namespace portcullis
