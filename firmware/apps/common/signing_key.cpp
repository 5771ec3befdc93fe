#include "apps/common/signing_key.hpp"

#include "drivers/keys/file/file_signing_key.hpp"
#include "drivers/keys/pkcs11/pkcs11_signing_key.hpp"
#include "drivers/keys/tpm/tpm_signing_key.hpp"

namespace portcullis {

namespace {

template <class Key>
Result<std::unique_ptr<SigningKey>> widened(Result<std::unique_ptr<Key>> key) {
    if (!key) return fail(std::move(key.error()));
    return std::unique_ptr<SigningKey>(std::move(*key));
}

}  // namespace

Result<std::unique_ptr<SigningKey>> open_signing_key(const std::string& source,
                                                     const std::filesystem::path& certificate,
                                                     CertificateUse use) {
    if (source.starts_with("pkcs11:")) return widened(Pkcs11SigningKey::create(source, certificate, use));
    if (source.starts_with("tpm:")) return widened(TpmSigningKey::create(source, certificate, use));
    return widened(FileSigningKey::create(source, certificate, use));
}

}  // namespace portcullis
