#pragma once
// What every target begins with: the input as bytes, and results that the target cannot do without.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>

#include "base/bytes.hpp"

/// The one function of each target. Whatever the bytes: it returns 0, or a PORTCULLIS_ASSERT shows a bug.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace portcullis::fuzz {

[[nodiscard]] inline ByteView input_bytes(const std::uint8_t* data, std::size_t size) {
    return std::as_bytes(std::span(data, size));
}

// Not inlined: GCC 12 under the sanitizers would warn of a free that never happens.
template <class T>
[[gnu::noinline]] T must(Result<T> result) {
    if (!result) {
        std::fprintf(stderr, "fuzz target: %s\n", result.error().message().c_str());
        std::abort();
    }
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace portcullis::fuzz
