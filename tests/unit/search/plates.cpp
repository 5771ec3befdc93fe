#include "unit/search/plates.hpp"

namespace portcullis::test {

std::vector<IndexedPassage> plates_in(const std::filesystem::path& path, const EnvelopeOpener& keys,
                                      const std::string& plate) {
    PlateIndex index = must(PlateIndex::attach(path));
    if (const auto used = index.use_keys(keys.recipients(), secrets_of(keys)); !used)
        throw std::runtime_error(used.error().message());
    PlateQuestion question;
    question.plate = plate;
    return index.open_all(must(index.candidates(question)), question).passages;
}

std::vector<IndexHole> holes_in(const std::filesystem::path& path) {
    return must(must(PlateIndex::attach(path)).holes());
}

std::uint64_t rows_in(const std::filesystem::path& path) {
    return must(must(PlateIndex::attach(path)).rows());
}

}  // namespace portcullis::test
