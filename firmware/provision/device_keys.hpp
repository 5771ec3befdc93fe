#pragma once
// DeviceKeys: the folder of a device's own keys: identity.{key,crt}, read.{key,crt}, and while one is renewed
// {identity,read}.next.{key,csr,crt}. Makes keys and requests, takes certificates in. A key goes only when
// the certificate of the next one has come. Reentrant.

#include <filesystem>
#include <functional>
#include <string>

#include "provision/key_request.hpp"
#include "seal/certificate.hpp"

namespace portcullis {

struct MadeRequest {
    std::filesystem::path file;
    std::string fingerprint;
};

/// Makes the key that shall follow one whose file only its hardware can use (a TPM's, wrapped): takes that
/// file and gives another of the same hardware.
using WrappedKeyMaker = std::function<Result<Bytes>(ByteView in_use)>;

class DeviceKeys {
  public:
    /// wrapped: none where no key is renewed in hardware.
    explicit DeviceKeys(std::filesystem::path folder, WrappedKeyMaker wrapped = {})
        : folder_(std::move(folder)), wrapped_(std::move(wrapped)) {}

    [[nodiscard]] std::filesystem::path key(DeviceKey which) const { return part(which, ".key"); }
    [[nodiscard]] std::filesystem::path certificate(DeviceKey which) const { return part(which, ".crt"); }
    [[nodiscard]] std::filesystem::path request(DeviceKey which) const { return part(which, ".csr"); }
    [[nodiscard]] std::filesystem::path next_key(DeviceKey which) const { return part(which, ".next.key"); }
    [[nodiscard]] std::filesystem::path next_request(DeviceKey which) const {
        return part(which, ".next.csr");
    }
    [[nodiscard]] std::filesystem::path next_certificate(DeviceKey which) const {
        return part(which, ".next.crt");
    }

    /// Makes the key, unless it is there without a certificate (a request that was lost is written again),
    /// and its request. The read key's is signed by the identity key, which must be installed. Errors:
    /// refused (there is a key with a certificate), configuration (name, no identity), io.
    [[nodiscard]] Result<MadeRequest> make_request(DeviceKey which, const std::string& device,
                                                   UtcTime now) const;

    /// Makes the next key beside the one in use, unless it is there, and its request, which the key in use
    /// signs: who has another key of the device cannot ask. The key in use stays in use until install. A key
    /// that lives in hardware is followed by one that does. Errors: refused (nothing to renew), configuration
    /// (in hardware, where this program makes none), io.
    [[nodiscard]] Result<MadeRequest> make_renewal(DeviceKey which, const std::string& device,
                                                   UtcTime now) const;

    /// The certificate is for our key of that use (or the next one, which then takes its place), of the CA of
    /// ca_chain, for `device`: then it is written. Gives which of the keys it was for. Errors: refused (says
    /// which of these is not so), configuration.
    [[nodiscard]] Result<DeviceKey> install(const std::filesystem::path& certificate,
                                            const std::filesystem::path& ca_chain,
                                            const std::string& device) const;

    /// The same for an answer in memory, to a request for `which`.
    [[nodiscard]] Result<void> take(X509* answer, DeviceKey which, const std::filesystem::path& ca_chain,
                                    const std::string& device) const;
    /// Ends what a power cut left half done: key and certificate are a pair afterwards, the old or the new
    /// one. To be called before they are read. Errors: io, configuration.
    [[nodiscard]] Result<void> recover(DeviceKey which) const;

  private:
    [[nodiscard]] Result<void> replace_pair(DeviceKey which) const;
    [[nodiscard]] std::filesystem::path part(DeviceKey which, std::string_view ending) const {
        return folder_ / (std::string(to_string(which)) + std::string(ending));
    }
    [[nodiscard]] Result<KeyPtr> key_for_request(DeviceKey which) const;
    [[nodiscard]] Result<KeyPtr> key_for_renewal(DeviceKey which) const;
    /// `by` signs that `which` may have the certificate that csr asks for.
    [[nodiscard]] Result<Bytes> vouch(DeviceKey by, DeviceKey which, const std::string& device, Bytes csr,
                                      UtcTime now) const;
    [[nodiscard]] Result<MadeRequest> write_request(const std::filesystem::path& path, EVP_PKEY* key,
                                                    const RequestFile& request) const;

    std::filesystem::path folder_;
    WrappedKeyMaker wrapped_;
};

/// A certificate that came in answer to a request of ours: for this key, this name, this use, from this CA
/// (dates aside: the clock may not be set). Errors: refused (says which), configuration (the CA's chain).
[[nodiscard]] Result<void> check_answer(X509* certificate, EVP_PKEY* key, DeviceKey which,
                                        const std::string& device, const std::filesystem::path& ca_chain);

}  // namespace portcullis
