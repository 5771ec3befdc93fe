#include "base/wipe.hpp"

#include <array>
#include <cstring>

namespace portcullis {

[[gnu::noinline]] void wipe_unused_stack() {
    std::array<std::byte, wiped_stack_bytes> below;
    ::explicit_bzero(below.data(), below.size());
}

}  // namespace portcullis
