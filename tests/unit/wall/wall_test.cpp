#include <doctest/doctest.h>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <iterator>
#include <string>
#include <thread>

#include "base/unique_fd.hpp"
#include "support/temp_dir.hpp"
#include "wall/wall.hpp"

using namespace portcullis;
using namespace portcullis::test;

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

TEST_CASE("attack: a thread that a library started before the wall stands behind it too") {
    CHECK(in_child([] {
              std::promise<void> built;
              std::promise<bool> answer;
              std::thread early([&] {
                  built.get_future().wait();
                  answer.set_value(refused(AF_INET));
              });
              const bool done = deny_network().has_value();
              built.set_value();
              const bool held = answer.get_future().get();
              early.join();
              return done && held ? 0 : 1;
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

namespace {

constexpr const char* kept_apart = "SKIPPED: needs a core_pattern that names a file, and no sanitizer";

/// A pattern with '|' or '/' sends cores elsewhere.
bool may_dump() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return false;
#else
    std::string pattern;
    std::ifstream("/proc/sys/kernel/core_pattern") >> pattern;
    return !pattern.empty() && pattern.find_first_of("|/") == std::string::npos;
#endif
}

/// A child that holds a text lets itself be dumped. Gives its core file's content.
std::string core_of_child(bool leaves_memory_out) {
    const TempDir folder;
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        std::string held = "a-plate-that-nobody-may-see";
        held[0] = 'A';  // not as it stands in the program
        const rlimit all{RLIM_INFINITY, RLIM_INFINITY};
        if (::chdir(folder.path().c_str()) != 0 || (leaves_memory_out && !leave_memory_out_of_dumps()))
            ::_exit(1);
        if (::setrlimit(RLIMIT_CORE, &all) != 0 || ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) ::_exit(2);
        ::signal(SIGABRT, SIG_DFL);
        ::raise(held.empty() ? SIGTERM : SIGABRT);
        ::_exit(3);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    std::string content;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
        std::ifstream file(entry.path(), std::ios::binary);
        content.append(std::istreambuf_iterator<char>(file), {});
    }
    return content;
}

}  // namespace

TEST_CASE("a core of a process that denies nothing holds what it held (control)") {
    if (!may_dump()) {
        MESSAGE(kept_apart);
        return;
    }
    CHECK(core_of_child(false).find("A-plate-that-nobody-may-see") != std::string::npos);
}

TEST_CASE("attack: a core is forced out of a process that leaves its memory out: it holds none") {
    if (!may_dump()) {
        MESSAGE(kept_apart);
        return;
    }
    const std::string core = core_of_child(true);
    CHECK(core.size() > 0);
    CHECK(core.find("A-plate-that-nobody-may-see") == std::string::npos);
}

TEST_CASE("a process that denies memory dumps leaves its memory out as well") {
    CHECK(in_child([] {
              if (!deny_memory_dumps()) return 1;
              std::string filter;
              std::ifstream("/proc/self/coredump_filter") >> filter;
              return filter.find_first_not_of('0') == std::string::npos && !filter.empty() ? 0 : 2;
          }) == 0);
}

TEST_CASE("a process that denies memory dumps is not dumpable") {
    CHECK(in_child([] {
              if (!deny_memory_dumps()) return 1;
              return ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : 2;
          }) == 0);
}
