#include "apps/portcullis/retention_source.hpp"

#include <algorithm>
#include <tuple>

#include "config/settings_reader.hpp"
#include "record/retention_codec.hpp"

namespace portcullis {

namespace {

std::chrono::minutes read_span(SettingsSection& section, std::string_view key) {
    const auto span = span_from_text(section.text(key));
    section.check(span.has_value(), key,
                  "write a number and its unit: \"10 minutes\", \"6 hours\", \"30 days\", \"2 years\"");
    return span.value_or(std::chrono::minutes(0));
}

}  // namespace

Result<RetentionSchedule> load_retention_source(const std::filesystem::path& file) {
    // What the environment says shortens nothing.
    SettingsReader in = TRY(SettingsReader::open(file, Environment::ignored));
    RetentionSchedule schedule;
    for (SettingsSection& section : in.sections("rule", max_retention_rules)) {
        RetentionRule rule;
        rule.fleet = section.text("fleet");
        rule.purpose = section.choice<Purpose>("purpose", {{"read", Purpose::read},
                                                           {"plate", Purpose::plate},
                                                           {"overview", Purpose::overview},
                                                           {"health", Purpose::health}});
        rule.epoch = read_span(section, "epoch");
        rule.keep = read_span(section, "keep");
        schedule.rules.push_back(std::move(rule));
    }
    TRY(in.finish());
    std::ranges::sort(schedule.rules, [](const RetentionRule& one, const RetentionRule& other) {
        return std::tie(one.fleet, one.purpose) < std::tie(other.fleet, other.purpose);
    });
    return schedule;
}

}  // namespace portcullis
