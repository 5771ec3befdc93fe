#include "drivers/keys/file/file_signing_key.hpp"

namespace portcullis {

Result<std::unique_ptr<FileSigningKey>> FileSigningKey::create(const std::filesystem::path& key,
                                                               const std::filesystem::path& certificate,
                                                               CertificateUse use) {
    KeyPtr private_key = TRY(load_private_key(key));
    X509Ptr named = TRY(load_certificate(certificate));
    const std::string name = certificate.string();
    TRY(check_pair(private_key.get(), named.get(), name));
    TRY(check_certificate(named.get(), use, name));
    return std::unique_ptr<FileSigningKey>(new FileSigningKey(std::move(private_key), std::move(named)));
}

}  // namespace portcullis
