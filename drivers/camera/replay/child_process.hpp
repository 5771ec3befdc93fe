#pragma once
// ChildProcess: a program whose output we take, started without a shell, with its own process group, nothing
// on its input and none of our descriptors. Killed and reaped with its object. Thread-bound.

#include <sys/types.h>

#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/unique_fd.hpp"

namespace portcullis::replay {

inline constexpr std::chrono::seconds max_child_silence{30};  // then it is taken for stuck
inline constexpr std::size_t max_child_message_bytes = 512;   // of its error output, the first ones are kept

class ChildProcess {
  public:
    /// arguments[0] is the program, looked up in PATH. Errors: not_found (no such program), io.
    [[nodiscard]] static Result<ChildProcess> start(const std::vector<std::string>& arguments);
    ChildProcess(ChildProcess&& other) noexcept;
    ChildProcess& operator=(ChildProcess&&) = delete;
    ChildProcess(const ChildProcess&) = delete;
    ~ChildProcess();

    /// Some bytes of its output; 0 at the end. Errors: closed (stop), timeout (max_child_silence), io.
    [[nodiscard]] Result<std::size_t> read(std::span<std::byte> to, const std::stop_token& stop);
    /// Waits for its end (the output must have ended). An exit code other than 0: corrupt, with its own
    /// words.
    [[nodiscard]] Result<void> finish();

  private:
    ChildProcess(pid_t pid, UniqueFd output, UniqueFd messages);
    void take_message();

    pid_t pid_;
    UniqueFd output_;
    UniqueFd messages_;
    std::string message_;
};

}  // namespace portcullis::replay
