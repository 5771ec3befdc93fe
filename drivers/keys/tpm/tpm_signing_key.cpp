#include "drivers/keys/tpm/tpm_signing_key.hpp"

#include <openssl/err.h>
#include <openssl/store.h>

#include "seal/key_trial.hpp"

namespace portcullis {

namespace {

constexpr std::string_view scheme = "tpm:handle:0x81";
constexpr std::size_t name_bytes = std::string_view("tpm:handle:0x81000100").size();

// Signs on the chip; digests, and whatever it does not name, in software.
constexpr const char* preference = "?provider=tpm2,tpm2.digest!=yes,tpm2.cipher!=yes";

using StorePtr = std::unique_ptr<OSSL_STORE_CTX, OpensslDeleter<OSSL_STORE_close>>;
using StoreInfoPtr = std::unique_ptr<OSSL_STORE_INFO, OpensslDeleter<OSSL_STORE_INFO_free>>;

/// handle:0x81000100, as the provider's store knows it.
Result<std::string> handle_of(std::string_view name) {
    const bool good = name.starts_with(scheme) && name.size() == name_bytes &&
                      name.substr(scheme.size()).find_first_not_of("0123456789abcdefABCDEF") == name.npos;
    if (!good)
        return fail(ErrorCode::configuration,
                    "key '{}': write tpm:handle:0x81NNNNNN, the persistent handle of a key made with the "
                    "attributes sign and noda (tpm2_create, tpm2_evictcontrol)",
                    name);
    return std::string(name.substr(std::string_view("tpm:").size()));
}

}  // namespace

const char* TpmSigningKey::properties() const {
    return preference;
}

Result<void> TpmSigningKey::open_provider() {
    context_.reset(OSSL_LIB_CTX_new());
    if (!context_) return fail(openssl_error(ErrorCode::internal, "TPM: OpenSSL has no memory"));
    software_.reset(OSSL_PROVIDER_load(context_.get(), "default"));
    if (!software_) return fail(openssl_error(ErrorCode::internal, "TPM: no default provider"));
    tpm_.reset(OSSL_PROVIDER_load(context_.get(), "tpm2"));
    if (!tpm_)
        return fail(openssl_error(
            ErrorCode::configuration,
            "TPM: the provider tpm2 does not start; is tpm2-openssl installed, may this user open "
            "/dev/tpmrm0 (group tss), does TPM2OPENSSL_TCTI name the TPM?"));
    return {};
}

Result<void> TpmSigningKey::load_key(const std::string& handle) {
    const StorePtr store(OSSL_STORE_open_ex(handle.c_str(), context_.get(), "?provider=tpm2", nullptr,
                                            nullptr, nullptr, nullptr, nullptr));
    while (store && !key_ && OSSL_STORE_eof(store.get()) == 0) {
        const StoreInfoPtr found(OSSL_STORE_load(store.get()));
        if (!found) break;
        if (OSSL_STORE_INFO_get_type(found.get()) == OSSL_STORE_INFO_PKEY)
            key_.reset(OSSL_STORE_INFO_get1_PKEY(found.get()));
    }
    if (!key_)
        return fail(openssl_error(
            ErrorCode::configuration,
            fmt::format(
                "key tpm:{}: this TPM holds no key there (tpm2_getcap handles-persistent shows what it "
                "holds)",
                handle)));
    ERR_clear_error();
    return {};
}

Result<std::unique_ptr<TpmSigningKey>> TpmSigningKey::create(std::string_view name,
                                                             const std::filesystem::path& certificate,
                                                             CertificateUse use) {
    const std::string handle = TRY(handle_of(name));
    std::unique_ptr<TpmSigningKey> made(new TpmSigningKey);
    made->certificate_ = TRY(load_certificate(certificate));
    TRY(check_certificate(made->certificate_.get(), use, certificate.string()));
    TRY(with_context(made->open_provider(), "key"));
    TRY(made->load_key(handle));
    TRY(check_pair(made->key_.get(), made->certificate_.get(), certificate.string()));
    TRY(try_key(*made, name));
    return made;
}

}  // namespace portcullis
