#pragma once
// What stands in an opener's plate index.

#include <vector>

#include "collector/opener/plate_register.hpp"
#include "unit/seal/test_pki.hpp"

namespace portcullis::test {

/// As a second process sees it that has the opener's keys: what is found of this plate, newest first.
[[nodiscard]] std::vector<IndexedPassage> plates_in(const std::filesystem::path& index,
                                                    const EnvelopeOpener& keys, const std::string& plate);
[[nodiscard]] std::vector<IndexHole> holes_in(const std::filesystem::path& index);
[[nodiscard]] std::uint64_t rows_in(const std::filesystem::path& index);

}  // namespace portcullis::test
