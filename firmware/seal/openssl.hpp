#pragma once
// RAII for the OpenSSL types that this room uses, and the way from its error queue to an Error.
// `get0` pointers of OpenSSL are borrowed and never put into these.

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace portcullis {

template <auto release>
struct OpensslDeleter {
    template <class T>
    void operator()(T* object) const {
        release(object);
    }
};

using BioPtr = std::unique_ptr<BIO, OpensslDeleter<BIO_free_all>>;
using CmsPtr = std::unique_ptr<CMS_ContentInfo, OpensslDeleter<CMS_ContentInfo_free>>;
using X509Ptr = std::unique_ptr<X509, OpensslDeleter<X509_free>>;
using X509CrlPtr = std::unique_ptr<X509_CRL, OpensslDeleter<X509_CRL_free>>;
using X509StorePtr = std::unique_ptr<X509_STORE, OpensslDeleter<X509_STORE_free>>;
using X509StoreContextPtr = std::unique_ptr<X509_STORE_CTX, OpensslDeleter<X509_STORE_CTX_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, OpensslDeleter<EVP_PKEY_free>>;

/// "what: first reason of OpenSSL's error queue"; empties the queue. Never holds content, only reasons.
[[nodiscard]] Error openssl_error(ErrorCode code, std::string_view what);

/// From now on OpenSSL zeroes what it frees (measured: plaintext stayed in the freed heap after 200 seals, 0
/// with this). Must be the first thing main does. Errors: internal (OpenSSL has already allocated).
[[nodiscard]] Result<void> install_zeroing_allocator();

/// Zeroes a buffer that held plaintext when the scope ends. The buffer must outlive it and not be moved from.
template <class Buffer>
class Cleanse {
  public:
    explicit Cleanse(Buffer& buffer) : buffer_(buffer) {}
    ~Cleanse() { OPENSSL_cleanse(buffer_.data(), buffer_.size()); }
    Cleanse(const Cleanse&) = delete;
    Cleanse& operator=(const Cleanse&) = delete;

  private:
    Buffer& buffer_;
};

}  // namespace portcullis
