#include "record/recipient_set_codec.hpp"

#include <algorithm>
#include <charconv>
#include <span>

#include "record/canonical_list.hpp"
#include "record/payload.hpp"

namespace portcullis {

namespace {

constexpr std::size_t day_bytes = 10;

/// Digits only: "+1" and " 1" are no numbers here.
std::optional<int> number_at(std::string_view text, std::size_t at, std::size_t digits) {
    int value = 0;
    for (const char letter : text.substr(at, digits)) {
        if (letter < '0' || letter > '9') return std::nullopt;
        value = value * 10 + (letter - '0');
    }
    return value;
}

void check_entries(CanonicalWriter& out, const std::vector<RecipientEntry>& entries) {
    if (entries.empty() || entries.size() > max_set_entries)
        out.reject("entries", "must be 1 to 64");
    else if (entries.front().purpose != Purpose::read)
        out.reject("entries", "must name at least one recipient of reads");
    for (std::size_t i = 1; i < entries.size(); ++i)
        if (!(entries[i - 1] < entries[i]))
            out.reject("entries", "must ascend by purpose, epoch and certificate");
}

void write_entry(CanonicalWriter& out, const RecipientEntry& entry) {
    if (entry.certificate.empty() || entry.certificate.size() > max_recipient_bytes)
        out.reject("cert", "must have 1 to 1024 bytes");
    const std::string epoch = to_string(entry.epoch);
    if (!epoch_from_string(epoch)) out.reject("epoch", "must begin in the years 1970 to 9999");
    out.literal(R"({"purpose":")").literal(to_string(entry.purpose));
    out.literal(R"(","epoch":")").literal(epoch).literal(R"(","cert":)").hex(entry.certificate).literal("}");
}

RecipientEntry read_entry(CanonicalReader& in) {
    RecipientEntry entry;
    in.literal(R"({"purpose":)");
    const auto purpose = purpose_from_string(in.text("purpose", 16));
    if (!purpose) in.fault("purpose");
    entry.purpose = purpose.value_or(Purpose::read);
    in.literal(R"(,"epoch":)");
    const auto epoch = epoch_from_string(in.text("epoch", max_epoch_letters));
    if (!epoch) in.fault("epoch");
    entry.epoch = epoch.value_or(EpochStart());
    in.literal(R"(,"cert":)");
    auto certificate = from_hex(in.text("cert", 2 * max_recipient_bytes));
    if (!certificate) in.fault("cert");
    entry.certificate = std::move(certificate).value_or(Bytes());
    in.literal("}");
    return entry;
}

}  // namespace

std::string_view to_string(Purpose purpose) {
    switch (purpose) {
        case Purpose::plate:
            return "plate";
        case Purpose::overview:
            return "overview";
        case Purpose::health:
            return "health";
        case Purpose::read:
            break;
    }
    return "read";
}

std::string to_string(std::chrono::sys_days day) {
    return to_iso8601(UtcTime(day)).substr(0, day_bytes);
}

std::optional<std::chrono::sys_days> day_from_string(std::string_view text) {
    if (text.size() != day_bytes || text[4] != '-' || text[7] != '-') return std::nullopt;
    const auto year = number_at(text, 0, 4);
    const auto month = number_at(text, 5, 2);
    const auto day = number_at(text, 8, 2);
    if (!year || !month || !day || *year < 1970) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days(date);
}

std::string to_string(EpochStart epoch) {
    const std::string text = to_iso8601(UtcTime(epoch));
    return text.substr(0, text.substr(day_bytes, 6) == "T00:00" ? day_bytes : max_epoch_letters);
}

std::optional<EpochStart> epoch_from_string(std::string_view text) {
    const auto day = day_from_string(text.substr(0, day_bytes));
    if (!day || text.size() == day_bytes) return day;
    if (text.size() != max_epoch_letters || text[10] != 'T' || text[13] != ':') return std::nullopt;
    const auto hour = number_at(text, 11, 2);
    const auto minute = number_at(text, 14, 2);
    if (!hour || !minute || *hour > 23 || *minute > 59) return std::nullopt;
    const EpochStart epoch = *day + std::chrono::minutes(60 * *hour + *minute);
    if (epoch == *day) return std::nullopt;  // a midnight has one spelling
    return epoch;
}

std::optional<Purpose> purpose_from_string(std::string_view text) {
    for (const Purpose purpose : all_purposes)
        if (text == to_string(purpose)) return purpose;
    return std::nullopt;
}

Result<std::string> encode_recipient_set(const RecipientSet& set) {
    CanonicalWriter out(4096);
    if (set.version == 0) out.reject("version", "must be from 1");
    check_entries(out, set.entries);
    out.literal(R"({"v":1,"kind":"recipients","fleet":)").text("fleet", set.fleet, max_name_bytes);
    out.literal(R"(,"version":)").integer("version", set.version);
    out.literal(R"(,"t":)").time("t", set.issued.time_since_epoch()).literal(R"(,"entries":)");
    write_list(out, std::span(set.entries).first(std::min(set.entries.size(), max_set_entries)),
               [&out](const RecipientEntry& entry) { write_entry(out, entry); });
    out.literal("}");
    return std::move(out).finish();
}

Result<RecipientSet> parse_recipient_set(std::string_view json) {
    CanonicalReader in(json.substr(0, max_set_text_bytes));
    RecipientSet set;
    in.literal(R"({"v":1,"kind":"recipients","fleet":)");
    set.fleet = in.text("fleet", max_name_bytes);
    in.literal(R"(,"version":)");
    set.version = in.integer("version");
    in.literal(R"(,"t":)");
    set.issued = UtcTime(in.time("t"));
    in.literal(R"(,"entries":)");
    set.entries = read_list<RecipientEntry>(in, "entries", max_set_entries, [&in] { return read_entry(in); });
    TRY(in.literal("}").done());
    return written_alike(std::move(set), json, "record", &encode_recipient_set);
}

}  // namespace portcullis
