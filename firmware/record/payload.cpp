#include "record/payload.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "record/canonical.hpp"

namespace portcullis {

namespace {

constexpr std::string_view opening = R"({"v":4,"fleet":)";
constexpr std::string_view closing = "\"}";
constexpr float max_coordinate = 100'000;
constexpr std::uint64_t max_count = 1'000'000'000;           // of readings and frames: fits an int
constexpr std::uint64_t max_clock_span = 1'000'000'000'000;  // of the clock's error and holdover
constexpr std::size_t key_id_bytes = 20;

bool is_plate_letter(char letter) {
    return (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9');
}

void write_choice(CanonicalWriter& out, char letter, float confidence) {
    if (!is_plate_letter(letter)) out.reject("chars", "must be A-Z or 0-9");
    out.literal("[\"").literal({&letter, 1}).literal("\",");
    out.decimal("chars", confidence, 3, 0, 1);
}

/// Without a plate nothing of a guess goes on: abstaining is in vain if the raw text tells it.
void write_raw(CanonicalWriter& out, const Read& read) {
    if (read.raw.size() > max_plate_characters) return out.reject("raw", "is too long for one plate");
    if (!std::ranges::all_of(read.raw, is_plate_letter)) out.reject("raw", "must be A-Z or 0-9");
    if (read.characters.empty() && !read.raw.empty()) out.reject("raw", "must be empty without a plate");
    out.literal(R"(","raw":")").literal(read.raw);
}

void write_plate(CanonicalWriter& out, const Read& read) {
    const std::vector<CharacterReading>& characters = read.characters;
    if (characters.size() > max_plate_characters) return out.reject("chars", "are too many for one plate");
    out.literal(R"("plate":")");
    for (const CharacterReading& character : characters)
        out.literal({&character.letter, 1});
    write_raw(out, read);
    out.literal(R"(","chars":[)");
    for (const CharacterReading& character : characters) {
        if (&character != &characters.front()) out.literal(",");
        if (character.alternatives.size() > max_alternatives)
            return out.reject("chars", "have too many alternatives");
        write_choice(out, character.letter, character.confidence);
        out.literal(",[");
        for (const CharacterChoice& choice : character.alternatives) {
            if (&choice != &character.alternatives.front()) out.literal(",");
            write_choice(out, choice.letter, choice.confidence);
            out.literal("]");
        }
        out.literal("]]");
    }
    out.literal("]");
}

void write_media(CanonicalWriter& out, const std::vector<MediaEntry>& media) {
    if (media.size() > max_media) return out.reject("media", "are too many for one record");
    out.literal(R"("media":[)");
    for (const MediaEntry& entry : media) {
        if (&entry != &media.front()) out.literal(",");
        out.literal(R"({"role":")").literal(to_string(entry.role)).literal(R"(","seq":)");
        out.integer("media seq", entry.seq).literal(R"(,"sha256":)").hex(entry.sha256);
        out.literal(R"(,"n":)")
            .integer("media n", entry.bytes)
            .literal(R"(,"rcp":)")
            .hex(entry.recipients)
            .literal("}");
    }
    out.literal("]");
}

std::size_t padding_after(std::size_t bytes) {
    if (bytes <= min_payload_bytes) return min_payload_bytes - bytes;
    return (payload_block_bytes - bytes % payload_block_bytes) % payload_block_bytes;
}

/// What is not known is not there: a record of a clock in step, of unknown error, has "clk" alone.
void write_clock(CanonicalWriter& out, const ClockState& clock) {
    const bool holdover = clock.quality == ClockQuality::holdover;
    const bool negative =
        clock.holdover.count() < 0 || clock.error.value_or(milliseconds{0}) < milliseconds{0};
    if (negative || (!holdover && clock.holdover.count() != 0))
        out.reject("hold", "must not be negative, and 0 unless clk is holdover");
    out.literal(R"(,"clk":")").literal(to_string(clock.quality)).literal("\",");
    if (holdover)
        out.literal(R"("hold":)")
            .integer("hold", static_cast<std::uint64_t>(clock.holdover.count()))
            .literal(",");
    if (clock.error)
        out.literal(R"("err":)")
            .integer("err", static_cast<std::uint64_t>(clock.error->count()))
            .literal(",");
}

void write_place(CanonicalWriter& out, const ReadPayload& payload) {
    if (!is_device_name(payload.device)) out.reject("dev", "must be a device name");
    if (payload.seq == 0) out.reject("seq", "begins at 1");
    out.literal(opening).text("fleet", payload.fleet, max_name_bytes);
    out.literal(R"(,"dev":)").text("dev", payload.device, max_device_name_bytes);
    out.literal(R"(,"chain":)").hex(payload.chain.bytes);
    out.literal(R"(,"boot":)").text("boot", payload.boot, max_name_bytes);
    out.literal(R"(,"seq":)").integer("seq", payload.seq);
    out.literal(R"(,"prev":)").hex(payload.previous);
    out.literal(R"(,"ack":)").hex(payload.last_receipt);
    out.literal(R"(,"t":)").time("t", payload.captured.time_since_epoch());
    out.literal(R"(,"mono":)").time("mono", payload.captured_since_boot.time_since_epoch());
    write_clock(out, payload.clock);
}

void write_jurisdiction(CanonicalWriter& out, const Read& read) {
    const Jurisdiction& jurisdiction = read.jurisdiction;
    if (read.characters.empty() && jurisdiction.confidence != 0)
        out.reject("jconf", "must be 0 without a plate");
    out.literal(R"(,"jurisdiction":)").text("jurisdiction", jurisdiction.code, max_name_bytes);
    out.literal(R"(,"jconf":)").decimal("jconf", jurisdiction.confidence, 3, 0, 1);
}

void write_scene(CanonicalWriter& out, const ReadPayload& payload) {
    const Passage& passage = payload.passage;
    out.literal(R"(,"lane":)").text("lane", passage.lane, max_name_bytes);
    out.literal(R"(,"dir":")").literal(to_string(passage.direction)).literal(R"(","quad":[)");
    for (const Point& corner : payload.quad.corners) {
        if (&corner != &payload.quad.corners.front()) out.literal(",");
        out.decimal("quad", corner.x, 1, -max_coordinate, max_coordinate).literal(",");
        out.decimal("quad", corner.y, 1, -max_coordinate, max_coordinate);
    }
    if (passage.frames < 0) out.reject("frames", "must not be negative");
    out.literal(R"(],"passage":{"id":)").integer("passage id", passage.id);
    out.literal(R"(,"first":)").time("passage first", passage.first_seen.time_since_epoch());
    out.literal(R"(,"last":)").time("passage last", passage.last_seen.time_since_epoch());
    out.literal(R"(,"frames":)").integer("frames", static_cast<std::uint64_t>(std::max(passage.frames, 0)));
    out.literal(R"(},"fw":)").text("fw", payload.firmware, max_name_bytes);
    out.literal(R"(,"model":)").text("model", payload.model, max_name_bytes).literal(",");
}

char read_letter(CanonicalReader& in) {
    const std::string letter = in.text("chars", 1);
    if (letter.size() != 1 || !is_plate_letter(letter.front())) {
        in.fault("chars");
        return 0;
    }
    return letter.front();
}

CharacterChoice read_choice(CanonicalReader& in) {
    CharacterChoice choice;
    in.literal("[");
    choice.letter = read_letter(in);
    in.literal(",");
    choice.confidence = in.decimal("chars", 3);
    return choice;
}

CharacterReading read_character(CanonicalReader& in) {
    const CharacterChoice chosen = read_choice(in);
    CharacterReading character{chosen.letter, chosen.confidence, {}};
    in.literal(",[");
    while (in.next_is("[") && character.alternatives.size() < max_alternatives) {
        character.alternatives.push_back(read_choice(in));
        in.literal("]");
        if (!in.next_is(",")) break;
        in.literal(",");
    }
    in.literal("]]");
    return character;
}

void read_plate(CanonicalReader& in, Read& read) {
    in.literal(R"("plate":)");
    const std::string plate = in.text("plate", max_plate_characters);
    in.literal(R"(,"raw":)");
    read.raw = in.text("raw", max_plate_characters);
    in.literal(R"(,"chars":[)");
    while (in.next_is("[") && read.characters.size() < max_plate_characters) {
        read.characters.push_back(read_character(in));
        if (!in.next_is(",")) break;
        in.literal(",");
    }
    in.literal("]");
    if (text_of(read.characters) != plate) in.fault("plate as its chars");
}

MediaEntry read_media_entry(CanonicalReader& in) {
    MediaEntry entry;
    entry.role = in.next_is(R"({"role":"overview")") ? MediaRole::overview : MediaRole::plate;
    in.literal(R"({"role":")").literal(to_string(entry.role)).literal(R"(","seq":)");
    entry.seq = in.integer("media seq");
    in.literal(R"(,"sha256":)");
    entry.sha256 = in.digest("media sha256");
    in.literal(R"(,"n":)");
    entry.bytes = in.integer("media n");
    in.literal(R"(,"rcp":)");
    entry.recipients = in.digest("media rcp");
    in.literal("}");
    return entry;
}

std::vector<MediaEntry> read_media(CanonicalReader& in) {
    std::vector<MediaEntry> media;
    in.literal(R"("media":[)");
    while (in.next_is("{") && media.size() < max_media) {
        media.push_back(read_media_entry(in));
        if (!in.next_is(",")) break;
        in.literal(",");
    }
    in.literal("],");
    return media;
}

template <class Time>
Time read_span(CanonicalReader& in, std::string_view key, std::string_view field) {
    in.literal(key);
    const std::uint64_t count = in.integer(field);
    in.literal(",");
    if (count > max_clock_span) in.fault(field);
    return Time(static_cast<std::int64_t>(std::min(count, max_clock_span)));
}

ClockState read_clock(CanonicalReader& in) {
    in.literal(R"(,"clk":)");
    const auto quality = clock_quality_from_string(in.text("clk", max_name_bytes));
    if (!quality) in.fault("clk");
    ClockState clock;
    clock.quality = quality.value_or(ClockQuality::none);
    in.literal(",");
    if (clock.quality == ClockQuality::holdover)
        clock.holdover = read_span<std::chrono::seconds>(in, R"("hold":)", "hold");
    if (in.next_is(R"("err":)")) clock.error = read_span<milliseconds>(in, R"("err":)", "err");
    return clock;
}

int read_count(CanonicalReader& in, std::string_view field) {
    const std::uint64_t count = in.integer(field);
    if (count > max_count) in.fault(field);
    return count > max_count ? 0 : static_cast<int>(count);
}

void read_place(CanonicalReader& in, ReadPayload& payload) {
    in.literal(opening);
    payload.fleet = in.text("fleet", max_name_bytes);
    in.literal(R"(,"dev":)");
    payload.device = in.text("dev", max_device_name_bytes);
    in.literal(R"(,"chain":)");
    payload.chain = in.chain("chain");
    in.literal(R"(,"boot":)");
    payload.boot = in.text("boot", max_name_bytes);
    in.literal(R"(,"seq":)");
    payload.seq = in.integer("seq");
    in.literal(R"(,"prev":)");
    payload.previous = in.digest("prev");
    in.literal(R"(,"ack":)");
    payload.last_receipt = in.digest("ack");
    in.literal(R"(,"t":)");
    payload.captured = UtcTime(in.time("t"));
    in.literal(R"(,"mono":)");
    payload.captured_since_boot = BootTime(in.time("mono"));
    payload.clock = read_clock(in);
}

void read_jurisdiction(CanonicalReader& in, Jurisdiction& jurisdiction) {
    in.literal(R"(,"jurisdiction":)");
    jurisdiction.code = in.text("jurisdiction", max_name_bytes);
    in.literal(R"(,"jconf":)");
    jurisdiction.confidence = in.decimal("jconf", 3);
}

void read_scene(CanonicalReader& in, ReadPayload& payload) {
    in.literal(R"(,"lane":)");
    payload.passage.lane = in.text("lane", max_name_bytes);
    in.literal(R"(,"dir":)");
    payload.passage.direction = direction_from_string(in.text("dir", max_name_bytes));
    in.literal(R"(,"quad":[)");
    for (Point& corner : payload.quad.corners) {
        if (&corner != &payload.quad.corners.front()) in.literal(",");
        corner.x = in.decimal("quad", 1);
        in.literal(",");
        corner.y = in.decimal("quad", 1);
    }
    in.literal(R"(],"passage":{"id":)");
    payload.passage.id = in.integer("passage id");
    in.literal(R"(,"first":)");
    payload.passage.first_seen = BootTime(in.time("passage first"));
    in.literal(R"(,"last":)");
    payload.passage.last_seen = BootTime(in.time("passage last"));
    in.literal(R"(,"frames":)");
    payload.passage.frames = read_count(in, "frames");
    in.literal(R"(},"fw":)");
    payload.firmware = in.text("fw", max_name_bytes);
    in.literal(R"(,"model":)");
    payload.model = in.text("model", max_name_bytes);
    in.literal(",");
}

}  // namespace

Result<std::string> encode_payload(const ReadPayload& payload) {
    CanonicalWriter out(max_payload_bytes + payload_block_bytes);  // no second copy is left behind by growing
    write_place(out, payload);
    write_plate(out, payload.read);
    if (payload.read.readings < 0) out.reject("readings", "must not be negative");
    out.literal(R"(,"conf":)").decimal("conf", payload.read.confidence, 3, 0, 1);
    out.literal(R"(,"readings":)")
        .integer("readings", static_cast<std::uint64_t>(std::max(payload.read.readings, 0)));
    write_jurisdiction(out, payload.read);
    write_scene(out, payload);
    write_media(out, payload.media);
    out.literal(R"(,"rcp":)").hex(payload.recipients);
    out.literal(R"(,"set":)").hex(payload.recipient_set);
    if (payload.stale_set && payload.recipient_set == Digest{}) out.reject("stale", "needs a set");
    out.literal(payload.stale_set ? R"(,"stale":1,"pad":")" : R"(,"stale":0,"pad":")");
    out.blanks(padding_after(out.size() + closing.size()));
    if (out.literal(closing).size() > max_payload_bytes)
        return fail(ErrorCode::exhausted, "record: a payload of {} bytes is over the limit of {}", out.size(),
                    max_payload_bytes);
    return std::move(out).finish();
}

Result<ReadPayload> parse_payload(std::string_view json) {
    if (json.size() > max_payload_bytes)
        return fail(ErrorCode::refused, "record: a payload of {} bytes is over the limit of {}", json.size(),
                    max_payload_bytes);
    CanonicalReader in(json);
    ReadPayload payload;
    read_place(in, payload);
    read_plate(in, payload.read);
    in.literal(R"(,"conf":)");
    payload.read.confidence = in.decimal("conf", 3);
    in.literal(R"(,"readings":)");
    payload.read.readings = read_count(in, "readings");
    read_jurisdiction(in, payload.read.jurisdiction);
    read_scene(in, payload);
    payload.media = read_media(in);
    in.literal(R"("rcp":)");
    payload.recipients = in.digest("rcp");
    in.literal(R"(,"set":)");
    payload.recipient_set = in.digest("set");
    payload.stale_set = in.next_is(R"(,"stale":1)");
    in.literal(payload.stale_set ? R"(,"stale":1)" : R"(,"stale":0)");
    in.literal(R"(,"pad":")").skip_blanks();
    in.literal(closing);
    TRY(in.done());
    // The writer has the last word: ranges, second spellings of a number, the length of the padding.
    Result<std::string> again = encode_payload(payload);
    if (!again || *again != json) return fail(ErrorCode::refused, "record: the payload is not canonical");
    return payload;
}

Result<Digest> recipients_digest(std::vector<std::string> key_ids) {
    std::ranges::sort(key_ids);
    Bytes all;
    for (const std::string& id : key_ids) {
        const Bytes bytes = TRY(from_hex(id));
        if (bytes.size() != key_id_bytes)
            return fail(ErrorCode::invalid_argument, "a key id has {} bytes, this one {}", key_id_bytes,
                        bytes.size());
        all.insert(all.end(), bytes.begin(), bytes.end());
    }
    return sha256(all);
}

}  // namespace portcullis
