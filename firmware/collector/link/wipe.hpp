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
    ::explicit_bzero(bytes.data(), bytes.size());
    bytes.clear();
}

}  // namespace portcullis
