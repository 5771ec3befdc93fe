#pragma once
// Keys of one device and its recipients, made for one run of `portcullis bench seal`, in a folder that only
// this user may read and that goes with the object. They protect nothing.

#include <filesystem>
#include <utility>
#include <vector>

#include "apps/portcullis/bench_folder.hpp"
#include "seal/openssl.hpp"

namespace portcullis::bench {

struct KeyFiles {
    std::filesystem::path key;
    std::filesystem::path certificate;
};

class ThrowAwayKeys {
  public:
    static constexpr auto device_name = "bench";

    /// Errors: io (the folder for temporary files; TMPDIR names another), internal (OpenSSL).
    [[nodiscard]] static Result<ThrowAwayKeys> create(std::size_t recipients);

    [[nodiscard]] const std::filesystem::path& authority() const { return authority_; }
    [[nodiscard]] const KeyFiles& device() const { return device_; }
    [[nodiscard]] const std::vector<KeyFiles>& recipients() const { return recipients_; }

  private:
    explicit ThrowAwayKeys(BenchFolder folder) : folder_(std::move(folder)) {}

    BenchFolder folder_;
    std::filesystem::path authority_;
    KeyFiles device_;
    std::vector<KeyFiles> recipients_;
};

}  // namespace portcullis::bench
