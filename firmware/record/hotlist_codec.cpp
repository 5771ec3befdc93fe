#include "record/hotlist_codec.hpp"

#include <algorithm>
#include <tuple>

#include "core/access_policy.hpp"
#include "core/plate_question.hpp"
#include "record/canonical_list.hpp"
#include "record/payload.hpp"
#include "record/recipient_set_codec.hpp"

namespace portcullis {

namespace {

constexpr std::size_t day_bytes = 10;
constexpr std::size_t direction_bytes = 16;
constexpr std::string_view closing = "\"}";

bool is_plate(std::string_view plate) {
    const auto is_sign = [](char sign) { return alphabet_index(sign).has_value(); };
    return plate.size() >= min_hotlist_letters && plate.size() <= max_plate_letters &&
           std::ranges::all_of(plate, is_sign);
}

bool says_something(std::string_view text) {
    return text.find_first_not_of(' ') != text.npos;
}

auto order_of(const HotlistEntry& entry) {
    return std::tie(entry.plate, entry.case_number);
}

template <class... Args>
Failure wrong(fmt::format_string<Args...> format, Args&&... args) {
    return fail(ErrorCode::invalid_argument, "hotlist: {}", fmt::format(format, std::forward<Args>(args)...));
}

/// number: the entry's, from 1; its plate is not told.
Result<void> check_entry(const HotlistEntry& entry, std::size_t number, UtcTime issued) {
    if (!is_plate(entry.plate))
        return wrong("entry {}: plate: write {} to {} of A-Z and 0-9, whole, without wildcards", number,
                     min_hotlist_letters, max_plate_letters);
    const std::pair<std::string_view, const std::string*> words[] = {
        {"purpose", &entry.purpose}, {"case", &entry.case_number}, {"why", &entry.why}, {"by", &entry.by}};
    for (const auto& [field, text] : words)
        if (!says_something(*text)) return wrong("entry {}: {}: must be given", number, field);
    if (entry.sites.size() > max_entry_sites || !std::ranges::is_sorted(entry.sites) ||
        std::ranges::adjacent_find(entry.sites) != entry.sites.end())
        return wrong("entry {}: sites: at most {}, ascending, each once", number, max_entry_sites);
    if (end_of(entry.until) > issued + max_entry_life + std::chrono::days(1))
        return wrong("entry {}: until: at most {} days from now; enter it anew when it is still wanted then",
                     number, max_entry_life.count());
    return {};
}

Result<void> check_hotlist(const Hotlist& list) {
    if (list.version == 0) return wrong("version: from 1");
    if (list.entries.size() > max_hotlist_entries)
        return wrong("{} entries, at most {}", list.entries.size(), max_hotlist_entries);
    for (std::size_t i = 0; i < list.entries.size(); ++i) {
        TRY(check_entry(list.entries[i], i + 1, list.issued));
        if (i > 0 && order_of(list.entries[i - 1]) >= order_of(list.entries[i]))
            return wrong("entry {}: ascending by plate and case number, each plate once in a case", i + 1);
    }
    return {};
}

/// What a hit takes over of its entry.
void write_entry(CanonicalWriter& out, const HotlistEntry& entry) {
    out.literal(R"({"plate":)").text("plate", entry.plate, max_plate_letters);
    out.literal(R"(,"jurisdiction":)").text("jurisdiction", entry.jurisdiction, max_name_bytes);
    out.literal(R"(,"purpose":)").text("purpose", entry.purpose, max_hotlist_word_bytes);
    out.literal(R"(,"case":)").text("case", entry.case_number, max_hotlist_word_bytes);
    out.literal(R"(,"why":)").text("why", entry.why, max_hotlist_why_bytes);
    out.literal(R"(,"by":)").text("by", entry.by, max_hotlist_word_bytes);
}

HotlistEntry read_entry(CanonicalReader& in) {
    HotlistEntry entry;
    in.literal(R"({"plate":)");
    entry.plate = in.text("plate", max_plate_letters);
    in.literal(R"(,"jurisdiction":)");
    entry.jurisdiction = in.text("jurisdiction", max_name_bytes);
    in.literal(R"(,"purpose":)");
    entry.purpose = in.text("purpose", max_hotlist_word_bytes);
    in.literal(R"(,"case":)");
    entry.case_number = in.text("case", max_hotlist_word_bytes);
    in.literal(R"(,"why":)");
    entry.why = in.text("why", max_hotlist_why_bytes);
    in.literal(R"(,"by":)");
    entry.by = in.text("by", max_hotlist_word_bytes);
    return entry;
}

void write_listed(CanonicalWriter& out, const HotlistEntry& entry) {
    write_entry(out, entry);
    out.literal(R"(,"sites":)");
    write_list(out, entry.sites,
               [&out](const std::string& site) { out.text("sites", site, max_hotlist_word_bytes); });
    const std::string day = to_string(entry.until);
    if (!day_from_string(day)) out.reject("until", "must be a day from 1970 to 9999");
    out.literal(R"(,"until":")").literal(day).literal("\"}");
}

HotlistEntry read_listed(CanonicalReader& in) {
    HotlistEntry entry = read_entry(in);
    in.literal(R"(,"sites":)");
    entry.sites = read_list<std::string>(in, "sites", max_entry_sites,
                                         [&in] { return in.text("sites", max_hotlist_word_bytes); });
    in.literal(R"(,"until":)");
    const auto day = day_from_string(in.text("until", day_bytes));
    if (!day) in.fault("until");
    entry.until = day.value_or(std::chrono::sys_days());
    in.literal("}");
    return entry;
}

void write_read(CanonicalWriter& out, const HotlistHit& hit) {
    if (!is_device_name(hit.device)) out.reject("dev", "must be a device name");
    if (hit.seq == 0) out.reject("seq", "begins at 1");
    out.literal(R"(,"dev":)").text("dev", hit.device, max_device_name_bytes);
    out.literal(R"(,"chain":)").hex(hit.chain.bytes);
    out.literal(R"(,"seq":)").integer("seq", hit.seq);
    out.literal(R"(,"t":)").time("t", hit.captured.time_since_epoch());
    out.literal(R"(,"lane":)").text("lane", hit.lane, max_lane_bytes);
    out.literal(R"(,"dir":")").literal(to_string(hit.direction));
    out.literal(R"(","text":)").text("text", hit.text, max_plate_letters);
    out.literal(R"(,"conf":)").decimal("conf", hit.confidence, 3, 0, 1);
    out.literal(R"(,"jurisdiction":)").text("jurisdiction", hit.jurisdiction, max_name_bytes);
    out.literal(R"(,"jconf":)").decimal("jconf", hit.jurisdiction_confidence, 3, 0, 1);
}

void read_read(CanonicalReader& in, HotlistHit& hit) {
    in.literal(R"(,"dev":)");
    hit.device = in.text("dev", max_device_name_bytes);
    in.literal(R"(,"chain":)");
    hit.chain = in.chain("chain");
    in.literal(R"(,"seq":)");
    hit.seq = in.integer("seq");
    in.literal(R"(,"t":)");
    hit.captured = UtcTime(in.time("t"));
    in.literal(R"(,"lane":)");
    hit.lane = in.text("lane", max_lane_bytes);
    in.literal(R"(,"dir":)");
    hit.direction = direction_from_string(in.text("dir", direction_bytes));
    in.literal(R"(,"text":)");
    hit.text = in.text("text", max_plate_letters);
    in.literal(R"(,"conf":)");
    hit.confidence = in.decimal("conf", 3);
    in.literal(R"(,"jurisdiction":)");
    hit.jurisdiction = in.text("jurisdiction", max_name_bytes);
    in.literal(R"(,"jconf":)");
    hit.jurisdiction_confidence = in.decimal("jconf", 3);
}

void write_picture(CanonicalWriter& out, const HitPicture& picture) {
    out.literal(R"({"role":")").literal(to_string(picture.role)).literal(R"(","seq":)");
    out.integer("pictures", picture.seq).literal("}");
}

HitPicture read_picture(CanonicalReader& in) {
    HitPicture picture;
    picture.role = in.next_is(R"({"role":"overview")") ? MediaRole::overview : MediaRole::plate;
    in.literal(R"({"role":")").literal(to_string(picture.role)).literal(R"(","seq":)");
    picture.seq = in.integer("pictures");
    in.literal("}");
    return picture;
}

}  // namespace

