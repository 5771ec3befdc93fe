#pragma once
// Short texts (a plate of up to 15 letters lies within its std::string) leave copies in stack frames that
// were left. The heap wipes itself (apps/common/wiping_free.cpp); the stack is wiped by who worked with such
// texts.

#include <cstddef>

namespace portcullis {

/// How deep below its caller a piece of work is taken to have written texts.
inline constexpr std::size_t wiped_stack_bytes = std::size_t{128} * 1024;

/// Overwrites what lies below the caller's frame: what its callees, now ended, left there. A few µs. The
/// caller keeps the texts out of its own frame: it calls a function that is not inlined. Reentrant.
void wipe_unused_stack();

}  // namespace portcullis
