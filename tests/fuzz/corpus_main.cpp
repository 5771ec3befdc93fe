// Replays a target's corpus without libFuzzer: every file of the folder, and the empty input.
//   fuzz_<target> FOLDER

#include <algorithm>
#include <filesystem>
#include <vector>

#include "base/file.hpp"
#include "fuzz/input.hpp"

namespace {

constexpr std::size_t max_input_bytes = std::size_t{1} << 20;

std::vector<std::filesystem::path> files_of(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        files.push_back(entry.path());
    std::ranges::sort(files);
    return files;
}

}  // namespace

int main(int count, char** words) {
    if (count != 2) {
        std::fprintf(stderr, "usage: %s FOLDER\n", words[0]);
        return 2;
    }
    LLVMFuzzerTestOneInput(nullptr, 0);
    std::size_t inputs = 0;
    for (const std::filesystem::path& file : files_of(words[1])) {
        std::printf("%s\n", file.c_str());
        std::fflush(stdout);  // the last name is the culprit's
        const portcullis::Bytes bytes = portcullis::fuzz::must(portcullis::read_file(file, max_input_bytes));
        LLVMFuzzerTestOneInput(portcullis::u8(bytes), bytes.size());
        ++inputs;
    }
    std::printf("%zu inputs\n", inputs);
    return inputs == 0 ? 1 : 0;  // an empty corpus proves nothing
}
