#pragma once
// A PKI in a temporary folder, made in milliseconds, that can also issue what make-pki never would: expired,
// misused, foreign certificates.

#include <filesystem>
#include <optional>
#include <string>

#include "core/capture_record.hpp"
#include "drivers/keys/file/file_signing_key.hpp"
#include "seal/opener.hpp"
#include "seal/sealer.hpp"
#include "support/temp_dir.hpp"

namespace portcullis::test {

/// 2026-11-23T08:00:00Z, the time at which tests judge unless they say otherwise.
inline constexpr UtcTime now{std::chrono::seconds(1'795'420'800)};
inline constexpr std::chrono::days day{1};

struct KeyFiles {
    std::filesystem::path key;
    std::filesystem::path certificate;
};

struct Request {
    std::string ca = "device-ca";  // "device-ca", "service-ca", "recipient-ca" or "stranger-ca"
    std::string usage = "digitalSignature";
    std::string extended = "emailProtection";  // empty: none
    std::string curve = "P-256";
    UtcTime from = now - 10 * day;
    UtcTime until = now + 10 * day;
    bool key_identifier = true;
};

class TestPki {
  public:
    explicit TestPki(const std::string& root_curve = "P-256");

    /// Writes <folder>/<file>.key and .crt; common name `name`.
    KeyFiles issue(const std::string& file, const std::string& name, const Request& request = {}) const;
    KeyFiles device(const std::string& name) const;  // also among the known signers
    KeyFiles recipient(const std::string& name) const;
    void know(const KeyFiles& files, const std::string& name) const;  // adds to the known signers

    [[nodiscard]] std::filesystem::path folder() const { return folder_.path(); }
    [[nodiscard]] std::filesystem::path chain(const std::string& ca) const {
        return folder() / (ca + ".chain.pem");
    }
    [[nodiscard]] std::filesystem::path signers() const { return folder() / "signers"; }

  private:
    void make_ca(const std::string& name, const std::string& issuer,
                 const std::string& curve = "P-256") const;
    TempDir folder_;
};

/// One device `gate-1` with a sealer, and an opener that knows it.
struct Road {
    TestPki pki;
    KeyFiles device = pki.device("gate-1");
    KeyFiles reader = pki.recipient("collector-read");
    KeyFiles evidence = pki.recipient("collector-evidence");
    std::unique_ptr<FileSigningKey> key;
    std::optional<Sealer> sealer;
    std::optional<EnvelopeOpener> opener;

    Road();
    [[nodiscard]] TrustStore trust() const;
    [[nodiscard]] EnvelopeOpener opener_with(const std::vector<KeyFiles>& keys) const;
    [[nodiscard]] Sealer sealer_with(const SigningKey& signing_key, std::string device_name) const;
    [[nodiscard]] SealedRecord seal(const CaptureRecord& record, const ChainHead& head) const;
};

[[nodiscard]] CaptureRecord sample_record();
[[nodiscard]] ChainHead first_head(std::string_view device = "gate-1");

template <class T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message());
    return std::move(*result);
}

}  // namespace portcullis::test
