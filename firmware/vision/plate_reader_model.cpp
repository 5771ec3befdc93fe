#include "vision/plate_reader_model.hpp"

#include "vision/model_folder.hpp"
#include "vision/rows.hpp"

namespace portcullis {

namespace {

Result<PlateReaderModel> load(const std::filesystem::path& folder) {
    auto card = TRY(open_model_card(folder));
    auto section = card.section("model");
    const ModelIdentity identity = read_model_identity(section);
    const auto height = section.integer("line_height_px", {1, 1024});
    section.check(height == line_height_px, "line_height_px",
                  fmt::format("this program feeds lines of {} px; install the model of the same release",
                              line_height_px));
    (void)section.text("alphabet");  // for people; the network carries its own
    (void)section.text("network");
    TRY(card.finish());
    Bytes weights = TRY(load_weights(identity));
    return PlateReaderModel{identity.name, identity.version, std::move(weights)};
}

}  // namespace

Result<PlateReaderModel> load_plate_reader_model(const std::filesystem::path& folder) {
    return with_context(load(folder), "plate reader");
}

}  // namespace portcullis
