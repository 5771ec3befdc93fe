#include "seal/own_signers.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <utility>

#include "base/file.hpp"
#include "base/log.hpp"
#include "seal/cms_codec.hpp"
#include "seal/secret_file.hpp"

namespace portcullis {

namespace {

constexpr unsigned owner_only = 0600;

X509Ptr share(X509* certificate) {
    X509_up_ref(certificate);
    return X509Ptr(certificate);
}

/// An encrypted one must fail at once instead of asking a terminal for its pass phrase.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) {
    return -1;
}

Result<Bytes> to_pem(const std::vector<X509Ptr>& certificates) {
    const BioPtr out(BIO_new(BIO_s_mem()));
    for (const X509Ptr& certificate : certificates)
        if (!out || PEM_write_bio_X509(out.get(), certificate.get()) != 1)
            return fail(openssl_error(ErrorCode::internal, "seal: cannot write a certificate"));
    const ByteView pem = written_to(out.get());
    return Bytes(pem.begin(), pem.end());
}

}  // namespace

std::span<const X509Ptr> OwnSigners::forerunners() const {
    const std::span<const X509Ptr> all(certificates_);
    return all.empty() ? all : all.subspan(1);
}

bool OwnSigners::knows(X509* certificate) const {
    return std::ranges::any_of(certificates_, [id = key_id(certificate)](const X509Ptr& known) {
        return key_id(known.get()) == id;
    });
}

void OwnSigners::use(X509* certificate) {
    const std::string id = key_id(certificate);
    const bool same_key = !certificates_.empty() && key_id(certificates_.front().get()) == id;
    std::erase_if(certificates_, [&](const X509Ptr& known) { return key_id(known.get()) == id; });
    certificates_.insert(certificates_.begin(), share(certificate));
    if (certificates_.size() > 1 + max_forerunners) certificates_.resize(1 + max_forerunners);
    if (!same_key && certificates_.size() > 1) ++changes_;
    unsaved_ = true;
    save();
}

void OwnSigners::keep_in(std::filesystem::path file) {
    file_ = std::move(file);
    auto before = load();
    if (!before) {
        log_error(
            "keys",
            "which keys this reader signed with before cannot be told, what they signed of the spool is "
            "not signed anew: {}",
            before.error().message());
        before = std::vector<X509Ptr>();
    }
    unsaved_ = before->empty() || certificates_.empty() ||
               key_id(before->front().get()) != key_id(certificates_.front().get());
    for (X509Ptr& certificate : *before) {
        if (certificates_.size() > max_forerunners || knows(certificate.get())) continue;
        certificates_.push_back(std::move(certificate));
        ++changes_;
    }
    save();
}

Result<std::vector<X509Ptr>> OwnSigners::load() const {
    std::vector<X509Ptr> found;
    std::error_code error;
    if (file_.empty() || !std::filesystem::exists(file_, error)) {
        if (error) return fail(Error::from_errno(file_.string(), error.value()));
        return found;
    }
    const Bytes pem = TRY(read_secret_file(file_, max_pem_bytes, "list of certificates"));
    const BioPtr source = borrow_as_bio(pem);
    while (source && found.size() < 1 + max_forerunners) {
        X509Ptr next(PEM_read_bio_X509(source.get(), nullptr, no_passphrase, nullptr));
        if (!next) break;
        TRY(check_certificate(next.get(), CertificateUse::sign_reads, file_.string()));
        if (common_name(next.get()) != device_)
            return fail(ErrorCode::configuration, "certificate {}: for another device than '{}'",
                        file_.string(), device_);
        found.push_back(std::move(next));
    }
    ERR_clear_error();
    if (found.empty()) return fail(ErrorCode::corrupt, "{}: no certificate (PEM) in it", file_.string());
    return found;
}

void OwnSigners::save() {
    if (!unsaved_ || file_.empty()) return;
    const auto pem = to_pem(certificates_);
    const auto done = pem ? write_file_atomically(file_, *pem, owner_only) : Result<void>(fail(pem.error()));
    unsaved_ = !done.has_value();
    if (!done && !std::exchange(failing_, true))
        log_error("keys",
                  "which keys this reader signed with cannot be written, it is tried again; after a start "
                  "before that, what was shed under an earlier key is not signed anew: {}",
                  done.error().message());
    if (done && std::exchange(failing_, false)) log_info("keys", "written again: file={}", file_.string());
}

}  // namespace portcullis
