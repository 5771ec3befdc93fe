#include "support/failing_calls.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/stack.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

namespace portcullis::test {

namespace {

thread_local std::uint64_t until_fault = 0;  // 0: none
thread_local bool lasts_on = false;
thread_local bool has_struck = false;

}  // namespace

FailingCalls::FailingCalls(std::uint64_t at, bool lasts) {
    until_fault = at;
    lasts_on = lasts;
    has_struck = false;
}

FailingCalls::~FailingCalls() {
    until_fault = 0;
    lasts_on = has_struck = false;
}

bool FailingCalls::struck() {
    return has_struck;
}

namespace {

/// libcrypto's calls of itself come through the same names.
bool is_ours(const void* address) {
    Dl_info caller{};
    Dl_info own{};
    return ::dladdr(address, &caller) != 0 && ::dladdr(reinterpret_cast<const void*>(&is_ours), &own) != 0 &&
           caller.dli_fbase == own.dli_fbase;
}

bool fails(const void* caller) {
    if (until_fault == 0 || !is_ours(caller)) return false;
    if (has_struck) return lasts_on;
    if (--until_fault > 0) return false;
    has_struck = true;
    until_fault = 1;
    return true;
}

template <class Function>
Function* below(const char* name) {
    static_assert(sizeof(void*) == sizeof(Function*));
    void* const found = ::dlsym(RTLD_NEXT, name);
    if (found == nullptr) std::abort();  // no doctest here: files are written after its end, too
    return reinterpret_cast<Function*>(found);
}

}  // namespace

}  // namespace portcullis::test

