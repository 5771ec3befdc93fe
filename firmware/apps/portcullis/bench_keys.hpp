#pragma once
// Keys of devices and their recipients, made for one run of `portcullis bench`, in a folder that only this
// user may read and that goes with the object. They protect nothing.

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
    /// Of the n-th device, from 0.
    [[nodiscard]] static std::string device_name(std::size_t n);

    /// Errors: io (the folder for temporary files; TMPDIR names another), internal (OpenSSL).
    [[nodiscard]] static Result<ThrowAwayKeys> create(std::size_t recipients, std::size_t devices = 1);

    [[nodiscard]] const std::filesystem::path& authority() const { return authority_; }
    [[nodiscard]] const std::vector<KeyFiles>& devices() const { return devices_; }
    /// Certificates of all devices.
    [[nodiscard]] std::filesystem::path signers() const { return folder_.path() / signers_folder; }
    [[nodiscard]] const std::vector<KeyFiles>& recipients() const { return recipients_; }

  private:
    explicit ThrowAwayKeys(BenchFolder folder) : folder_(std::move(folder)) {}

    static constexpr auto signers_folder = "devices";
    BenchFolder folder_;
    std::filesystem::path authority_;
    std::vector<KeyFiles> devices_;
    std::vector<KeyFiles> recipients_;
};

}  // namespace portcullis::bench