Result<std::string> encode_hotlist(const Hotlist& list) {
    TRY(check_hotlist(list));
    CanonicalWriter out(max_hotlist_text_bytes + hotlist_block_bytes);  // growing would leave copies behind
    out.literal(R"({"v":1,"kind":"hotlist","fleet":)").text("fleet", list.fleet, max_name_bytes);
    out.literal(R"(,"version":)").integer("version", list.version);
    out.literal(R"(,"t":)").time("t", list.issued.time_since_epoch()).literal(R"(,"entries":)");
    write_list(out, list.entries, [&out](const HotlistEntry& entry) { write_listed(out, entry); });
    out.literal(R"(,"pad":")");
    const std::size_t over = (out.size() + closing.size()) % hotlist_block_bytes;
    out.blanks((hotlist_block_bytes - over) % hotlist_block_bytes).literal(closing);
    if (out.size() > max_hotlist_text_bytes)
        return wrong("its text has {} bytes, at most {}; say shorter why, or let entries go", out.size(),
                     max_hotlist_text_bytes);
    return std::move(out).finish();
}

Result<Hotlist> parse_hotlist(std::string_view json) {
    CanonicalReader in(json.substr(0, max_hotlist_text_bytes));
    Hotlist list;
    in.literal(R"({"v":1,"kind":"hotlist","fleet":)");
    list.fleet = in.text("fleet", max_name_bytes);
    in.literal(R"(,"version":)");
    list.version = in.integer("version");
    in.literal(R"(,"t":)");
    list.issued = UtcTime(in.time("t"));
    in.literal(R"(,"entries":)");
    list.entries =
        read_list<HotlistEntry>(in, "entries", max_hotlist_entries, [&in] { return read_listed(in); });
    in.literal(R"(,"pad":")").skip_blanks();
    TRY(with_context(in.literal(closing).done(), "hotlist"));
    return written_alike(std::move(list), json, "hotlist", &encode_hotlist);
}

