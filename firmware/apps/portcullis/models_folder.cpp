#include "apps/portcullis/models_folder.hpp"

#include <cstdlib>
#include <vector>

namespace portcullis {

namespace fs = std::filesystem;

Result<fs::path> find_models(const fs::path& asked) {
    if (!asked.empty()) return asked;
    const char* named = std::getenv("PORTCULLIS_MODELS");  // NOLINT(concurrency-mt-unsafe): no thread yet
    if (named != nullptr && *named != '\0') return fs::path(named);
    std::error_code error;
    const fs::path program = fs::read_symlink("/proc/self/exe", error);
    std::vector<fs::path> places;
    if (!error) {
        places.push_back(program.parent_path().parent_path() / "share" / "portcullis" / "models");
        places.push_back((program.parent_path() / PORTCULLIS_SOURCE_MODELS).lexically_normal());
    }
    std::string looked;
    for (const fs::path& place : places) {
        if (fs::is_directory(place / "plate-reader", error)) return place;
        looked += (looked.empty() ? "" : " and ") + place.string();
    }
    return fail(ErrorCode::configuration,
                "no models in {}; name their folder with --models or PORTCULLIS_MODELS", looked);
}

}  // namespace portcullis
