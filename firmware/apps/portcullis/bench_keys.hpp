#pragma once
// Keys of one device and its recipients, made for one run of `portcullis bench seal`, in a folder that only
// this user may read and that goes with the object. They protect nothing.

#include <filesystem>
#include <utility>
#include <vector>

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
    ThrowAwayKeys(ThrowAwayKeys&& other) noexcept
        : folder_(std::exchange(other.folder_, {})),
          authority_(std::move(other.authority_)),
          device_(std::move(other.device_)),
          recipients_(std::move(other.recipients_)) {}
    ThrowAwayKeys& operator=(ThrowAwayKeys&&) = delete;
    ~ThrowAwayKeys();

    [[nodiscard]] const std::filesystem::path& authority() const { return authority_; }
    [[nodiscard]] const KeyFiles& device() const { return device_; }
    [[nodiscard]] const std::vector<KeyFiles>& recipients() const { return recipients_; }

  private:
    explicit ThrowAwayKeys(std::filesystem::path folder) : folder_(std::move(folder)) {}

    std::filesystem::path folder_;  // empty when moved from
    std::filesystem::path authority_;
    KeyFiles device_;
    std::vector<KeyFiles> recipients_;
};

}  // namespace portcullis::bench
