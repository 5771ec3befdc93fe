#pragma once
// OwnSigners: the certificates that this device signs with and signed with: the one in use and its
// forerunners. By them it knows again what it signed itself, also after a start between the change of its
// key and whatever it has to sign anew. Thread-bound.
//
// A forerunner is believed because it was the certificate of our own key: either in this run, or when the
// file says so, which stands in a folder that only the reader's user may write, as the anchor does; who can
// write there can use the read key as well. It must be for this device and this use besides. Which CA issued
// it is not asked: a reader that does not renew by itself knows none, and a change of the CA must not strand
// what was shed before.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "seal/certificate.hpp"

namespace portcullis {

inline constexpr std::size_t max_forerunners = 2;

class OwnSigners {
  public:
    explicit OwnSigners(std::string device) : device_(std::move(device)) {}

    /// The certificate of the key that signs from now on; the one before becomes a forerunner.
    void use(X509* certificate);
    /// Kept in this file (PEM, the one in use first, mode 0600) from now on; what stands there came before.
    /// One that is no good is told and written anew.
    void keep_in(std::filesystem::path file);
    /// Writes the file if it could not be written before; tells once that it cannot. Cheap.
    void save();

    /// The newest first.
    [[nodiscard]] std::span<const X509Ptr> forerunners() const;
    /// 0 without forerunners; another number with each change of them.
    [[nodiscard]] std::uint64_t changes() const { return changes_; }

  private:
    [[nodiscard]] Result<std::vector<X509Ptr>> load() const;
    [[nodiscard]] bool knows(X509* certificate) const;

    std::string device_;
    std::filesystem::path file_;         // empty: none is kept
    std::vector<X509Ptr> certificates_;  // the one in use, then the forerunners
    std::uint64_t changes_ = 0;
    bool unsaved_ = false;
    bool failing_ = false;
};

}  // namespace portcullis
