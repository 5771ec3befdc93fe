#include "apps/portcullis/bench_report.hpp"

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

namespace portcullis::bench {

namespace {

using Json = nlohmann::ordered_json;

std::optional<double> share(std::size_t part, std::size_t whole, double scale) {
    if (whole == 0) return std::nullopt;
    return scale * static_cast<double>(part) / static_cast<double>(whole);
}

struct Figures {
    std::optional<double> found, exact, right, false_reads, calibration, median_ms, p95_ms;
    std::optional<Selective> answered;
};

Figures figures_of(const Tally& tally) {
    Figures figures{share(tally.found, tally.plates_to_find, 100),
                    share(tally.exact, tally.texts, 100),
                    share(tally.right, tally.texts, 100),
                    share(tally.false_reads, tally.looked_for, 1),
                    calibration_error(tally.answers),
                    std::nullopt,
                    std::nullopt,
                    selective(tally.answers, tally.texts, selective_precision)};
    if (!tally.times_ms.empty()) {
        figures.median_ms = median(tally.times_ms);
        figures.p95_ms = percentile(tally.times_ms, 0.95);
    }
    return figures;
}

/// The share of plates answered: 0 where there are texts but no threshold keeps the precision.
std::optional<double> answered_percent(const Figures& figures, const Tally& tally) {
    if (tally.texts == 0) return std::nullopt;
    return figures.answered ? 100 * figures.answered->share : 0;
}

std::string cell(std::optional<double> value, int digits) {
    return value ? fmt::format("{:>10.{}f}", *value, digits) : fmt::format("{:>10}", "-");
}

std::string row(const std::string& name, std::size_t width, const Tally& tally) {
    const Figures figures = figures_of(tally);
    return fmt::format("{:<{}}{:>10}{:>10}{:>10}{}{}{}{}{}{}{}{}\n", name, width, tally.pictures,
                       tally.plates, tally.texts, cell(figures.found, 1), cell(figures.exact, 1),
                       cell(figures.right, 1), cell(figures.false_reads, 3), cell(figures.calibration, 3),
                       cell(answered_percent(figures, tally), 1), cell(figures.median_ms, 1),
                       cell(figures.p95_ms, 1));
}

Json value_json(std::optional<double> value) {
    return value ? Json(std::round(*value * 1e4) / 1e4) : Json(nullptr);
}

Json tally_json(const Tally& tally) {
    const Figures figures = figures_of(tally);
    Json out = {{"pictures", tally.pictures},
                {"unreadable", tally.unreadable},
                {"plates", tally.plates},
                {"texts", tally.texts}};
    out["found_percent"] = value_json(figures.found);
    out["exact_percent"] = value_json(figures.exact);
    out["right_percent"] = value_json(figures.right);
    out["false_reads_per_picture"] = value_json(figures.false_reads);
    out["calibration_error"] = value_json(figures.calibration);
    out["answered_percent"] = value_json(answered_percent(figures, tally));
    out["answer_threshold"] =
        figures.answered ? value_json(static_cast<double>(figures.answered->threshold)) : Json(nullptr);
    out["ms_median"] = value_json(figures.median_ms);
    out["ms_p95"] = value_json(figures.p95_ms);
    return out;
}

Json group_json(const std::map<std::string, Tally>& group) {
    Json out = Json::object();
    for (const auto& [name, tally] : group)
        out[name] = tally_json(tally);
    return out;
}

}  // namespace

void Tally::add(Kind kind, const PictureScore& score, std::optional<double> ms) {
    ++pictures;
    unreadable += ms ? 0 : 1;
    if (ms) times_ms.push_back(*ms);
    plates += score.plates;
    texts += score.texts;
    found += score.found;
    exact += score.exact;
    right += score.right;
    false_reads += score.false_reads;
    if (kind != Kind::crop) {
        ++looked_for;
        plates_to_find += score.plates;
    }
    answers.insert(answers.end(), score.answers.begin(), score.answers.end());
}

void Report::add(const LabelledPicture& picture, const PictureScore& score, std::optional<double> ms) {
    for (Tally* tally : {&sources[picture.source], &totals[fmt::format("all {}s", to_string(picture.kind))],
                         &totals["total"]})
        tally->add(picture.kind, score, ms);
}

std::string table(const Report& report) {
    std::size_t width = std::string_view("all negatives").size();
    for (const auto& [name, tally] : report.sources)
        width = std::max(width, name.size());
    std::string out(width, ' ');
    for (const char* head : {"pictures", "plates", "texts", "found%", "exact%", "right%", "false/pic", "ECE",
                             "answered%", "ms med", "ms p95"})
        out += fmt::format("{:>10}", head);
    const std::size_t line = out.size();
    out += '\n';
    for (const auto& [name, tally] : report.sources)
        out += row(name, width, tally);
    out += std::string(line, '-') + '\n';
    for (const auto& [name, tally] : report.totals)
        out += row(name, width, tally);
    if (const auto peak = peak_memory_mb()) out += fmt::format("peak memory {:.1f} MB\n", *peak);
    return out;
}

std::string json(const Report& report, const std::string& model) {
    Json out = {{"model", model}, {"found_iou", 0.4}, {"precision", selective_precision}};
    out["sources"] = group_json(report.sources);
    out["totals"] = group_json(report.totals);
    out["peak_memory_mb"] = value_json(peak_memory_mb());
    return out.dump(1, ' ', false, Json::error_handler_t::replace) + '\n';
}

std::optional<double> peak_memory_mb() {
    constexpr double bytes_per_kib = 1024;
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
        double kib = 0;
        if (word == "VmHWM:" && status >> kib) return kib * bytes_per_kib / 1e6;
    }
    return std::nullopt;
}

}  // namespace portcullis::bench
