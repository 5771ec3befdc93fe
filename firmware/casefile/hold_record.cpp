#include "casefile/hold_record.hpp"

#include <algorithm>

#include "record/canonical_list.hpp"
#include "record/destruction_codec.hpp"

namespace portcullis {

namespace {

constexpr std::string_view record_beginning = R"({"v":1,"kind":"hold")";
constexpr std::string_view list_beginning = R"({"v":1,"kind":"hold_list","id":)";
constexpr std::size_t day_letters = 10;
constexpr std::size_t clock_letters = 16;

void write_part(CanonicalWriter& out, const HeldPart& part) {
    out.literal(R"({"seq":)").integer("seq", part.seq);
    if (part.key.size() != key_id_letters) out.reject("key", "must be a key id");
    out.literal(R"(,"rcp":)").hex(part.recipients);
    out.literal(R"(,"key":)").text("key", part.key, key_id_letters);
    out.literal(R"(,"sha256":)").hex(part.digest).literal("}");
}

HeldPart read_part(CanonicalReader& in) {
    HeldPart part;
    in.literal(R"({"seq":)");
    part.seq = in.integer("seq");
    in.literal(R"(,"rcp":)");
    part.recipients = in.digest("rcp");
    in.literal(R"(,"key":)");
    part.key = in.text("key", key_id_letters);
    in.literal(R"(,"sha256":)");
    part.digest = in.digest("sha256");
    in.literal("}");
    return part;
}

void write_read(CanonicalWriter& out, const HeldRead& read) {
    if (read.parts.empty() || read.parts.size() > max_held_parts || read.parts[0].seq != read.place.seq)
        out.reject("parts", "must be the read and its pictures");
    out.literal(R"({"dev":)").text("dev", read.place.device, max_device_name_bytes);
    out.literal(R"(,"chain":)").hex(read.place.chain.bytes);
    out.literal(R"(,"seq":)").integer("seq", read.place.seq);
    out.literal(R"(,"t":)").time("t", read.received.time_since_epoch());
    out.literal(R"(,"clock":)").text("clock", to_string(read.clock), clock_letters).literal(R"(,"parts":)");
    write_list(out, read.parts, [&out](const HeldPart& part) { write_part(out, part); });
    out.literal("}");
}

HeldRead read_read(CanonicalReader& in) {
    HeldRead read;
    in.literal(R"({"dev":)");
    read.place.device = in.text("dev", max_device_name_bytes);
    in.literal(R"(,"chain":)");
    read.place.chain = in.chain("chain");
    in.literal(R"(,"seq":)");
    read.place.seq = in.integer("seq");
    in.literal(R"(,"t":)");
    read.received = UtcTime(in.time("t"));
    in.literal(R"(,"clock":)");
    const auto clock = clock_doubt_from_string(in.text("clock", clock_letters));
    if (!clock) in.fault("clock");
    read.clock = clock.value_or(ClockDoubt::none);
    in.literal(R"(,"parts":)");
    read.parts = read_list<HeldPart>(in, "parts", max_held_parts, [&in] { return read_part(in); });
    in.literal("}");
    return read;
}

}  // namespace

Result<std::string> encode_hold(const HoldRecord& record) {
    CanonicalWriter out(max_hold_record_bytes);
    if (record.reads == 0 || record.reads > max_case_reads) out.reject("reads", "must be 1 to 500");
    if (record.key.size() != key_id_letters) out.reject("key", "must be a key id");
    out.literal(record_beginning).literal(R"(,"id":)").hex(record.id.bytes);
    out.literal(R"(,"fleet":)").text("fleet", record.fleet, max_case_word_bytes);
    out.literal(R"(,"who":)").text("who", record.who, max_case_word_bytes);
    out.literal(R"(,"approved":)").text("approved", record.approved, max_case_word_bytes);
    out.literal(R"(,"purpose":)").text("purpose", record.purpose, max_case_word_bytes);
    out.literal(R"(,"case":)").text("case", record.case_number, max_case_word_bytes);
    out.literal(R"(,"until":)").text("until", to_string(record.until), day_letters);
    out.literal(R"(,"key":)").text("key", record.key, key_id_letters);
    out.literal(R"(,"reads":)").integer("reads", record.reads);
    out.literal(R"(,"missing":)").integer("missing", record.missing);
    out.literal(R"(,"list":)").hex(record.list);
    out.literal(R"(,"t":)").time("t", record.made.time_since_epoch()).literal("}");
    return std::move(out).finish();
}

Result<HoldRecord> parse_hold(std::string_view json) {
    ObjectReader in(json, max_hold_record_bytes, record_beginning);
    HoldRecord record;
    record.id = in.chain("id");
    record.fleet = in.text("fleet", max_case_word_bytes);
    record.who = in.text("who", max_case_word_bytes);
    record.approved = in.text("approved", max_case_word_bytes);
    record.purpose = in.text("purpose", max_case_word_bytes);
    record.case_number = in.text("case", max_case_word_bytes);
    const auto until = day_from_string(in.text("until", day_letters));
    if (!until) return fail(ErrorCode::refused, "hold: 'until' is no day");
    record.until = *until;
    record.key = in.text("key", key_id_letters);
    record.reads = in.integer("reads");
    record.missing = in.integer("missing");
    record.list = in.digest("list");
    record.made = UtcTime(in.time("t"));
    return in.finish(record, &encode_hold);
}

Result<std::string> encode_hold_list(const HoldList& list) {
    CanonicalWriter out(4096);
    if (list.reads.empty() || list.reads.size() > max_case_reads) out.reject("reads", "must be 1 to 500");
    out.literal(list_beginning).hex(list.id.bytes).literal(R"(,"reads":)");
    write_list(out, list.reads, [&out](const HeldRead& read) { write_read(out, read); });
    out.literal("}");
    return std::move(out).finish();
}

Result<HoldList> parse_hold_list(std::string_view json) {
    CanonicalReader in(json.substr(0, max_hold_list_bytes));
    HoldList list;
    in.literal(list_beginning);
    list.id = in.chain("id");
    in.literal(R"(,"reads":)");
    list.reads = read_list<HeldRead>(in, "reads", max_case_reads, [&in] { return read_read(in); });
    TRY(in.literal("}").done());
    return written_alike(std::move(list), json, "hold list", &encode_hold_list);
}

}  // namespace portcullis
