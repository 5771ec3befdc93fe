#pragma once
// TrustStore: which keys may sign, judged at a time that the caller gives (his own clock at receipt, never
// the device's). Chains and revocations are judged once, at create; check() only compares dates. Immutable,
// thread-safe.

#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/sha256.hpp"
#include "core/verdict.hpp"
#include "seal/certificate.hpp"

namespace portcullis {

inline constexpr std::size_t max_known_signers = 10'000;

/// A CA and its root, for certificates that are judged one by one. Immutable, thread-safe.
class CaChain {
  public:
    /// PEM: the CA's certificate first, its root after it. Errors: configuration (names the file and the
    /// cure).
    [[nodiscard]] static Result<CaChain> create(const std::filesystem::path& file);
    /// By the CA itself, which leads to the root; dates aside.
    [[nodiscard]] bool issued(X509* certificate) const;

  private:
    CaChain() = default;
    X509Ptr ca_;
    X509StorePtr store_;
};

struct TrustSettings {
    std::filesystem::path ca_chain;  // PEM: the CA of these signers and its root
    std::filesystem::path signers;   // a folder of *.crt, or one PEM file
    CertificateUse use = CertificateUse::sign_reads;
    std::optional<std::filesystem::path> revocations =
        {};                                               // a CRL (PEM) of that CA; an old one still revokes
    std::optional<std::filesystem::path> deny_list = {};  // key ids as hex, one a line, '#' begins a comment
};

struct Signer {
    X509Ptr certificate;
    std::string name;                     // common name
    KeyTrust trust = KeyTrust::stranger;  // dates aside
    UtcTime valid_from{};                 // of the whole chain
    UtcTime valid_until{};
};

class TrustStore {
  public:
    /// Errors: configuration (names the file and the cure).
    [[nodiscard]] static Result<TrustStore> create(const TrustSettings& settings);

    /// stranger when the key id is unknown.
    [[nodiscard]] KeyTrust check(const std::string& key_id, UtcTime now) const;
    /// Borrowed; nullptr when unknown.
    [[nodiscard]] const Signer* find(const std::string& key_id) const;
    [[nodiscard]] std::size_t size() const { return signers_.size(); }
    /// Changes when a signer comes or goes, or is worth something else.
    [[nodiscard]] Digest fingerprint() const;

  private:
    TrustStore() = default;
    std::unordered_map<std::string, Signer> signers_;
};

}  // namespace portcullis
