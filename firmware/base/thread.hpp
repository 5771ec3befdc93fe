#pragma once
// Named threads: std::jthread with a name that top, gdb and the journal show (at most 15 letters).

#include <pthread.h>

#include <string>
#include <thread>

#include "base/assert.hpp"

namespace portcullis {

/// Starts body(std::stop_token) in a thread called name. The caller owns and joins it.
template <class Body>
[[nodiscard]] std::jthread start_thread(std::string name, Body body) {
    PORTCULLIS_ASSERT(name.size() <= 15);
    return std::jthread([name = std::move(name), body = std::move(body)](std::stop_token stop) mutable {
        ::pthread_setname_np(::pthread_self(), name.c_str());
        body(stop);
    });
}

}  // namespace portcullis
