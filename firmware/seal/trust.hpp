#pragma once
// TrustStore: which keys may sign, judged at a time that the caller gives (his own clock at receipt, never
// the device's). Chains are judged once, at create; what is revoked, at create and at each refresh() that
// finds another deny list or revocation list; check() only compares dates. Thread-safe but for refresh().

#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/file_stamp.hpp"
#include "base/sha256.hpp"
#include "core/verdict.hpp"
#include "seal/certificate.hpp"
#include "seal/deny_list.hpp"

namespace portcullis {

inline constexpr std::size_t max_known_signers = 10'000;
/// A spool may come late: so long after its key's last day what it signed is believed, marked as expired,
/// within its chain (security design §3.1). Whoever held the key longer than he should is not believed for
/// ever.
inline constexpr std::chrono::days expired_grace{30};

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
    std::optional<std::filesystem::path> deny_list = {};  // key ids and names (deny_list.hpp)
};

struct Signer {
    X509Ptr certificate;
    std::string name;                      // common name
    KeyTrust issued = KeyTrust::stranger;  // what its certificate is worth, dates and revocation aside
    KeyTrust trust = KeyTrust::stranger;   // dates aside
    UtcTime valid_from{};                  // of the whole chain
    UtcTime valid_until{};
};

class TrustStore {
  public:
    /// Errors: configuration (names the file and the cure).
    [[nodiscard]] static Result<TrustStore> create(const TrustSettings& settings);

    /// Looks whether the deny list or the revocation list was replaced (a stat call each), and if so honours
    /// what they say now. True when something was read. Errors: as create's, told once for each replaced
    /// file; what it said before goes on to count, for a list that cannot be read pardons nobody.
    [[nodiscard]] Result<bool> refresh();
    /// True when nothing that bears this name can be believed: the deny list names it, or we know keys of it
    /// and each of them is revoked.
    [[nodiscard]] bool denies(const std::string& name) const;

    /// stranger when the key id is unknown; expired outside its dates, lapsed from expired_grace after the
    /// last. Whether the chain lets an expired key count is ingest's to say.
    [[nodiscard]] KeyTrust check(const std::string& key_id, UtcTime now) const;
    /// Borrowed; nullptr when unknown.
    [[nodiscard]] const Signer* find(const std::string& key_id) const;
    [[nodiscard]] std::size_t size() const { return signers_.size(); }
    /// Changes when a signer comes or goes, or is worth something else.
    [[nodiscard]] Digest fingerprint() const;

  private:
    TrustStore() = default;
    [[nodiscard]] Result<void> read_deny_list();
    [[nodiscard]] Result<void> read_revocations();
    [[nodiscard]] bool is_revoked(const std::string& key_id, const Signer& signer) const;
    void mark();

    TrustSettings settings_;
    std::vector<X509Ptr> authority_;  // the CA and its root: who may sign a revocation list
    DenyList denied_;
    X509CrlPtr revocations_;
    std::optional<FileStamp> deny_list_stamp_;
    std::optional<FileStamp> revocations_stamp_;
    std::unordered_map<std::string, Signer> signers_;
    std::unordered_set<std::string> revoked_names_;  // of known signers, with no key left
};

}  // namespace portcullis
