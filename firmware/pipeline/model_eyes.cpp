#include "pipeline/model_eyes.hpp"

#include <array>
#include <memory>

#include "base/file.hpp"
#include "base/sha256.hpp"
#include "vision/network_reader.hpp"
#include "vision/plate_finder.hpp"
#include "vision/plate_reader.hpp"
#include "vision/rectifier.hpp"
#include "vision/second_opinion.hpp"
#include "vision/settler.hpp"

namespace portcullis {

namespace {

constexpr std::size_t max_file_bytes = std::size_t{256} * 1024;

/// The cards (model.toml) hold the digests of the weights, and the models refuse other weights: so this names
/// them all, and the formats and the calibration with them.
Result<std::string> digest_of(const std::array<std::filesystem::path, 7>& files) {
    std::array<Bytes, 7> all;
    for (std::size_t i = 0; i < files.size(); ++i)
        all[i] = TRY(read_file(files[i], max_file_bytes));
    return to_hex(sha256({all[0], all[1], all[2], all[3], all[4], all[5], all[6]}));
}

}  // namespace

Result<Eyes> load_eyes(const std::filesystem::path& models, const SecondOpinionSettings& opinion) {
    const auto detector_folder = models / "plate-detector";
    const auto fitter_folder = models / "plate-fitter";
    const auto network_folder = models / "plate-network";
    const auto second_folder = models / "plate-network-second";
    const auto reader_folder = models / "plate-reader";
    const auto formats_folder = models / "plate-formats";
    std::error_code ignored;
    for (const auto& folder :
         {detector_folder, fitter_folder, network_folder, second_folder, reader_folder, formats_folder})
        if (!std::filesystem::is_directory(folder, ignored))
            return fail(ErrorCode::configuration,
                        "{}: no such model folder; install the models or name their folder", folder.string());
    DetectorSettings detector_settings;
    detector_settings.model_dir = detector_folder;
    PlateReaderSettings reader_settings;
    reader_settings.model_dir = reader_folder;
    auto detector = TRY(PlateDetector::create(detector_settings));
    auto fitter = TRY(PlateFitter::create({fitter_folder}));
    auto finder = std::make_shared<PlateFinder>(std::move(detector), std::move(fitter));
    auto rectifier = std::make_shared<Rectifier>(TRY(Rectifier::create({})));
    // Not in one braced list: a TRY that returns out of it leaks what stands before it.
    auto network = TRY(NetworkReader::create({network_folder}));
    auto second = TRY(NetworkReader::create({second_folder}));
    auto plain = TRY(PlateReader::create(reader_settings));
    PlateReaders readers{std::move(network), std::move(second), std::move(plain)};
    auto reader = std::make_shared<SecondOpinion>(TRY(SecondOpinion::create(std::move(readers), opinion)));
    auto settler = std::make_shared<const Settler>(TRY(Settler::create(formats_folder)));
    Eyes eyes;
    eyes.model = TRY(
        digest_of({detector_folder / "model.toml", fitter_folder / "model.toml",
                   network_folder / "model.toml", second_folder / "model.toml", reader_folder / "model.toml",
                   formats_folder / "formats.toml", formats_folder / "calibration.toml"}));
    eyes.locate = [finder](const FrameView& view) { return finder->locate(view); };
    eyes.fit = [finder](const FrameView& view, const Quad& quad) { return finder->fit(view, quad); };
    eyes.rectify = [rectifier](const FrameView& view, const Quad& quad) {
        return rectifier->rectify(view, quad);
    };
    eyes.read = [reader](const PlatePatch& patch) { return reader->read(patch); };
    eyes.settle = [settler](Read voted, std::span<const Jurisdiction> look) {
        return settler->settle(std::move(voted), look);
    };
    return eyes;
}

}  // namespace portcullis
