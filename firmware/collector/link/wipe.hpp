#pragma once
// Buffers that held something readable are overwritten before they are let go. Reentrant.

#include <cstring>
#include <string>

#include "base/bytes.hpp"

namespace portcullis {

inline void wipe(std::string& text) {
    ::explicit_bzero(text.data(), text.size());
    text.clear();
}
inline void wipe(Bytes& bytes) {
    if (!bytes.empty()) ::explicit_bzero(bytes.data(), bytes.size());  // data() of an empty one may be null
    bytes.clear();
}

}  // namespace portcullis
