#pragma once
// A child process of a test: started with its output in a file, killed at the latest when the test ends.

#include <doctest/doctest.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace portcullis::test {

/// Waits until condition() holds, at most `limit`; false then. For things of other processes, which no fake
/// clock moves.
template <class Condition>
bool wait_until(Condition condition, std::chrono::milliseconds limit = std::chrono::seconds(20)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

class Process {
  public:
    /// Starts command[0] (looked up in PATH). stdout and stderr are appended to `log`; `environment` holds
    /// NAME=value pairs on top of the test's own.
    Process(std::vector<std::string> command, std::filesystem::path log,
            std::vector<std::string> environment = {})
        : log_(std::move(log)) {
        std::vector<char*> arguments;
        for (std::string& part : command)
            arguments.push_back(part.data());
        arguments.push_back(nullptr);
        pid_ = ::fork();
        REQUIRE(pid_ >= 0);
        if (pid_ == 0) run(arguments.data(), environment);
    }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process() {
        if (pid_ > 0) static_cast<void>(kill());
    }

    [[nodiscard]] pid_t pid() const { return pid_; }
    void signal(int number) const { REQUIRE(::kill(pid_, number) == 0); }

    /// The exit code, 128 + signal when one ended it, empty when it still runs after `limit`.
    [[nodiscard]] std::optional<int> wait(std::chrono::milliseconds limit = std::chrono::seconds(20)) {
        wait_until([this] { return collect(); }, limit);
        return code_;
    }
    [[nodiscard]] bool running() { return !collect(); }
    /// SIGKILL and collect.
    std::optional<int> kill() {
        if (!collect()) {
            ::kill(pid_, SIGKILL);
            code_ = collect_with(0);
        }
        return code_;
    }
    /// SIGTERM and collect.
    std::optional<int> stop() {
        if (!collect()) ::kill(pid_, SIGTERM);
        return wait();
    }

    [[nodiscard]] std::string output() const {
        std::ifstream in(log_);
        std::ostringstream text;
        text << in.rdbuf();
        return text.str();
    }

  private:
    [[noreturn]] void run(char* const* arguments, const std::vector<std::string>& environment) const {
        const int fd = ::open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
        ::dup2(fd, STDOUT_FILENO);
        ::dup2(fd, STDERR_FILENO);
        for (const std::string& pair : environment)
            ::putenv(const_cast<char*>(pair.c_str()));
        ::execvp(arguments[0], arguments);
        ::_exit(127);
    }
    bool collect() {
        if (!code_) code_ = collect_with(WNOHANG);
        return code_.has_value();
    }
    [[nodiscard]] std::optional<int> collect_with(int options) const {
        int status = 0;
        if (::waitpid(pid_, &status, options) != pid_) return std::nullopt;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

    std::filesystem::path log_;
    pid_t pid_ = -1;
    std::optional<int> code_;
};

}  // namespace portcullis::test
