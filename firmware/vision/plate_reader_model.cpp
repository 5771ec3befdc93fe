#include "vision/plate_reader_model.hpp"

#include "base/file.hpp"
#include "base/sha256.hpp"
#include "config/settings_reader.hpp"
#include "vision/rows.hpp"

namespace portcullis {
namespace {

constexpr std::size_t max_weights_bytes = 8 * 1024 * 1024;
constexpr std::string_view cure =
    "reinstall the package that holds the models, or copy the model folder anew";

struct Description {
    PlateReaderModel model;
    std::filesystem::path weights;
    std::string digest_hex;
};

Result<Description> describe(const std::filesystem::path& file) {
    auto settings = TRY(SettingsReader::open(file));
    auto model = settings.section("model");
    Description description;
    description.model.name = model.text("name");
    description.model.version = model.text("version");
    description.weights = model.path("weights");
    description.digest_hex = model.text("sha256");
    const auto height = model.integer("line_height_px", {1, 1024});
    model.check(height == line_height_px, "line_height_px",
                fmt::format("this program feeds lines of {} px; install the model of the same release",
                            line_height_px));
    (void)model.text("alphabet");  // for people; the network carries its own
    (void)model.text("network");
    TRY(settings.finish());
    return description;
}

}  // namespace

Result<PlateReaderModel> load_plate_reader_model(const std::filesystem::path& folder) {
    Description description =
        TRY(with_context(describe(folder / "model.toml"), fmt::format("plate reader: {}", cure)));
    auto weights = read_file(description.weights, max_weights_bytes);
    if (!weights) return fail(std::move(weights.error()).with(fmt::format("plate reader: {}", cure)));
    const std::string found = sha256_hex(*weights);
    if (found != description.digest_hex)
        return fail(ErrorCode::corrupt,
                    "plate reader: {}: its SHA-256 is {} ({} bytes), model.toml says {}; {}",
                    description.weights.string(), found, weights->size(), description.digest_hex, cure);
    description.model.weights = std::move(*weights);
    return std::move(description.model);
}

}  // namespace portcullis
