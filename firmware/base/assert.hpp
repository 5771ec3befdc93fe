#pragma once
// PORTCULLIS_ASSERT stands in release builds too: a bug stops the process, the service manager restarts it.
// Never on outside input; that is what Result is for.

namespace portcullis {
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line) noexcept;
}

#define PORTCULLIS_ASSERT(condition)                     \
    (static_cast<bool>(condition) ? static_cast<void>(0) \
                                  : ::portcullis::assertion_failed(#condition, __FILE__, __LINE__))
