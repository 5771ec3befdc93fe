#include "health/strain.hpp"

#include <charconv>
#include <cstdint>
#include <system_error>

#include "base/file.hpp"

namespace portcullis {

namespace {

constexpr std::size_t max_file_bytes = 4096;
constexpr std::size_t max_zones = 64;
// A sensor that claims less or more is broken (the kernel's own limits of millidegrees are wider).
constexpr double least_celsius = -60;
constexpr double most_celsius = 200;

std::optional<std::string> first_line(const std::filesystem::path& path) {
    auto text = read_text_file(path, max_file_bytes);
    if (!text) return std::nullopt;
    return text->substr(0, text->find('\n'));
}

template <class Number>
std::optional<Number> number(std::string_view text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end == text.data()) return std::nullopt;
    return value;
}

void feel_zone(const std::filesystem::path& zone, Strain& strain) {
    const auto line = first_line(zone / "temp");
    const auto millidegrees = line ? number<std::int64_t>(*line) : std::nullopt;
    if (!millidegrees) return;
    const double celsius = static_cast<double>(*millidegrees) / 1000;
    if (celsius < least_celsius || celsius > most_celsius) return;
    if (strain.celsius && *strain.celsius >= celsius) return;
    strain.celsius = celsius;
    strain.zone = first_line(zone / "type").value_or("unnamed");
}

/// "some avg10=1.23 avg60=..." -> 1.23.
std::optional<double> stall_of(const std::filesystem::path& path) {
    constexpr std::string_view before = "some avg10=";
    const auto line = first_line(path);
    if (!line || !line->starts_with(before)) return std::nullopt;
    return number<double>(std::string_view(*line).substr(before.size()));
}

/// "max" is no limit.
std::optional<double> share_of(const std::filesystem::path& group) {
    const auto current = first_line(group / "memory.current");
    const auto high = first_line(group / "memory.high");
    if (!current || !high) return std::nullopt;
    const auto used = number<std::uint64_t>(*current);
    const auto limit = number<std::uint64_t>(*high);
    if (!used || !limit || *limit == 0) return std::nullopt;
    return 100 * static_cast<double>(*used) / static_cast<double>(*limit);
}

}  // namespace

StrainPlaces usual_strain_places() {
    StrainPlaces places;
    // "0::/system.slice/portcullis-reader.service"; anything else is control groups of version 1.
    const auto line = first_line("/proc/self/cgroup");
    if (line && line->starts_with("0::/")) {
        places.memory_group = "/sys/fs/cgroup" + line->substr(3);
        places.memory_pressure.push_back(places.memory_group / "memory.pressure");
    }
    places.memory_pressure.emplace_back("/proc/pressure/memory");
    return places;
}

Strain measure_strain(const StrainPlaces& places) {
    Strain strain;
    std::error_code error;
    std::size_t zones = 0;
    if (!places.thermal.empty())
        for (std::filesystem::directory_iterator at(places.thermal, error), end; !error && at != end;
             at.increment(error)) {
            if (!at->path().filename().string().starts_with("thermal_zone")) continue;
            if (++zones > max_zones) break;
            feel_zone(at->path(), strain);
        }
    for (const std::filesystem::path& file : places.memory_pressure)
        if (const auto stall = stall_of(file)) {
            strain.memory_stall_percent = stall;
            break;
        }
    if (!places.memory_group.empty()) strain.memory_share_percent = share_of(places.memory_group);
    return strain;
}

}  // namespace portcullis
