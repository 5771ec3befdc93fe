#include "apps/common/service_key.hpp"

#include "drivers/keys/file/file_signing_key.hpp"
#include "drivers/keys/pkcs11/pkcs11_signing_key.hpp"

namespace portcullis {

Result<std::unique_ptr<SigningKey>> open_service_key(const std::string& source,
                                                     const std::filesystem::path& certificate) {
    constexpr auto use = CertificateUse::sign_receipts;
    if (source.starts_with("pkcs11:"))
        return std::unique_ptr<SigningKey>(TRY(Pkcs11SigningKey::create(source, certificate, use)));
    return std::unique_ptr<SigningKey>(TRY(FileSigningKey::create(source, certificate, use)));
}

}  // namespace portcullis
