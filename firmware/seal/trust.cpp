#include "seal/trust.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <utility>

#include "base/file.hpp"
#include "seal/gate.hpp"

namespace portcullis {

namespace {

constexpr std::size_t max_crl_bytes = std::size_t{16} * 1024 * 1024;

/// What TrustStore::create judges signers against.
struct Authority {
    std::vector<X509Ptr> certificates;
    X509StorePtr store;
};

struct Chain {
    bool complete = false;
    std::string reason;
    UtcTime valid_from = UtcTime::min();
    UtcTime valid_until = UtcTime::max();
};

/// Dates are left out: the caller gives his time later, and a chain does not change.
Chain verify_chain(X509* certificate, X509_STORE* store) {
    Chain chain;
    const X509StoreContextPtr context(X509_STORE_CTX_new());
    if (!context || X509_STORE_CTX_init(context.get(), store, certificate, nullptr) != 1) return chain;
    X509_STORE_CTX_set_flags(context.get(), X509_V_FLAG_NO_CHECK_TIME);
    chain.complete = X509_verify_cert(context.get()) == 1;
    chain.reason = X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
    ERR_clear_error();
    STACK_OF(X509)* links = X509_STORE_CTX_get0_chain(context.get());
    for (int i = 0; i < sk_X509_num(links); ++i) {
        chain.valid_from = std::max(chain.valid_from, not_before(sk_X509_value(links, i)));
        chain.valid_until = std::min(chain.valid_until, not_after(sk_X509_value(links, i)));
    }
    return chain;
}

Result<void> load_chain(const std::filesystem::path& path, Authority& authority) {
    authority.certificates = TRY(load_certificates(path));
    authority.store.reset(X509_STORE_new());
    for (const X509Ptr& certificate : authority.certificates)
        if (!authority.store || X509_STORE_add_cert(authority.store.get(), certificate.get()) != 1)
            return fail(openssl_error(ErrorCode::internal, "trust: cannot add a CA"));
    const Chain chain = verify_chain(authority.certificates.front().get(), authority.store.get());
    if (!chain.complete)
        return fail(ErrorCode::configuration,
                    "CA chain {}: {}; the file must hold the CA's certificate first and its root after it",
                    path.string(), chain.reason);
    return {};
}

Result<X509CrlPtr> load_revocations(const std::filesystem::path& path,
                                    const std::vector<X509Ptr>& certificates) {
    const Bytes bytes = TRY(with_context(read_file(path, max_crl_bytes), "revocation list"));
    const BioPtr source(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
    X509CrlPtr list(source ? PEM_read_bio_X509_CRL(source.get(), nullptr, nullptr, nullptr) : nullptr);
    ERR_clear_error();
    if (!list)
        return fail(ErrorCode::configuration, "revocation list {}: not a PEM CRL; fetch it again",
                    path.string());
    X509* issuer = nullptr;
    for (const X509Ptr& certificate : certificates)
        if (X509_NAME_cmp(X509_get_subject_name(certificate.get()), X509_CRL_get_issuer(list.get())) == 0)
            issuer = certificate.get();
    const bool genuine = issuer != nullptr && X509_CRL_verify(list.get(), X509_get0_pubkey(issuer)) == 1;
    ERR_clear_error();
    if (!genuine)
        return fail(ErrorCode::configuration,
                    "revocation list {}: not signed by a CA of the CA chain; fetch it again", path.string());
    return list;
}

Signer judge(X509Ptr certificate, const Authority& authority, CertificateUse use) {
    const Chain chain = verify_chain(certificate.get(), authority.store.get());
    Signer signer;
    signer.name = common_name(certificate.get());
    signer.certificate = std::move(certificate);
    signer.valid_from = chain.valid_from;
    signer.valid_until = chain.valid_until;
    const bool fit = check_certificate(signer.certificate.get(), use, "").has_value();
    if (chain.complete) signer.issued = fit ? KeyTrust::trusted : KeyTrust::unfit;
    return signer;
}

Result<std::vector<std::filesystem::path>> list_signers(const std::filesystem::path& place) {
    std::error_code problem;
    if (!std::filesystem::is_directory(place, problem)) return std::vector{place};
    std::vector<std::filesystem::path> files;
    std::filesystem::directory_iterator next(place, problem);
    for (; !problem && next != std::filesystem::directory_iterator(); next.increment(problem)) {
        const std::filesystem::path& file = next->path();
        if (file.extension() != ".crt" && file.extension() != ".pem") continue;
        if (files.size() == max_known_signers)
            return fail(ErrorCode::configuration, "signers {}: more than {} certificates", place.string(),
                        max_known_signers);
        files.push_back(file);
    }
    if (problem) return fail(ErrorCode::configuration, "signers {}: {}", place.string(), problem.message());
    std::ranges::sort(files);
    return files;
}

/// A renewed certificate keeps its key and so its key id: the trusted one with the later end counts.
bool is_better(const Signer& a, const Signer& b) {
    const bool a_trusted = a.issued == KeyTrust::trusted;
    const bool b_trusted = b.issued == KeyTrust::trusted;
    return a_trusted != b_trusted ? a_trusted : a.valid_until > b.valid_until;
}

}  // namespace

Result<CaChain> CaChain::create(const std::filesystem::path& file) {
    Authority authority;
    TRY(load_chain(file, authority));
    CaChain chain;
    chain.ca_ = std::move(authority.certificates.front());
    chain.store_ = std::move(authority.store);
    return chain;
}

bool CaChain::issued(X509* certificate) const {
    const bool direct =
        X509_NAME_cmp(X509_get_issuer_name(certificate), X509_get_subject_name(ca_.get())) == 0;
    return direct && verify_chain(certificate, store_.get()).complete;
}

Result<TrustStore> TrustStore::create(const TrustSettings& settings) {
    Authority authority;
    TRY(load_chain(settings.ca_chain, authority));
    TrustStore trust;
    trust.settings_ = settings;
    for (const std::filesystem::path& file : TRY(list_signers(settings.signers))) {
        Signer signer = judge(TRY(load_certificate(file)), authority, settings.use);
        std::string id = key_id(signer.certificate.get());
        if (id.empty())
            return fail(ErrorCode::configuration,
                        "certificate {}: no subject key identifier; issue it with subjectKeyIdentifier=hash",
                        file.string());
        const auto known = trust.signers_.find(id);
        if (known == trust.signers_.end() || is_better(signer, known->second))
            trust.signers_.insert_or_assign(std::move(id), std::move(signer));
    }
    trust.authority_ = std::move(authority.certificates);
    static_cast<void>(TRY(trust.refresh()));
    trust.mark();
    return trust;
}

// The stamp is taken first: a list that is replaced while it is read is read again.
Result<void> TrustStore::read_deny_list() {
    const FileStamp stamp = stamp_of(*settings_.deny_list);
    if (std::exchange(deny_list_stamp_, stamp) == stamp) return {};
    denied_ = TRY(DenyList::load(*settings_.deny_list));
    return {};
}

Result<void> TrustStore::read_revocations() {
    const FileStamp stamp = stamp_of(*settings_.revocations);
    if (std::exchange(revocations_stamp_, stamp) == stamp) return {};
    revocations_ = TRY(load_revocations(*settings_.revocations, authority_));
    return {};
}

Result<bool> TrustStore::refresh() {
    const std::optional<FileStamp> deny_list = deny_list_stamp_;
    const std::optional<FileStamp> revocations = revocations_stamp_;
    // Both are looked at, whatever is wrong with the first.
    const Result<void> denied = settings_.deny_list ? read_deny_list() : Result<void>();
    const Result<void> revoked = settings_.revocations ? read_revocations() : Result<void>();
    const bool changed = deny_list != deny_list_stamp_ || revocations != revocations_stamp_;
    if (changed) mark();
    TRY(denied);
    TRY(revoked);
    return changed;
}

bool TrustStore::is_revoked(const std::string& key_id, const Signer& signer) const {
    if (denied_.has_key(key_id) || denied_.has_name(signer.name)) return true;
    X509_REVOKED* entry = nullptr;
    return revocations_ != nullptr &&
           X509_CRL_get0_by_cert(revocations_.get(), &entry, signer.certificate.get()) > 0;
}

void TrustStore::mark() {
    revoked_names_.clear();
    std::unordered_set<std::string> standing;
    for (auto& [id, signer] : signers_) {
        const bool revoked = is_revoked(id, signer);
        signer.trust = revoked ? KeyTrust::revoked : signer.issued;
        if (revoked)
            revoked_names_.insert(signer.name);
        else
            standing.insert(signer.name);
    }
    for (const std::string& name : standing)
        revoked_names_.erase(name);
}

bool TrustStore::denies(const std::string& name) const {
    return denied_.has_name(name) || revoked_names_.contains(name);
}

KeyTrust TrustStore::check(const std::string& key_id, UtcTime now) const {
    const Signer* signer = find(key_id);
    if (signer == nullptr) return KeyTrust::stranger;
    if (signer->trust != KeyTrust::trusted) return signer->trust;
    if (now >= signer->valid_from && now <= signer->valid_until) return KeyTrust::trusted;
    const bool for_long = now > signer->valid_until && now - signer->valid_until > expired_grace;
    return for_long ? KeyTrust::lapsed : KeyTrust::expired;
}

Digest TrustStore::fingerprint() const {
    std::vector<std::string> lines;
    lines.reserve(signers_.size());
    for (const auto& [id, signer] : signers_)
        lines.push_back(fmt::format("{} {} {} {} {}\n", id, signer.name, to_string(signer.trust),
                                    signer.valid_from.time_since_epoch().count(),
                                    signer.valid_until.time_since_epoch().count()));
    std::ranges::sort(lines);
    return sha256(as_bytes(fmt::format("{}", fmt::join(lines, ""))));
}

const Signer* TrustStore::find(const std::string& key_id) const {
    const auto known = signers_.find(key_id);
    return known == signers_.end() ? nullptr : &known->second;
}

}  // namespace portcullis
