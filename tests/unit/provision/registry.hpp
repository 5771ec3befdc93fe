#pragma once
// A device whose keys are due for renewal, and the registrar who answers.

#include <doctest/doctest.h>

#include <filesystem>

#include "base/file.hpp"
#include "provision/key_renewal.hpp"
#include "provision/registrar.hpp"
#include "seal/statement.hpp"
#include "unit/seal/test_pki.hpp"

namespace portcullis::test {

/// The first read key holds from 20 days before to 10 days after.
inline constexpr auto due = now;

/// A device with a read key in its folder, the registrar's folder, and the road between them.
struct Registry {
    Road road;
    TempDir device;
    std::filesystem::path folder = road.pki.folder() / "registrar";
    std::filesystem::path identities = road.pki.folder() / "identities";
    Issuer issuer =
        must(Issuer::create(road.pki.folder() / "device-ca.crt", road.pki.folder() / "device-ca.key"));
    KeyFiles first = road.pki.issue("first", "gate-1", {.from = now - 20 * day, .until = now + 10 * day});

    Registry() {
        std::filesystem::create_directories(folder / "requests");
        std::filesystem::create_directories(identities);
        std::filesystem::copy_file(first.key, key("read.key"));
        std::filesystem::copy_file(first.certificate, key("read.crt"));
        road.pki.know(first, "first");
    }
    [[nodiscard]] std::filesystem::path key(const char* name) const { return device.path() / name; }
    [[nodiscard]] KeyRenewalSettings settings() const {
        return {.device = "gate-1",
                .key = key("read.key"),
                .certificate = key("read.crt"),
                .ca_chain = road.pki.chain("device-ca")};
    }
    [[nodiscard]] KeyRenewal renewal() const { return must(KeyRenewal::create(settings())); }
    void hand_over(ByteView request, const std::string& name = "gate-1.read") const {
        RequestFile file;
        file.vouched.assign(request.begin(), request.end());
        REQUIRE(write_file_atomically(folder / "requests" / (name + ".csr"), as_bytes(must(to_pem(file)))));
    }
    [[nodiscard]] std::vector<RegistrarOutcome> pass(UtcTime at) const {
        return must(answer_renewals({.folder = folder,
                                     .ca_chain = road.pki.chain("device-ca"),
                                     .signers = road.pki.signers(),
                                     .identities = identities,
                                     .deny_list = std::nullopt},
                                    issuer, at));
    }
    [[nodiscard]] Bytes answer(const std::string& name = "gate-1.read") const {
        return must(read_file(folder / "answers" / (name + ".crt"), max_renewal_bytes));
    }
    [[nodiscard]] std::unique_ptr<FileSigningKey> open_key() const {
        return must(FileSigningKey::create(key("read.key"), key("read.crt")));
    }
    [[nodiscard]] std::string key_in_use() const { return key_id(open_key()->certificate()); }
    /// What `signer` says in the device's name.
    [[nodiscard]] Bytes request_by(const KeyFiles& signer, CertificateUse use, DeviceKey wanted,
                                   EVP_PKEY* next) const {
        const auto signing = must(FileSigningKey::create(signer.key, signer.certificate, use));
        SignedKeyRequest asked{"gate-1", wanted, must(make_csr(next, "gate-1")), now};
        return must(sign_statement(*signing, must(encode_key_request(asked))));
    }
    [[nodiscard]] Bytes certificate(const KeyFiles& files) const {
        return must(read_file(files.certificate, max_renewal_bytes));
    }
};

}  // namespace portcullis::test
