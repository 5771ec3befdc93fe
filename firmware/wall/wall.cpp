#include "wall/wall.hpp"

#include <fcntl.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <type_traits>

#include "base/unique_fd.hpp"

namespace portcullis {

namespace {

struct Release {
    void operator()(scmp_filter_ctx context) const { seccomp_release(context); }
};
using Filter = std::unique_ptr<std::remove_pointer_t<scmp_filter_ctx>, Release>;

Result<void> check(int code, const char* what) {
    if (code == 0) return {};
    return fail(Error::from_errno(std::string("cannot build the process wall: ") + what, -code));
}

/// Refuses `call` for each address family that is not AF_UNIX: below and above it.
Result<void> only_unix(scmp_filter_ctx filter, int call) {
    for (const scmp_compare comparison : {SCMP_CMP_LT, SCMP_CMP_GT}) {
        const scmp_arg_cmp family{0, comparison, AF_UNIX, 0};
        TRY(check(seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), call, 1, &family),
                  "socket rule"));
    }
    return {};
}

}  // namespace

Result<void> deny_network() {
    const Filter filter(seccomp_init(SCMP_ACT_ALLOW));
    if (!filter) return fail(ErrorCode::internal, "cannot build the process wall: seccomp gives no filter");
    TRY(only_unix(filter.get(), SCMP_SYS(socket)));
    TRY(only_unix(filter.get(), SCMP_SYS(socketpair)));
    for (const int call : {SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register)})
        TRY(check(seccomp_rule_add_array(filter.get(), SCMP_ACT_ERRNO(ENOSYS), call, 0, nullptr),
                  "io_uring rule"));
    // Threads that libraries started before main as well.
    TRY(check(seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1), "filter for all threads"));
    return check(seccomp_load(filter.get()), "seccomp_load (is CONFIG_SECCOMP_FILTER on?)");
}

Result<void> deny_memory_dumps() {
    static_cast<void>(leave_memory_out_of_dumps());  // first: an undumpable process may not write there
    const rlimit none{0, 0};
    if (::setrlimit(RLIMIT_CORE, &none) != 0)
        return fail(Error::from_errno("cannot forbid core dumps", errno));
    if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return fail(Error::from_errno("cannot make the process undumpable", errno));
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return fail(Error::from_errno("cannot forbid new privileges", errno));
    return {};
}

bool leave_memory_out_of_dumps() {
    const UniqueFd filter(::open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC));
    return filter && ::write(filter.get(), "0", 1) == 1;
}

bool try_lock_memory() {
    return ::mlockall(MCL_CURRENT | MCL_FUTURE) == 0;
}

}  // namespace portcullis
