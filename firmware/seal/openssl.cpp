#include "seal/openssl.hpp"

#include <malloc.h>
#include <openssl/err.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/assert.hpp"

// There in programs whose every free overwrites (apps/common/wiping_free.cpp).
extern "C" [[gnu::weak]] void portcullis_free_wipes();

namespace portcullis {

namespace {

/// What the program's own free overwrites is not overwritten twice.
void zero_and_free(void* block, const char* /*file*/, int /*line*/) {
    if (block == nullptr) return;
    if (portcullis_free_wipes == nullptr) OPENSSL_cleanse(block, ::malloc_usable_size(block));
    std::free(block);
}

/// As operator new, it does not come back without: OpenSSL 3.0 goes on with null in places (EVP_KDF_CTX_new),
/// and a good record would be called damaged for want of memory. The process is started anew, nothing is
/// lost.
void* allocate(std::size_t bytes, const char* /*file*/, int /*line*/) {
    void* const block = std::malloc(bytes);
    if (block == nullptr && bytes > 0)
        assertion_failed("OpenSSL gets the memory it asks for", __FILE__, __LINE__);
    return block;
}

/// Never realloc(3): it may move the block and leave a copy behind.
void* reallocate(void* block, std::size_t bytes, const char* file, int line) {
    if (block == nullptr) return allocate(bytes, file, line);
    if (bytes == 0) {
        zero_and_free(block, file, line);
        return nullptr;
    }
    void* moved = allocate(bytes, file, line);
    std::memcpy(moved, block, std::min(bytes, ::malloc_usable_size(block)));
    zero_and_free(block, file, line);
    return moved;
}

}  // namespace

Error openssl_error(ErrorCode code, std::string_view what) {
    const unsigned long first = ERR_get_error();
    ERR_clear_error();
    const char* reason = first == 0 ? nullptr : ERR_reason_error_string(first);
    return {code, fmt::format("{}: {}", what, reason == nullptr ? "OpenSSL gives no reason" : reason)};
}

Result<void> install_zeroing_allocator() {
    if (CRYPTO_set_mem_functions(allocate, reallocate, zero_and_free) != 1)
        return fail(
            ErrorCode::internal,
            "seal: OpenSSL had already allocated memory; install the zeroing allocator first in main");
    return {};
}

}  // namespace portcullis
