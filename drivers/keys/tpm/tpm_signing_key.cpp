#include "drivers/keys/tpm/tpm_signing_key.hpp"

#include <openssl/err.h>
#include <openssl/store.h>

#include <charconv>

#include "drivers/keys/tpm/tpm_maker.hpp"
#include "seal/key_trial.hpp"

namespace portcullis {

namespace {

constexpr std::string_view scheme = "tpm:handle:0x81";
constexpr std::size_t name_bytes = std::string_view("tpm:handle:0x81000100").size();

// Signs on the chip; digests, and whatever it does not name, in software.
constexpr const char* preference = "?provider=tpm2,tpm2.digest!=yes,tpm2.cipher!=yes";

using StorePtr = std::unique_ptr<OSSL_STORE_CTX, OpensslDeleter<OSSL_STORE_close>>;
using StoreInfoPtr = std::unique_ptr<OSSL_STORE_INFO, OpensslDeleter<OSSL_STORE_INFO_free>>;

Result<std::uint32_t> handle_of(std::string_view name) {
    const bool good = name.starts_with(scheme) && name.size() == name_bytes &&
                      name.substr(scheme.size()).find_first_not_of("0123456789abcdefABCDEF") == name.npos;
    if (!good)
        return fail(ErrorCode::configuration,
                    "key '{}': write tpm:handle:0x81NNNNNN, the persistent handle of a key made with the "
                    "attributes sign and noda (tpm2_create, tpm2_evictcontrol)",
                    name);
    constexpr std::string_view before = "tpm:handle:0x";
    std::uint32_t handle = 0;
    std::from_chars(name.data() + before.size(), name.data() + name.size(), handle, 16);
    return handle;
}

/// Where the next key stands while this one is in use.
constexpr std::uint32_t neighbour_of(std::uint32_t handle) {
    return handle ^ 1U;
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

Result<void> TpmSigningKey::load_key(std::uint32_t at) {
    const std::string handle = fmt::format("handle:0x{:08x}", at);
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

Result<std::unique_ptr<TpmSigningKey>> TpmSigningKey::at(std::uint32_t handle) {
    std::unique_ptr<TpmSigningKey> made(new TpmSigningKey);
    TRY(with_context(made->open_provider(), "key"));
    TRY(made->load_key(handle));
    return made;
}

Result<std::unique_ptr<TpmSigningKey>> TpmSigningKey::create(std::string_view name,
                                                             const std::filesystem::path& certificate,
                                                             CertificateUse use) {
    const std::uint32_t handle = TRY(handle_of(name));
    X509Ptr named = TRY(load_certificate(certificate));
    TRY(check_certificate(named.get(), use, certificate.string()));
    auto made = at(handle);
    if (!made || !check_pair((*made)->key(), named.get(), "")) {
        // In the first's place the chip may have nothing, or the certificate's forerunner. One at a time: it
        // may have room for no more.
        if (made) made->reset();
        auto other = at(neighbour_of(handle));
        const bool fits = other && check_pair((*other)->key(), named.get(), "").has_value();
        if (!fits && other) other->reset();
        made = fits ? std::move(other) : at(handle);
    }
    if (!made) return fail(std::move(made.error()));
    TRY(check_pair((*made)->key(), named.get(), certificate.string()));
    (*made)->certificate_ = std::move(named);
    TRY(try_key(**made, name));
    return std::move(*made);
}

Result<std::uint32_t> TpmSigningKey::handle_of_pair(std::uint32_t first, X509* certificate) {
    for (const std::uint32_t handle : {first, neighbour_of(first)}) {
        const auto key = at(handle);
        if (key && check_pair((*key)->key(), certificate, "")) return handle;
    }
    return fail(ErrorCode::not_found,
                "key tpm:handle:0x{:08x}: the certificate's key is neither there nor beside it", first);
}

Result<std::unique_ptr<TpmSigningKey>> TpmSigningKey::successor(std::string_view name, X509* in_use) {
    const std::uint32_t first = TRY(handle_of(name));
    const std::uint32_t next = neighbour_of(TRY(handle_of_pair(first, in_use)));
    {
        TpmMaker maker = TRY(TpmMaker::open());
        if (!TRY(maker.holds(next))) TRY(maker.make(next));
    }
    return at(next);
}

Result<void> TpmSigningKey::retire(std::string_view name, X509* in_use) {
    const std::uint32_t first = TRY(handle_of(name));
    const std::uint32_t before = neighbour_of(TRY(handle_of_pair(first, in_use)));
    TpmMaker maker = TRY(TpmMaker::open());
    return TRY(maker.holds(before))
    ? maker.remove(before) : Result<void>();
}

}  // namespace portcullis
