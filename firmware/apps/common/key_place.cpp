#include "apps/common/key_place.hpp"

#include "apps/common/signing_key.hpp"
#include "drivers/keys/pkcs11/pkcs11_signing_key.hpp"
#include "drivers/keys/tpm/tpm_signing_key.hpp"

namespace portcullis {

namespace {

template <class Key>
Result<std::unique_ptr<SigningKey>> widened(Result<std::unique_ptr<Key>> key) {
    if (!key) return fail(std::move(key.error()));
    return std::unique_ptr<SigningKey>(std::move(*key));
}

template <class Driver>
KeyPlace place_of(const std::string& source, const std::filesystem::path& certificate, CertificateUse use) {
    return {[=] { return open_signing_key(source, certificate, use); },
            [=](X509* in_use) { return widened(Driver::successor(source, in_use)); },
            [=](X509* in_use) { return Driver::retire(source, in_use); }};
}

}  // namespace

KeyPlace key_place(const std::string& source, const std::filesystem::path& certificate, CertificateUse use) {
    if (source.starts_with("pkcs11:")) return place_of<Pkcs11SigningKey>(source, certificate, use);
    if (source.starts_with("tpm:")) return place_of<TpmSigningKey>(source, certificate, use);
    return {};
}

}  // namespace portcullis