Result<std::string> encode_hit(const HotlistHit& hit) {
    CanonicalWriter out(max_hit_bytes + max_hit_bytes);
    out.literal(R"({"v":1,"kind":"hit","version":)").integer("version", hit.version);
    write_read(out, hit);
    out.literal(R"(,"distance":)").integer("distance", hit.distance);
    if (hit.pictures.size() > max_hit_pictures) out.reject("pictures", "are too many for one read");
    out.literal(R"(,"pictures":)");
    write_list(out, hit.pictures, [&out](const HitPicture& picture) { write_picture(out, picture); });
    out.literal(R"(,"entry":)");
    write_entry(out, hit.entry);
    out.literal("}}");
    if (out.size() > max_hit_bytes)
        return wrong("a hit's text has {} bytes, at most {}", out.size(), max_hit_bytes);
    return std::move(out).finish();
}

Result<HotlistHit> parse_hit(std::string_view json) {
    CanonicalReader in(json.substr(0, max_hit_bytes));
    HotlistHit hit;
    in.literal(R"({"v":1,"kind":"hit","version":)");
    hit.version = in.integer("version");
    read_read(in, hit);
    in.literal(R"(,"distance":)");
    hit.distance = in.integer("distance");
    in.literal(R"(,"pictures":)");
    hit.pictures =
        read_list<HitPicture>(in, "pictures", max_hit_pictures, [&in] { return read_picture(in); });
    in.literal(R"(,"entry":)");
    hit.entry = read_entry(in);
    TRY(with_context(in.literal("}}").done(), "hotlist hit"));
    return written_alike(std::move(hit), json, "hotlist hit", &encode_hit);
}

}  // namespace portcullis
