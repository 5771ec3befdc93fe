#include "vision/settler.hpp"

#include <algorithm>
#include <cmath>

#include "config/settings_reader.hpp"

namespace portcullis {

namespace {

constexpr float from_the_end = 1e-4F;

Result<Calibration> load_calibration(const std::filesystem::path& file) {
    auto document = TRY(SettingsReader::open(file, Environment::ignored));
    auto root = document.root();
    Calibration calibration;
    calibration.slope = static_cast<float>(root.number("slope", {0.05, 10}));
    calibration.offset = static_cast<float>(root.number("offset", {-10, 10}));
    TRY(document.finish());
    return calibration;
}

}  // namespace

float calibrated(float confidence, const Calibration& calibration) {
    const float p = std::clamp(confidence, from_the_end, 1 - from_the_end);
    const float odds = calibration.slope * std::log(p / (1 - p)) + calibration.offset;
    return std::clamp(1 / (1 + std::exp(-odds)), from_the_end, 1 - from_the_end);
}

Settler::Settler(PlateFormats formats, Calibration calibration)
    : formats_(std::move(formats)), calibration_(calibration) {}

Result<Settler> Settler::create(const std::filesystem::path& folder) {
    auto formats = TRY(PlateFormats::load(folder / "formats.toml"));
    const Calibration calibration =
        TRY(with_context(load_calibration(folder / "calibration.toml"), "calibration"));
    return Settler(std::move(formats), calibration);
}

Read Settler::settle(Read voted, std::span<const Jurisdiction> look) const {
    if (voted.characters.empty()) return voted;
    Read read = formats_.weigh(std::move(voted), look);
    read.confidence = calibrated(read.confidence, calibration_);
    return read;
}

}  // namespace portcullis
