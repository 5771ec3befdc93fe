#include "api/server/tls.hpp"

#include "record/canonical.hpp"
#include "seal/certificate.hpp"

namespace portcullis {

namespace {

constexpr std::size_t max_account_bytes = 64;
constexpr int max_chain_depth = 4;

Failure refused(std::string_view key, const std::filesystem::path& file, std::string_view cure) {
    return fail(ErrorCode::configuration, "tls.{}: {}: {}; {}", key, file.string(),
                openssl_error(ErrorCode::configuration, "OpenSSL").message(), cure);
}

Result<void> use_own(SSL_CTX* context, const ApiTlsFiles& files) {
    const auto chain = TRY(with_context(load_certificates(files.certificate), "tls.certificate"));
    const KeyPtr key = TRY(with_context(load_private_key(files.key), "tls.key"));
    TRY(check_pair(key.get(), chain.front().get(), "tls.key: " + files.key.string()));
    if (SSL_CTX_use_certificate(context, chain.front().get()) != 1)
        return refused("certificate", files.certificate, "name the API's certificate in PEM");
    for (std::size_t i = 1; i < chain.size(); ++i)
        if (SSL_CTX_add1_chain_cert(context, chain[i].get()) != 1)
            return refused("certificate", files.certificate, "put its CA's certificates behind it");
    if (SSL_CTX_use_PrivateKey(context, key.get()) != 1)
        return refused("key", files.key, "name the key of the certificate");
    return {};
}

Result<void> trust_people(SSL_CTX* context, const ApiTlsFiles& files) {
    X509_STORE* store = SSL_CTX_get_cert_store(context);
    for (const X509Ptr& ca : TRY(with_context(load_certificates(files.people_ca), "tls.people_ca")))
        if (X509_STORE_add_cert(store, ca.get()) != 1 || SSL_CTX_add_client_CA(context, ca.get()) != 1)
            return refused("people_ca", files.people_ca, "name the CA of the people's certificates in PEM");
    if (files.revocations.empty()) return {};
    X509_LOOKUP* lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
    if (lookup == nullptr || X509_load_crl_file(lookup, files.revocations.c_str(), X509_FILETYPE_PEM) < 1 ||
        X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL) != 1)
        return refused("revocations", files.revocations,
                       "write one CRL in PEM for each CA of the chain, or \"\"");
    return {};
}

}  // namespace

Result<SslContextPtr> make_tls_context(const ApiTlsFiles& files) {
    SslContextPtr context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    if (!context) return fail(openssl_error(ErrorCode::internal, "tls"));
    SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
    SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_num_tickets(context.get(), 0);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    SSL_CTX_set_verify_depth(context.get(), max_chain_depth);
    TRY(use_own(context.get(), files));
    TRY(trust_people(context.get(), files));
    return context;
}

std::optional<std::string> account_of_peer(const SSL* connection) {
    const X509Ptr certificate(SSL_get1_peer_certificate(connection));
    if (!certificate || SSL_get_verify_result(connection) != X509_V_OK) return std::nullopt;
    const X509_NAME* subject = X509_get_subject_name(certificate.get());
    const int first = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (first < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, first) >= 0) return std::nullopt;
    std::string name = common_name(subject);
    if (name.empty() || !is_plain_text(name, max_account_bytes)) return std::nullopt;
    return name;
}

}  // namespace portcullis
