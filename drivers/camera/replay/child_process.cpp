#include "drivers/camera/replay/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>

extern char** environ;

namespace portcullis::replay {

namespace {

constexpr int poll_ms = 100;  // how soon a stop is noticed while the child is silent
constexpr int pipe_bytes = 1 << 20;

struct Pipe {
    UniqueFd reader;
    UniqueFd writer;
};

Result<Pipe> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(Error::from_errno("cannot make a pipe", errno));
    return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

/// posix_spawn's two C objects under one roof.
struct SpawnPlan {
    posix_spawn_file_actions_t actions{};
    posix_spawnattr_t attributes{};
    SpawnPlan() {
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawnattr_init(&attributes);
    }
    SpawnPlan(const SpawnPlan&) = delete;
    SpawnPlan& operator=(const SpawnPlan&) = delete;
    ~SpawnPlan() {
        ::posix_spawn_file_actions_destroy(&actions);
        ::posix_spawnattr_destroy(&attributes);
    }
};

void plan_descriptors(SpawnPlan& plan, const Pipe& output, const Pipe& messages) {
    ::posix_spawn_file_actions_addopen(&plan.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&plan.actions, output.writer.get(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&plan.actions, messages.writer.get(), STDERR_FILENO);
}

/// Own group: Ctrl-C on our terminal stops us, and we stop the child. Default signals: a child that inherits
/// an ignored SIGPIPE would outlive us.
void plan_signals(SpawnPlan& plan) {
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setpgroup(&plan.attributes, 0);
    ::posix_spawnattr_setsigmask(&plan.attributes, &none);
    ::posix_spawnattr_setsigdefault(&plan.attributes, &all);
    ::posix_spawnattr_setflags(&plan.attributes,
                               POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

int wait_for(pid_t pid) {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

}  // namespace

Result<ChildProcess> ChildProcess::start(const std::vector<std::string>& arguments) {
    Pipe output = TRY(make_pipe());
    Pipe messages = TRY(make_pipe());
    ::fcntl(output.reader.get(), F_SETPIPE_SZ, pipe_bytes);  // fewer wake-ups; refusal does no harm
    ::fcntl(messages.reader.get(), F_SETFL, O_NONBLOCK);
    SpawnPlan plan;
    plan_descriptors(plan, output, messages);
    plan_signals(plan);
    std::vector<std::string> copies = arguments;  // posix_spawn wants char*
    std::vector<char*> argv;
    for (std::string& argument : copies)
        argv.push_back(argument.data());
    argv.push_back(nullptr);
    pid_t pid = 0;
    const int error = ::posix_spawnp(&pid, argv[0], &plan.actions, &plan.attributes, argv.data(), environ);
    if (error == ENOENT) return fail(ErrorCode::not_found, "program {} is not installed", arguments.front());
    if (error != 0) return fail(Error::from_errno("cannot start " + arguments.front(), error));
    return ChildProcess(pid, std::move(output.reader), std::move(messages.reader));
}

ChildProcess::ChildProcess(pid_t pid, UniqueFd output, UniqueFd messages)
    : pid_(pid), output_(std::move(output)), messages_(std::move(messages)) {}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      output_(std::move(other.output_)),
      messages_(std::move(other.messages_)),
      message_(std::move(other.message_)) {}

ChildProcess::~ChildProcess() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    wait_for(pid_);
}

/// Drains the error pipe, so that a talkative child never blocks on it; keeps the first words.
void ChildProcess::take_message() {
    std::array<char, 4096> buffer{};
    ssize_t got = 0;
    while ((got = ::read(messages_.get(), buffer.data(), buffer.size())) > 0)
        message_.append(buffer.data(),
                        std::min(static_cast<std::size_t>(got), max_child_message_bytes - message_.size()));
    if (got == 0) messages_.reset();
}

Result<std::size_t> ChildProcess::read(std::span<std::byte> to, const std::stop_token& stop) {
    const auto give_up = std::chrono::steady_clock::now() + max_child_silence;
    while (!stop.stop_requested()) {
        std::array<pollfd, 2> wanted{{{output_.get(), POLLIN, 0}, {messages_.get(), POLLIN, 0}}};
        if (::poll(wanted.data(), wanted.size(), poll_ms) < 0 && errno != EINTR)
            return fail(Error::from_errno("cannot wait for the decoder", errno));
        if (wanted[1].revents != 0) take_message();
        if (wanted[0].revents != 0) {
            const ssize_t got = ::read(output_.get(), to.data(), to.size());
            if (got >= 0) return static_cast<std::size_t>(got);
            if (errno != EINTR) return fail(Error::from_errno("cannot read from the decoder", errno));
        }
        if (std::chrono::steady_clock::now() > give_up)
            return fail(ErrorCode::timeout, "the decoder gave nothing for {} s", max_child_silence.count());
    }
    return fail(ErrorCode::closed, "stopped");
}

Result<void> ChildProcess::finish() {
    output_.reset();
    const int status = wait_for(std::exchange(pid_, -1));
    if (messages_) take_message();
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    while (message_.ends_with('\n'))
        message_.pop_back();
    return fail(ErrorCode::corrupt, "the decoder failed: {}", message_.empty() ? "without a word" : message_);
}

}  // namespace portcullis::replay
