#include <doctest/doctest.h>

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

#include "base/unique_fd.hpp"
#include "wall/wall.hpp"

using namespace portcullis;

namespace {

// The wall cannot be taken down again, so each test builds it in a child and looks at its exit code.
int in_child(const std::function<int()>& body) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) ::_exit(body());
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool refused(int family) {
    const UniqueFd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return !fd && errno == EAFNOSUPPORT;
}

}  // namespace

TEST_CASE("without the wall a process may open an internet socket (control)") {
    CHECK(in_child([] { return refused(AF_INET) ? 1 : 0; }) == 0);
}

TEST_CASE("behind the wall no internet, packet or netlink socket can be opened, a Unix socket can") {
    CHECK(in_child([] {
              if (!deny_network()) return 1;
              for (const int family : {AF_INET, AF_INET6, AF_PACKET, AF_NETLINK, AF_VSOCK})
                  if (!refused(family)) return 2;
              const UniqueFd unix_socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
              return unix_socket ? 0 : 3;
          }) == 0);
}

TEST_CASE("a child of a process behind the wall stands behind it too") {
    CHECK(in_child([] {
              if (!deny_network()) return 1;
              const pid_t child = ::fork();
              if (child == 0) ::_exit(refused(AF_INET) ? 0 : 1);
              int status = 0;
              return ::waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 4;
          }) == 0);
}

TEST_CASE("a process that denies memory dumps is not dumpable") {
    CHECK(in_child([] {
              if (!deny_memory_dumps()) return 1;
              return ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : 2;
          }) == 0);
}
