#include "apps/portcullis/bench_folder.hpp"

#include <stdlib.h>

#include <cerrno>
#include <system_error>

namespace portcullis::bench {

Result<BenchFolder> BenchFolder::create(const std::filesystem::path& parent) {
    std::error_code problem;
    const std::filesystem::path above =
        parent.empty() ? std::filesystem::temp_directory_path(problem) : parent;
    if (problem)
        return fail(ErrorCode::configuration,
                    "bench: no folder for temporary files ({}); set TMPDIR to one that is writable",
                    problem.message());
    std::string name = (above / "portcullis-bench-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
        return fail(ErrorCode::configuration, "{}: {}; give a folder that is there and writable",
                    above.string(), std::generic_category().message(errno));
    return BenchFolder(name);
}

BenchFolder::~BenchFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace portcullis::bench
