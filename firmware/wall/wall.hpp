#pragma once
// The process wall that a program builds around itself, beneath whatever the service manager builds: seccomp
// filters and memory that leaves no copy. Called by main before the first thread and the first outside byte.
// It cannot be taken down again. Process-wide.

#include "base/result.hpp"

namespace portcullis {

/// From here on socket(2) and socketpair(2) give EAFNOSUPPORT for every family but AF_UNIX, for this process,
/// its threads (those that stand already, too) and its children. For the reader and the opener: the processes
/// that see plates have no network. io_uring (a way round the filter) is refused as well.
Result<void> deny_network();

/// No core dump, no ptrace by the same user (PR_SET_DUMPABLE 0), no new privileges. Should root lift the
/// limits of the running process, a core holds none of its memory (leave_memory_out_of_dumps).
Result<void> deny_memory_dumps();

/// coredump_filter 0 leaves every mapping of this process and its children out of a core, as MADV_DONTDUMP
/// does for one of them. Best effort: false without /proc, and in a process that is undumpable already.
bool leave_memory_out_of_dumps();

/// Locks present and future memory against swapping. Best effort: false where the limit (RLIMIT_MEMLOCK)
/// forbids it.
[[nodiscard]] bool try_lock_memory();

}  // namespace portcullis
