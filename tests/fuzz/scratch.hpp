#pragma once
// Scratch: a folder of the process's own below the temporary folder, removed when it ends. Thread-bound.

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/assert.hpp"
#include "base/bytes.hpp"

namespace portcullis::fuzz {

class Scratch {
  public:
    Scratch() {
        std::string name = (std::filesystem::temp_directory_path() / "portcullis-fuzz.XXXXXX").string();
        PORTCULLIS_ASSERT(::mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] std::filesystem::path write(const std::string& name, ByteView bytes) const {
        const std::string_view text = as_text(bytes);
        std::ofstream out(path_ / name, std::ios::binary | std::ios::trunc);
        out.write(text.data(), static_cast<std::streamsize>(text.size()));
        out.close();
        PORTCULLIS_ASSERT(out.good());
        return path_ / name;
    }
    /// Removes what is in it.
    void clear() const {
        for (const auto& entry : std::filesystem::directory_iterator(path_))
            std::filesystem::remove_all(entry.path());
    }

  private:
    std::filesystem::path path_;
};

}  // namespace portcullis::fuzz