// A program's own names go before a library's: the product's calls come here first.
#define PORTCULLIS_PASS_ON(function, failure, ...)                                         \
    {                                                                                      \
        if (portcullis::test::fails(__builtin_return_address(0))) return failure;          \
        static auto* const below = portcullis::test::below<decltype(function)>(#function); \
        return below(__VA_ARGS__);                                                         \
    }
#define PORTCULLIS_1(R, function, failure, A) R function(A a) PORTCULLIS_PASS_ON(function, failure, a)
#define PORTCULLIS_2(R, function, failure, A, B) \
    R function(A a, B b) PORTCULLIS_PASS_ON(function, failure, a, b)
#define PORTCULLIS_3(R, function, failure, A, B, C) \
    R function(A a, B b, C c) PORTCULLIS_PASS_ON(function, failure, a, b, c)
#define PORTCULLIS_4(R, function, failure, A, B, C, D) \
    R function(A a, B b, C c, D d) PORTCULLIS_PASS_ON(function, failure, a, b, c, d)
#define PORTCULLIS_5(R, function, failure, A, B, C, D, E) \
    R function(A a, B b, C c, D d, E e) PORTCULLIS_PASS_ON(function, failure, a, b, c, d, e)
#define PORTCULLIS_6(R, function, failure, A, B, C, D, E, F) \
    R function(A a, B b, C c, D d, E e, F f) PORTCULLIS_PASS_ON(function, failure, a, b, c, d, e, f)
#define PORTCULLIS_7(R, function, failure, A, B, C, D, E, F, G) \
    R function(A a, B b, C c, D d, E e, F f, G g) PORTCULLIS_PASS_ON(function, failure, a, b, c, d, e, f, g)

extern "C" {

PORTCULLIS_1(BIO*, BIO_new, nullptr, const BIO_METHOD*)
PORTCULLIS_2(BIO*, BIO_new_mem_buf, nullptr, const void*, int)
PORTCULLIS_3(int, BIO_write, -1, BIO*, const void*, int)
PORTCULLIS_2(int, OPENSSL_sk_push, 0, OPENSSL_STACK*, const void*)
PORTCULLIS_2(int, RAND_bytes, 0, unsigned char*, int)

PORTCULLIS_4(CMS_ContentInfo*, CMS_encrypt, nullptr, STACK_OF(X509) *, BIO*, const EVP_CIPHER*, unsigned)
PORTCULLIS_7(CMS_ContentInfo*, CMS_sign_ex, nullptr, X509*, EVP_PKEY*, STACK_OF(X509) *, BIO*, unsigned,
             OSSL_LIB_CTX*, const char*)
PORTCULLIS_5(CMS_SignerInfo*, CMS_add1_signer, nullptr, CMS_ContentInfo*, X509*, EVP_PKEY*, const EVP_MD*,
             unsigned)
PORTCULLIS_3(CMS_RecipientInfo*, CMS_add1_recipient_cert, nullptr, CMS_ContentInfo*, X509*, unsigned)
PORTCULLIS_1(EVP_PKEY_CTX*, CMS_RecipientInfo_get0_pkey_ctx, nullptr, CMS_RecipientInfo*)
PORTCULLIS_2(BIO*, CMS_dataInit, nullptr, CMS_ContentInfo*, BIO*)
PORTCULLIS_2(int, CMS_dataFinal, 0, CMS_ContentInfo*, BIO*)
PORTCULLIS_6(int, CMS_verify, 0, CMS_ContentInfo*, STACK_OF(X509) *, X509_STORE*, BIO*, BIO*, unsigned)
PORTCULLIS_6(int, CMS_decrypt, 0, CMS_ContentInfo*, EVP_PKEY*, X509*, BIO*, BIO*, unsigned)
PORTCULLIS_2(int, i2d_CMS_ContentInfo, -1, const CMS_ContentInfo*, unsigned char**)
PORTCULLIS_3(CMS_ContentInfo*, d2i_CMS_ContentInfo, nullptr, CMS_ContentInfo**, const unsigned char**, long)

PORTCULLIS_2(int, i2d_X509, -1, const X509*, unsigned char**)
PORTCULLIS_3(X509*, d2i_X509, nullptr, X509**, const unsigned char**, long)
PORTCULLIS_2(int, i2d_PrivateKey, -1, const EVP_PKEY*, unsigned char**)
PORTCULLIS_3(EVP_PKEY*, d2i_AutoPrivateKey, nullptr, EVP_PKEY**, const unsigned char**, long)
PORTCULLIS_4(X509*, PEM_read_bio_X509, nullptr, BIO*, X509**, pem_password_cb*, void*)
PORTCULLIS_4(EVP_PKEY*, PEM_read_bio_PrivateKey, nullptr, BIO*, EVP_PKEY**, pem_password_cb*, void*)
PORTCULLIS_2(int, PEM_write_bio_X509, 0, BIO*, const X509*)
PORTCULLIS_2(int, X509_check_private_key, 0, const X509*, const EVP_PKEY*)

PORTCULLIS_2(int, X509_STORE_add_cert, 0, X509_STORE*, X509*)
PORTCULLIS_4(int, X509_STORE_CTX_init, 0, X509_STORE_CTX*, X509_STORE*, X509*, STACK_OF(X509) *)
PORTCULLIS_1(int, X509_verify_cert, -1, X509_STORE_CTX*)
PORTCULLIS_2(int, X509_CRL_verify, -1, X509_CRL*, EVP_PKEY*)
PORTCULLIS_2(int, ASN1_TIME_to_tm, 0, const ASN1_TIME*, tm*)
PORTCULLIS_2(int, ASN1_STRING_to_UTF8, -1, unsigned char**, const ASN1_STRING*)

PORTCULLIS_2(EVP_PKEY_CTX*, EVP_PKEY_CTX_new, nullptr, EVP_PKEY*, ENGINE*)
PORTCULLIS_2(int, EVP_PKEY_CTX_set_ecdh_kdf_md, 0, EVP_PKEY_CTX*, const EVP_MD*)
PORTCULLIS_1(int, EVP_PKEY_derive_init, 0, EVP_PKEY_CTX*)
PORTCULLIS_2(int, EVP_PKEY_derive_set_peer, 0, EVP_PKEY_CTX*, EVP_PKEY*)
PORTCULLIS_3(int, EVP_PKEY_derive, 0, EVP_PKEY_CTX*, unsigned char*, std::size_t*)
PORTCULLIS_5(int, EVP_DigestSign, 0, EVP_MD_CTX*, unsigned char*, std::size_t*, const unsigned char*,
             std::size_t)
PORTCULLIS_5(int, EVP_DigestVerify, 0, EVP_MD_CTX*, const unsigned char*, std::size_t, const unsigned char*,
             std::size_t)
PORTCULLIS_5(int, EVP_EncryptInit_ex, 0, EVP_CIPHER_CTX*, const EVP_CIPHER*, ENGINE*, const unsigned char*,
             const unsigned char*)
PORTCULLIS_5(int, EVP_EncryptUpdate, 0, EVP_CIPHER_CTX*, unsigned char*, int*, const unsigned char*, int)
PORTCULLIS_3(int, EVP_EncryptFinal_ex, 0, EVP_CIPHER_CTX*, unsigned char*, int*)
PORTCULLIS_5(int, EVP_DecryptInit_ex, 0, EVP_CIPHER_CTX*, const EVP_CIPHER*, ENGINE*, const unsigned char*,
             const unsigned char*)
PORTCULLIS_5(int, EVP_DecryptUpdate, 0, EVP_CIPHER_CTX*, unsigned char*, int*, const unsigned char*, int)
PORTCULLIS_3(int, EVP_DecryptFinal_ex, 0, EVP_CIPHER_CTX*, unsigned char*, int*)
PORTCULLIS_4(int, EVP_CIPHER_CTX_ctrl, 0, EVP_CIPHER_CTX*, int, int, void*)

// Of the system: an I/O error.
PORTCULLIS_3(ssize_t, read, (errno = EIO, -1), int, void*, std::size_t)
PORTCULLIS_3(ssize_t, write, (errno = EIO, -1), int, const void*, std::size_t)
PORTCULLIS_1(int, fsync, (errno = EIO, -1), int)
PORTCULLIS_2(int, fstat, (errno = EIO, -1), int, struct stat*)
PORTCULLIS_2(int, fchmod, (errno = EIO, -1), int, mode_t)
PORTCULLIS_2(int, rename, (errno = EIO, -1), const char*, const char*)
PORTCULLIS_2(int, stat, (errno = EIO, -1), const char*, struct stat*)
PORTCULLIS_2(int, chmod, (errno = EIO, -1), const char*, mode_t)
PORTCULLIS_2(int, mkdir, (errno = EIO, -1), const char*, mode_t)
PORTCULLIS_3(ssize_t, getrandom, (errno = EIO, -1), void*, std::size_t, unsigned)
PORTCULLIS_2(int, mkostemp, (errno = EIO, -1), char*, int)

int open(const char* path, int flags, ...) {
    std::va_list rest;
    va_start(rest, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    PORTCULLIS_PASS_ON(open, (errno = EIO, -1), path, flags, mode)
}

}  // extern "C"
