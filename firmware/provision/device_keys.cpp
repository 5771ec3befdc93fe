#include "provision/device_keys.hpp"

#include "base/file.hpp"
#include "core/ids.hpp"
#include "provision/fingerprint.hpp"
#include "provision/issuer.hpp"
#include "seal/statement.hpp"
#include "seal/trust.hpp"

namespace portcullis {

namespace {

constexpr unsigned key_mode = 0600;

/// Signs a request; borrows both for its own life.
class Voucher final : public SigningKey {
  public:
    Voucher(EVP_PKEY* key, X509* certificate) : key_(key), certificate_(certificate) {}
    [[nodiscard]] evp_pkey_st* key() const override { return key_; }
    [[nodiscard]] x509_st* certificate() const override { return certificate_; }

  private:
    EVP_PKEY* key_;
    X509* certificate_;
};

bool is_there(const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::exists(path, ignored);
}

}  // namespace

Result<void> check_answer(X509* certificate, EVP_PKEY* key, DeviceKey which, const std::string& device,
                          const std::filesystem::path& ca_chain) {
    const auto refuse = [](const Error& error) { return fail(ErrorCode::refused, "{}", error.message()); };
    if (const auto pair = check_pair(key, certificate, "that came in answer"); !pair)
        return refuse(pair.error());
    if (const auto use = check_certificate(certificate, use_of(which), "that came in answer"); !use)
        return refuse(use.error());
    if (common_name(certificate) != device)
        return fail(ErrorCode::refused, "certificate that came in answer: for another name than '{}'",
                    device);
    if (!TRY(CaChain::create(ca_chain)).issued(certificate))
        return fail(ErrorCode::refused, "certificate that came in answer: not issued by the CA of {}",
                    ca_chain.string());
    return {};
}

Result<KeyPtr> DeviceKeys::key_for_request(DeviceKey which) const {
    const std::filesystem::path path = key(which);
    if (is_there(path)) {
        if (is_there(certificate(which)))
            return fail(
                ErrorCode::refused,
                "key {}: is there and has a certificate; a key is never overwritten: move both away if the "
                "device shall get new ones",
                path.string());
        return load_private_key(path);
    }
    KeyPtr made = TRY(make_key());
    Bytes pem = TRY(private_key_to_pem(made.get()));
    const Cleanse cleanse(pem);
    TRY(write_file_atomically(path, pem, key_mode));
    return made;
}

Result<Bytes> DeviceKeys::vouch(const std::string& device, Bytes csr, UtcTime now) const {
    const KeyPtr identity =
        TRY(with_context(load_private_key(key(DeviceKey::identity)),
                         "the identity key signs the request of the read key; enrol it first"));
    const X509Ptr named =
        TRY(with_context(load_certificate(certificate(DeviceKey::identity)),
                         "the identity key signs the request of the read key; enrol it first"));
    TRY(check_pair(identity.get(), named.get(), certificate(DeviceKey::identity).string()));
    const std::string json = TRY(encode_key_request({device, DeviceKey::read, std::move(csr), now}));
    return sign_statement(Voucher(identity.get(), named.get()), json);
}

Result<MadeRequest> DeviceKeys::make_request(DeviceKey which, const std::string& device, UtcTime now) const {
    if (!is_device_name(device))
        return fail(ErrorCode::configuration,
                    "'{}' is no device name: 1 to {} of a-z, 0-9 and '-', and no name of a service", device,
                    max_device_name_bytes);
    const KeyPtr made = TRY(key_for_request(which));
    RequestFile file;
    file.csr = TRY(make_csr(made.get(), device));
    if (which == DeviceKey::read) file.vouched = TRY(vouch(device, file.csr, now));
    MadeRequest done {
        request(which), TRY(fingerprint(made.get()))
    };
    const std::string pem = TRY(to_pem(file));
    TRY(write_file_atomically(done.file, as_bytes(pem)));
    return done;
}

Result<DeviceKey> DeviceKeys::install(const std::filesystem::path& file,
                                      const std::filesystem::path& ca_chain,
                                      const std::string& device) const {
    const X509Ptr answer = TRY(load_certificate(file));
    const bool identity = check_certificate(answer.get(), CertificateUse::identify, "").has_value();
    const DeviceKey which = identity ? DeviceKey::identity : DeviceKey::read;
    const KeyPtr own = TRY(load_private_key(key(which)));
    TRY(with_context(check_answer(answer.get(), own.get(), which, device, ca_chain), file.string()));
    const std::string pem = TRY(certificate_to_pem(answer.get()));
    TRY(write_file_atomically(certificate(which), as_bytes(pem)));
    return which;
}

}  // namespace portcullis
