#include "provision/device_keys.hpp"

#include "base/durable.hpp"
#include "base/file.hpp"
#include "core/ids.hpp"
#include "provision/fingerprint.hpp"
#include "provision/issuer.hpp"
#include "seal/secret_file.hpp"
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

Result<void> check_name(const std::string& device) {
    if (is_device_name(device)) return {};
    return fail(ErrorCode::configuration,
                "'{}' is no device name: 1 to {} of a-z, 0-9 and '-', and no name of a service", device,
                max_device_name_bytes);
}

/// What was made before and not yet certified is used again: its request may only be lost.
Result<KeyPtr> load_or_make(const std::filesystem::path& path) {
    if (is_there(path)) return load_private_key(path);
    KeyPtr made = TRY(make_key());
    Bytes pem = TRY(private_key_to_pem(made.get()));
    const Cleanse cleanse(pem);
    TRY(write_file_atomically(path, pem, key_mode));
    return made;
}

/// The key itself stands in it, not what only a piece of hardware can use.
bool is_bare(ByteView pem) {
    const std::string_view text = as_text(pem);
    return text.find("-----BEGIN PRIVATE KEY-----") != text.npos ||
           text.find("-----BEGIN EC PRIVATE KEY-----") != text.npos;
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
    if (is_there(path) && is_there(certificate(which)))
        return fail(ErrorCode::refused,
                    "key {}: is there and has a certificate; a key is never overwritten: renew it, or move "
                    "both away if "
                    "the device shall get new ones",
                    path.string());
    return load_or_make(path);
}

Result<KeyPtr> DeviceKeys::key_for_renewal(DeviceKey which) const {
    const std::filesystem::path path = next_key(which);
    Bytes in_use = TRY(read_secret_file(key(which), max_pem_bytes, "key"));
    const Cleanse cleanse(in_use);
    if (is_bare(in_use)) return load_or_make(path);
    if (!wrapped_)
        return fail(ErrorCode::configuration,
                    "key {}: lives in hardware, where this program makes none; it is not renewed by one in a "
                    "file (board/host/systemd/keys/README.md)",
                    key(which).string());
    if (is_there(path)) {
        Bytes made = TRY(read_secret_file(path, max_pem_bytes, "key"));
        const Cleanse too(made);
        if (!is_bare(made)) return load_private_key(path);
    }
    const Bytes next = TRY(wrapped_(in_use));
    TRY(write_file_atomically(path, next, key_mode));
    return load_private_key(path);
}

Result<Bytes> DeviceKeys::vouch(DeviceKey by, DeviceKey which, const std::string& device, Bytes csr,
                                UtcTime now) const {
    const std::string why =
        fmt::format("the {} key signs this request; it must be there with its certificate", to_string(by));
    const KeyPtr signer = TRY(with_context(load_private_key(key(by)), why));
    const X509Ptr named = TRY(with_context(load_certificate(certificate(by)), why));
    TRY(check_pair(signer.get(), named.get(), certificate(by).string()));
    const std::string json = TRY(encode_key_request({device, which, std::move(csr), now}));
    return sign_statement(Voucher(signer.get(), named.get()), json);
}

Result<MadeRequest> DeviceKeys::write_request(const std::filesystem::path& path, EVP_PKEY* key,
                                              const RequestFile& request) const {
    MadeRequest done {
        path, TRY(fingerprint(key))
    };
    const std::string pem = TRY(to_pem(request));
    TRY(write_file_atomically(path, as_bytes(pem)));
    return done;
}

Result<MadeRequest> DeviceKeys::make_request(DeviceKey which, const std::string& device, UtcTime now) const {
    TRY(check_name(device));
    const KeyPtr made = TRY(key_for_request(which));
    RequestFile file;
    file.csr = TRY(make_csr(made.get(), device));
    if (which == DeviceKey::read)
        file.vouched = TRY(vouch(DeviceKey::identity, which, device, file.csr, now));
    return write_request(request(which), made.get(), file);
}

Result<MadeRequest> DeviceKeys::make_renewal(DeviceKey which, const std::string& device, UtcTime now) const {
    TRY(check_name(device));
    if (!is_there(key(which)) || !is_there(certificate(which)))
        return fail(ErrorCode::refused,
                    "key {}: not there, or without a certificate; ask for the first one without a renewal",
                    key(which).string());
    const KeyPtr next = TRY(key_for_renewal(which));
    RequestFile file;
    file.csr = TRY(make_csr(next.get(), device));
    file.vouched = TRY(vouch(which, which, device, file.csr, now));
    return write_request(next_request(which), next.get(), file);
}

Result<DeviceKey> DeviceKeys::install(const std::filesystem::path& file,
                                      const std::filesystem::path& ca_chain,
                                      const std::string& device) const {
    const X509Ptr answer = TRY(load_certificate(file));
    const bool identity = check_certificate(answer.get(), CertificateUse::identify, "").has_value();
    const DeviceKey which = identity ? DeviceKey::identity : DeviceKey::read;
    TRY(with_context(take(answer.get(), which, ca_chain, device), file.string()));
    return which;
}

Result<void> DeviceKeys::take(X509* answer, DeviceKey which, const std::filesystem::path& ca_chain,
                              const std::string& device) const {
    const auto is_for = [&](const std::filesystem::path& path) -> Result<bool> {
        if (!is_there(path)) return false;
        const KeyPtr own = TRY(load_private_key(path));
        return check_pair(own.get(), answer, "").has_value();
    };
    const bool renewed = !TRY(is_for(key(which)))
    &&TRY(is_for(next_key(which)));
    const KeyPtr own = TRY(load_private_key(renewed ? next_key(which) : key(which)));
    TRY(check_answer(answer, own.get(), which, device, ca_chain));
    const std::string pem = TRY(certificate_to_pem(answer));
    if (!renewed) return write_file_atomically(certificate(which), as_bytes(pem));
    // All that needs room is on the disk before the pair in use is touched.
    TRY(write_file_atomically(next_certificate(which), as_bytes(pem)));
    return replace_pair(which);
}

Result<void> DeviceKeys::replace_pair(DeviceKey which) const {
    TRY(rename_durably(next_key(which), key(which)));
    TRY(rename_durably(next_certificate(which), certificate(which)));
    std::error_code ignored;
    std::filesystem::remove(next_request(which), ignored);
    return {};
}

Result<void> DeviceKeys::recover(DeviceKey which) const {
    if (!is_there(next_certificate(which))) return {};
    const X509Ptr answer = TRY(load_certificate(next_certificate(which)));
    const auto is_for = [&](const std::filesystem::path& path) -> Result<bool> {
        if (!is_there(path)) return false;
        const KeyPtr own = TRY(load_private_key(path));
        return check_pair(own.get(), answer.get(), "").has_value();
    };
    if (TRY(is_for(next_key(which)))) return replace_pair(which);
    if (TRY(is_for(key(which)))) return rename_durably(next_certificate(which), certificate(which));
    std::error_code ignored;  // of another life
    std::filesystem::remove(next_certificate(which), ignored);
    return {};
}

}  // namespace portcullis
