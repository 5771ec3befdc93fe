#include "apps/portcullis/hotlist_source.hpp"

#include <algorithm>
#include <tuple>

#include "config/settings_reader.hpp"
#include "core/plate_question.hpp"
#include "record/hotlist_codec.hpp"
#include "record/recipient_set_codec.hpp"

namespace portcullis {

namespace {

HotlistEntry read_entry(SettingsSection& section) {
    HotlistEntry entry;
    PlateQuestion plate;
    plate.plate = section.text("plate");
    const auto written = checked(plate);
    section.check(written && !written->plate.empty() && !written->is_partial(), "plate",
                  "write a whole plate, A-Z and 0-9; blanks, hyphens and dots do not count");
    if (written) entry.plate = written->plate;
    entry.jurisdiction = section.text("jurisdiction", "");
    entry.purpose = section.text("purpose");
    entry.case_number = section.text("case");
    entry.why = section.text("why");
    entry.by = section.text("by");
    entry.sites = section.texts("sites", std::vector<std::string>());
    std::ranges::sort(entry.sites);
    const auto day = day_from_string(section.text("until"));
    section.check(day.has_value(), "until", "write a day in quotes, as \"2027-02-28\"");
    entry.until = day.value_or(std::chrono::sys_days());
    return entry;
}

}  // namespace

Result<Hotlist> load_hotlist_source(const std::filesystem::path& file) {
    // What the environment says vouches for nobody.
    SettingsReader in = TRY(SettingsReader::open(file, Environment::ignored));
    Hotlist list;
    list.fleet = in.root().text("fleet");
    for (SettingsSection& section : in.sections("entry", max_hotlist_entries))
        list.entries.push_back(read_entry(section));
    TRY(in.finish());
    std::ranges::sort(list.entries, {},
                      [](const HotlistEntry& entry) { return std::tie(entry.plate, entry.case_number); });
    return list;
}

}  // namespace portcullis
