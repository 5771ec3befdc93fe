#include "provision/key_renewal.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <unistd.h>

#include "base/file.hpp"
#include "provision/issuer.hpp"
#include "seal/cms_codec.hpp"
#include "seal/signed_profile.hpp"
#include "seal/statement.hpp"

namespace portcullis {

namespace {

bool is_named(const std::filesystem::path& path, DeviceKey which, std::string_view ending) {
    return path.filename() == std::string(to_string(which)) + std::string(ending);
}

/// The next key's public half is asked for, by these words.
bool asks_for(ByteView vouched, EVP_PKEY* next) {
    const auto shape = check_signed_profile(vouched);
    const auto asked =
        shape ? parse_key_request(as_text(shape->content)) : Result<SignedKeyRequest>(fail(shape.error()));
    const auto csr = asked ? check_csr(asked->csr) : Result<CheckedCsr>(fail(asked.error()));
    return csr && EVP_PKEY_eq(csr->key.get(), next) == 1;
}

Result<void> check_names(const KeyRenewalSettings& settings) {
    const std::string key = settings.key.string();
    const bool hardware = key.starts_with("pkcs11:") || key.starts_with("tpm:");
    if (hardware && !settings.place.successor)
        return fail(
            ErrorCode::configuration,
            "renewal: the key {} lives in hardware, where this program makes none: write after_percent "
            "= 0, and renew it by hand (board/host/systemd/keys/README.md)",
            key);
    if (hardware && is_named(settings.certificate, settings.which, ".crt")) return {};
    if (hardware || !is_named(settings.key, settings.which, ".key") ||
        !is_named(settings.certificate, settings.which, ".crt") ||
        settings.key.parent_path() != settings.certificate.parent_path())
        return fail(ErrorCode::configuration,
                    "renewal: key and certificate must be called {0}.key and {0}.crt, in one folder, not {1} "
                    "and {2}",
                    to_string(settings.which), key, settings.certificate.string());
    return {};
}

Result<void> check_files(const KeyRenewalSettings& settings) {
    TRY(check_names(settings));
    const std::filesystem::path folder = settings.certificate.parent_path();
    if (::access(folder.empty() ? "." : folder.c_str(), W_OK | X_OK) != 0)
        return fail(
            ErrorCode::configuration,
            "renewal: this user cannot write to {}, where the next key is to be made: make the folder "
            "his own (mode 0700), or write after_percent = 0",
            folder.string());
    return {};
}

Error another_key() {
    return {ErrorCode::refused, "renewal: the answer is for another key than the one that we asked for"};
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
    TRY(with_context(renewal.in_hardware() ? renewal.recover_in_hardware()
                                           : renewal.keys_.recover(renewal.settings_.which),
                     "renewal"));
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
    open_ = TRY(in_hardware() ? ask_in_hardware(now) : ask_in_files(now));
    return open_;
}

// After a restart the same words again: nobody shall wonder which of two is meant.
Result<Bytes> KeyRenewal::ask_in_files(UtcTime now) const {
    const DeviceKey which = settings_.which;
    std::error_code ignored;
    if (!std::filesystem::exists(keys_.next_key(which), ignored) ||
        !std::filesystem::exists(keys_.next_request(which), ignored))
        TRY(keys_.make_renewal(which, settings_.device, now));
    RequestFile request = TRY(load_request(keys_.next_request(which)));
    return std::move(request.vouched);
}

Result<Bytes> KeyRenewal::ask_in_hardware(UtcTime now) const {
    const auto signer = TRY(settings_.place.in_use());
    const std::filesystem::path file = keys_.next_request(settings_.which);
    if (auto before = load_request(file)) {
        const auto named = TRY(settings_.place.successor(signer->certificate()));
        if (asks_for(before->vouched, named->key())) return std::move(before->vouched);
    }
    // What stands beside the pair in use is its forerunner, or was never asked for: neither may follow it.
    TRY(settings_.place.retire(signer->certificate()));
    const auto next = TRY(settings_.place.successor(signer->certificate()));
    Bytes csr = TRY(make_csr(*next, settings_.device));
    const std::string json =
        TRY(encode_key_request({settings_.device, settings_.which, std::move(csr), now}));
    RequestFile request;
    request.vouched = TRY(sign_statement(*signer, json));
    const std::string pem = TRY(to_pem(request));
    TRY(write_file_atomically(file, as_bytes(pem)));
    return std::move(request.vouched);
}

Result<void> KeyRenewal::take(ByteView pem) {
    const X509Ptr answer = TRY(parse_answer(pem));
    if (!open_) return fail(ErrorCode::refused, "renewal: nothing was asked for");
    TRY(in_hardware() ? take_in_hardware(answer.get()) : take_in_files(answer.get()));
    open_.reset();
    ++taken_;
    return read_dates();
}

Result<void> KeyRenewal::take_in_files(X509* answer) const {
    const KeyPtr next = TRY(load_private_key(keys_.next_key(settings_.which)));
    if (!check_pair(next.get(), answer, "")) return fail(another_key());
    return with_context(keys_.take(answer, settings_.which, settings_.ca_chain, settings_.device), "renewal");
}

Result<void> KeyRenewal::take_in_hardware(X509* answer) const {
    const X509Ptr before = TRY(load_certificate(settings_.certificate));
    const auto next = TRY(settings_.place.successor(before.get()));
    if (!check_pair(next->key(), answer, "")) return fail(another_key());
    TRY(with_context(check_answer(answer, next->key(), settings_.which, settings_.device, settings_.ca_chain),
                     "renewal"));
    const std::string pem = TRY(certificate_to_pem(answer));
    TRY(write_file_atomically(settings_.certificate, as_bytes(pem)));
    std::error_code ignored;
    std::filesystem::remove(keys_.next_request(settings_.which), ignored);
    return {};
}

/// The power went after the switch, before the request was taken away.
Result<void> KeyRenewal::recover_in_hardware() const {
    const std::filesystem::path file = keys_.next_request(settings_.which);
    const auto asked = load_request(file);
    const X509Ptr in_use = TRY(load_certificate(settings_.certificate));
    std::error_code ignored;
    if (asked && asks_for(asked->vouched, X509_get0_pubkey(in_use.get())))
        std::filesystem::remove(file, ignored);
    return {};
}

Result<void> KeyRenewal::retire() const {
    std::error_code ignored;
    if (!in_hardware() || open_ || std::filesystem::exists(keys_.next_request(settings_.which), ignored))
        return {};
    const X509Ptr in_use = TRY(load_certificate(settings_.certificate));
    return with_context(settings_.place.retire(in_use.get()), "renewal");
}

}  // namespace portcullis
