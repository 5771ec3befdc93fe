// The allocator that OpenSSL gets from us, in a program whose own free() does not overwrite: there it does.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "unit/seal/memory_hunt.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

/// Once for the program, before OpenSSL's first allocation.
void install() {
    static const bool installed = static_cast<bool>(install_zeroing_allocator());
    REQUIRE(installed);
}

unsigned char* filled_block(std::size_t bytes) {
    auto* const block = static_cast<unsigned char*>(OPENSSL_malloc(bytes));
    REQUIRE(block != nullptr);
    std::fill_n(block, bytes, 0xA7);
    return block;
}

/// The heap gives a block of this size out again that was freed just now.
std::ptrdiff_t left_in_freed(std::size_t bytes) {
    auto* const again = static_cast<unsigned char*>(std::malloc(bytes));
    asm volatile("" : : "r"(again) : "memory");
    const auto left = std::count(again, again + bytes, 0xA7);
    std::free(again);
    return left;
}

}  // namespace

TEST_CASE("what OpenSSL frees, grows or gives back is overwritten before the heap has it again") {
    install();
    constexpr std::size_t bytes = 600;
    SUBCASE("freed") {
        OPENSSL_free(filled_block(bytes));
        OPENSSL_free(nullptr);
    }
    SUBCASE("grown: the content moves along") {
        auto* const grown = static_cast<unsigned char*>(OPENSSL_realloc(filled_block(bytes), 100 * bytes));
        REQUIRE(grown != nullptr);
        CHECK(std::count(grown, grown + bytes, 0xA7) == bytes);
        OPENSSL_free(grown);
    }
    SUBCASE("grown from nothing") {
        auto* const grown = static_cast<unsigned char*>(OPENSSL_realloc(nullptr, bytes));
        REQUIRE(grown != nullptr);
        std::fill_n(grown, bytes, 0xA7);
        OPENSSL_free(grown);
    }
    SUBCASE("to nothing") {
        CHECK(OPENSSL_realloc(filled_block(bytes), 0) == nullptr);
    }
    if (!own_memory) {
        MESSAGE("SKIPPED: looking into freed memory needs a build without sanitizers");
        return;
    }
    CHECK(left_in_freed(bytes) == 0);
    // Control: the C library's own free leaves it.
    auto* const plain = static_cast<unsigned char*>(std::malloc(bytes));
    std::fill_n(plain, bytes, 0xA7);
    asm volatile("" : : "r"(plain) : "memory");
    std::free(plain);
    CHECK(left_in_freed(bytes) > 0);
}

TEST_CASE("without memory for OpenSSL the process ends, for OpenSSL would go on with null") {
    install();
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::signal(SIGABRT, SIG_DFL);  // not the test program's own
        ::close(STDERR_FILENO);
        volatile std::size_t bytes = std::numeric_limits<std::size_t>::max() / 2;
        static_cast<void>(OPENSSL_malloc(bytes));
        ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status != 0);
    if (own_memory) CHECK(WTERMSIG(status) == SIGABRT);
}
