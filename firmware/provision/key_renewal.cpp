#include "provision/key_renewal.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <unistd.h>

#include "base/file.hpp"
#include "provision/issuer.hpp"
#include "seal/cms_codec.hpp"

namespace portcullis {

namespace {

bool is_named(const std::filesystem::path& path, DeviceKey which, std::string_view ending) {
    return path.filename() == std::string(to_string(which)) + std::string(ending);
}

Result<void> check_files(const KeyRenewalSettings& settings) {
    const std::string key = settings.key.string();
    if (key.starts_with("pkcs11:") || key.starts_with("tpm:"))
        return fail(
            ErrorCode::configuration,
            "renewal: the key {} lives in hardware, where this program makes none: write after_percent "
            "= 0, and renew it by hand (board/host/systemd/keys/README.md)",
            key);
    if (!is_named(settings.key, settings.which, ".key") ||
        !is_named(settings.certificate, settings.which, ".crt") ||
        settings.key.parent_path() != settings.certificate.parent_path())
        return fail(ErrorCode::configuration,
                    "renewal: key and certificate must be called {0}.key and {0}.crt, in one folder, not {1} "
                    "and {2}",
                    to_string(settings.which), key, settings.certificate.string());
    const std::filesystem::path folder = settings.key.parent_path();
    if (::access(folder.empty() ? "." : folder.c_str(), W_OK | X_OK) != 0)
        return fail(
            ErrorCode::configuration,
            "renewal: this user cannot write to {}, where the next key is to be made: make the folder "
            "his own (mode 0700), or write after_percent = 0",
            folder.string());
    return {};
}

}  // namespace

Result<X509Ptr> parse_answer(ByteView pem) {
    if (pem.empty() || pem.size() > max_renewal_bytes)
        return fail(ErrorCode::refused, "renewal: an answer of {} bytes, it may have 1 to {}", pem.size(),
                    max_renewal_bytes);
    const BioPtr source = borrow_as_bio(pem);
    X509Ptr certificate(source ? PEM_read_bio_X509(source.get(), nullptr, nullptr, nullptr) : nullptr);
    ERR_clear_error();
    if (!certificate) return fail(ErrorCode::refused, "renewal: the answer is no whole certificate (PEM)");
    return certificate;
}

DeviceKey use_of_answer(X509* certificate) {
    return check_certificate(certificate, CertificateUse::identify, "") ? DeviceKey::identity
                                                                        : DeviceKey::read;
}

Result<KeyRenewal> KeyRenewal::create(KeyRenewalSettings settings) {
    TRY(check_files(settings));
    KeyRenewal renewal(std::move(settings));
    TRY(with_context(renewal.keys_.recover(renewal.settings_.which), "renewal"));
    TRY(renewal.read_dates());
    return renewal;
}

Result<void> KeyRenewal::read_dates() {
    const X509Ptr certificate = TRY(load_certificate(settings_.certificate));
    const UtcTime from = not_before(certificate.get());
    due_ = from + (not_after(certificate.get()) - from) * settings_.due_percent / 100;
    return {};
}

Result<std::optional<Bytes>> KeyRenewal::request(UtcTime now) {
    if (open_ || now < due_) return open_;
    // After a restart the same words again: nobody shall wonder which of two is meant.
    const DeviceKey which = settings_.which;
    std::error_code ignored;
    if (!std::filesystem::exists(keys_.next_key(which), ignored) ||
        !std::filesystem::exists(keys_.next_request(which), ignored))
        TRY(keys_.make_renewal(which, settings_.device, now));
    RequestFile request = TRY(load_request(keys_.next_request(which)));
    open_ = std::move(request.vouched);
    return open_;
}

Result<void> KeyRenewal::take(ByteView pem) {
    const X509Ptr answer = TRY(parse_answer(pem));
    if (!open_) return fail(ErrorCode::refused, "renewal: nothing was asked for");
    const KeyPtr next = TRY(load_private_key(keys_.next_key(settings_.which)));
    if (!check_pair(next.get(), answer.get(), ""))
        return fail(ErrorCode::refused,
                    "renewal: the answer is for another key than the one that we asked for");
    TRY(with_context(keys_.take(answer.get(), settings_.which, settings_.ca_chain, settings_.device),
                     "renewal"));
    open_.reset();
    ++taken_;
    return read_dates();
}

}  // namespace portcullis
