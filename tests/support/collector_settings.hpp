#pragma once
// A collector's settings: the example file, with another [store].

#include <doctest/doctest.h>

#include <fstream>

#include "base/file.hpp"
#include "config/settings_reader.hpp"

namespace portcullis::test {

/// store: the lines of that section.
inline void write_collector_settings(const std::filesystem::path& file, const std::string& store) {
    const auto example = std::filesystem::path(PORTCULLIS_SOURCE_DIR) / "board/host/config/collector.toml";
    auto text = read_text_file(example, max_settings_file_bytes);
    REQUIRE(text);
    const std::size_t begin = text->find("\n[store]") + 1;
    text->replace(begin, text->find("\n[receipts]", begin) - begin, "[store]\n" + store + "\n");
    std::ofstream(file) << *text;
}

}  // namespace portcullis::test
