#include "seal/key_trial.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "seal/openssl.hpp"

namespace portcullis {

namespace {

using DigestContextPtr = std::unique_ptr<EVP_MD_CTX, OpensslDeleter<EVP_MD_CTX_free>>;

// Begins with no '{': no payload and no statement of ours can be made of it.
constexpr std::string_view words = "portcullis: may this key sign?";

const unsigned char* text() {
    return reinterpret_cast<const unsigned char*>(words.data());
}

std::vector<unsigned char> sign(const SigningKey& key) {
    const DigestContextPtr context(EVP_MD_CTX_new());
    std::size_t size = 0;
    if (!context ||
        EVP_DigestSignInit_ex(context.get(), nullptr, "SHA256", key.context(), key.properties(), key.key(),
                              nullptr) != 1 ||
        EVP_DigestSign(context.get(), nullptr, &size, text(), words.size()) != 1)
        return {};
    std::vector<unsigned char> signature(size);
    if (EVP_DigestSign(context.get(), signature.data(), &size, text(), words.size()) != 1) return {};
    signature.resize(size);
    return signature;
}

}  // namespace

Result<void> try_key(const SigningKey& key, std::string_view name) {
    ERR_clear_error();
    const std::vector<unsigned char> signature = sign(key);
    if (signature.empty())
        return fail(
            openssl_error(ErrorCode::configuration,
                          fmt::format("key {}: does not sign; it must be allowed to (PKCS#11: CKA_SIGN; "
                                      "TPM: the attribute sign)",
                                      name)));
    const DigestContextPtr context(EVP_MD_CTX_new());
    EVP_PKEY* named = X509_get0_pubkey(key.certificate());
    const bool holds =
        context &&
        EVP_DigestVerifyInit_ex(context.get(), nullptr, "SHA256", nullptr, nullptr, named, nullptr) == 1 &&
        EVP_DigestVerify(context.get(), signature.data(), signature.size(), text(), words.size()) == 1;
    ERR_clear_error();
    if (!holds)
        return fail(ErrorCode::configuration,
                    "key {}: its signature does not hold with its certificate; name the pair", name);
    return {};
}

}  // namespace portcullis
