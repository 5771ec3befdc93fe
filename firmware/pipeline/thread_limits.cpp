#include "pipeline/thread_limits.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <opencv2/core/utility.hpp>

namespace portcullis {

void limit_library_threads(char** argv) {
    constexpr std::array names = {"OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS"};
    bool missing = false;
    for (const char* name : names) {
        const char* value = ::getenv(name);  // NOLINT(concurrency-mt-unsafe): before the first thread
        if (value != nullptr && std::strcmp(value, "1") == 0) continue;
        missing = ::setenv(name, "1", 1) == 0 || missing;  // NOLINT(concurrency-mt-unsafe)
    }
    // Where it fails the program only runs slower. It cannot come here a second time.
    if (missing) ::execv("/proc/self/exe", argv);
    cv::setNumThreads(1);
}

}  // namespace portcullis
