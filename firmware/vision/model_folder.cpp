#include "vision/model_folder.hpp"

#include "base/file.hpp"
#include "base/sha256.hpp"
#include "vision/packed_weights.hpp"

namespace portcullis {

namespace {

constexpr std::string_view cure =
    "reinstall the package that holds the models, or copy the model folder anew";

}  // namespace

Result<SettingsReader> open_model_card(const std::filesystem::path& folder) {
    return with_context(SettingsReader::open(folder / "model.toml", Environment::ignored), cure);
}

ModelIdentity read_model_identity(SettingsSection& model) {
    return {model.text("name"), model.text("version"), model.path("weights"), model.text("sha256")};
}

Result<Bytes> load_weights(const ModelIdentity& model) {
    Bytes weights = TRY(with_context(read_file(model.weights, max_weights_bytes), cure));
    const std::string found = sha256_hex(weights);
    if (found != model.digest_hex)
        return fail(ErrorCode::corrupt, "{}: its SHA-256 is {} ({} bytes), model.toml says {}; {}",
                    model.weights.string(), found, weights.size(), model.digest_hex, cure);
    if (!is_packed(model.weights)) return weights;
    return with_context(unpack(weights, max_weights_bytes),
                        model.weights.string() + ": " + std::string(cure));
}

}  // namespace portcullis
