#pragma once
// One signing key in each place where a key may live, with a certificate of the throw-away PKI for it, and
// what happens to such places: the token is pulled, the TPM loses its power. What is not installed: skip
// loudly.

#include <doctest/doctest.h>

#include <memory>

#include "base/result.hpp"
#include "ports/signing_key.hpp"
#include "seal/trust.hpp"
#include "support/pki.hpp"
#include "support/temp_dir.hpp"

namespace portcullis::test {

/// A text that any key may sign.
inline constexpr std::string_view json = R"({"v":1,"kind":"test"})";

/// Loudly, when what the bench needs is not there.
template <class Bench>
bool skip() {
    const std::string missing = Bench::missing();
    if (missing.empty()) return false;
    MESSAGE("SKIPPED: " << missing);
    return true;
}

class KeyBench {
  public:
    KeyBench() : pki_(dir_.path() / "pki") {}
    virtual ~KeyBench() = default;
    KeyBench(const KeyBench&) = delete;
    KeyBench& operator=(const KeyBench&) = delete;

    /// As settings write it.
    [[nodiscard]] virtual std::string source() const = 0;
    [[nodiscard]] virtual Result<std::unique_ptr<SigningKey>> open(
        const std::filesystem::path& certificate) const = 0;
    /// The place of the key is not there (any more).
    virtual void take_away() = 0;
    /// False where a key that was loaded goes on to sign without its place.
    [[nodiscard]] virtual bool signs_in_its_place() const { return true; }

    /// A certificate of the device CA for this key.
    [[nodiscard]] std::filesystem::path certify(const std::string& name = "gate-1",
                                                const std::string& usage = "emailProtection") const;
    [[nodiscard]] std::filesystem::path certificate_of_another_key() const {
        return pki_.file("devices/gate-1/read.crt");
    }
    /// A file of the throw-away PKI.
    [[nodiscard]] std::filesystem::path ca(const std::string& file) const { return pki_.file(file); }
    [[nodiscard]] TrustStore trust(const std::filesystem::path& certificate) const;
    [[nodiscard]] const std::filesystem::path& folder() const { return dir_.path(); }

  protected:
    void run(std::vector<std::string> command) const { run_or_fail(std::move(command), folder() / "log"); }
    [[nodiscard]] std::filesystem::path public_key() const { return folder() / "public.pem"; }

  private:
    TempDir dir_;
    Pki pki_;
};

/// A PEM file.
class FileBench final : public KeyBench {
  public:
    static std::string missing() { return {}; }
    FileBench();
    [[nodiscard]] std::string source() const override { return folder() / "file.key"; }
    [[nodiscard]] Result<std::unique_ptr<SigningKey>> open(
        const std::filesystem::path& certificate) const override;
    void take_away() override { std::filesystem::remove(source()); }
    [[nodiscard]] bool signs_in_its_place() const override { return false; }
};

/// SoftHSM, a PKCS#11 token in files.
class TokenBench final : public KeyBench {
  public:
    /// What is not installed, or why not here; empty: all is there.
    static std::string missing();
    TokenBench();
    [[nodiscard]] std::string source() const override { return uri("lane", "read", "pin"); }
    [[nodiscard]] Result<std::unique_ptr<SigningKey>> open(
        const std::filesystem::path& certificate) const override;
    void take_away() override;

    /// The token itself, and no key.
    [[nodiscard]] std::string place() const;
    /// A key pair out of a file (PEM), under this label; it may derive.
    void import(const std::filesystem::path& key, const std::string& label,
                const std::string& id = "0a0b0c") const;
    [[nodiscard]] std::string uri(const std::string& token, const std::string& object,
                                  const std::string& pin_file) const;

  private:
    static bool used_;
};

/// swtpm, a TPM 2.0 in a process.
class TpmBench final : public KeyBench {
  public:
    static std::string missing();
    static constexpr const char* good_handle = "0x81000100";
    static constexpr const char* weak_handle = "0x81000101";

    TpmBench();
    [[nodiscard]] std::string source() const override { return std::string("tpm:handle:") + good_handle; }
    [[nodiscard]] Result<std::unique_ptr<SigningKey>> open(
        const std::filesystem::path& certificate) const override;
    void take_away() override { lose_power(); }

    /// kill -9: what a power cut does to it.
    void lose_power() { REQUIRE(swtpm_->kill()); }
    void power_up();
    /// The owner hierarchy asks for a password, which nobody here knows.
    void lock_owner() const { run({"tpm2_changeauth", "-c", "o", "secret"}); }
    /// Another chip in its place.
    void replace_chip();
    /// A key at weak_handle without noda, and its certificate.
    [[nodiscard]] std::filesystem::path make_weak_key();
    /// A file of a TPM's key (TSS2 PRIVATE KEY) that names this parent; 0x81000001 is there.
    [[nodiscard]] std::string wrapped_key(const std::string& parent) const;
    /// The same as OpenSSL's provider makes it, beneath a parent that it makes anew each time.
    [[nodiscard]] std::string key_of_the_provider() const;
    /// 0 when the key's wrapped file of the first chip can be loaded into the chip that is there now.
    [[nodiscard]] int load_wrapped_key() const;

  private:
    void make_key(const std::string& attributes, const std::string& name, const std::string& handle) const;
    [[nodiscard]] std::string shell(const std::string& script) const;
    [[nodiscard]] std::string text_of(const std::string& file) const;

    std::filesystem::path state_ = folder() / "tpm";
    std::uint16_t port_ = 0;
    std::unique_ptr<Process> swtpm_;
};

}  // namespace portcullis::test
