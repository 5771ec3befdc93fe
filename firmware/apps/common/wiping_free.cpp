// Everything that this process frees is overwritten first, whoever allocated it: our own strings and vectors,
// OpenCV's pictures, libjpeg-turbo's output, Tesseract's results, stdio's buffers. What was readable leaves
// no copy on the heap. Takes the place of the C library's free and realloc for the whole program (operator
// delete calls free); the blocks are still glibc's. Linked into every program; no header: nobody calls it by
// name.
#include <malloc.h>

#include <cstdlib>
#include <cstring>

// The sanitizers bring their own allocator.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

extern "C" {

void __libc_free(void* block) noexcept;  // NOLINT(bugprone-reserved-identifier): glibc's own, GLIBC_2.2.5

void free(void* block) noexcept {
    if (block == nullptr) return;
    ::explicit_bzero(block, ::malloc_usable_size(block));
    __libc_free(block);
}

/// That it is linked is what it says (firmware/seal/openssl.cpp).
void portcullis_free_wipes() {}

/// glibc's realloc may move a block and leave the old copy behind.
void* realloc(void* block, std::size_t bytes) noexcept {
    if (block == nullptr) return std::malloc(bytes);
    if (bytes == 0) {
        free(block);
        return nullptr;
    }
    const std::size_t usable = ::malloc_usable_size(block);
    if (bytes <= usable && bytes >= usable / 2) return block;
    void* const moved = std::malloc(bytes);
    if (moved == nullptr) return nullptr;  // the old block stands, as the C standard wants it
    std::memcpy(moved, block, bytes < usable ? bytes : usable);
    free(block);
    return moved;
}

}  // extern "C"

#endif
