#pragma once
// Error: what the outside world did wrong, told so that a person can cure it. Values, thread-agnostic.
// Never put plate text, pictures or keys into a message: messages reach logs.

#include <string>
#include <string_view>

namespace portcullis {

enum class ErrorCode {
    invalid_argument,  // the caller's input is out of the promised range
    configuration,     // a settings file or command line is wrong (exit code 2)
    not_found,         // a file, key, device or row does not exist
    io,                // the operating system refused or failed
    corrupt,           // bytes are damaged or truncated
    unsupported,       // a known thing that this build or version does not do
    refused,           // a rule of ours says no (gate, profile, policy)
    denied,            // somebody else's rule says no (permissions, broker)
    timeout,           // it took longer than its named limit
    closed,            // the other side or the source ended
    exhausted,         // a named limit is reached (quota, window, queue)
    internal           // a library failed in a way we did not foresee
};

[[nodiscard]] std::string_view to_string(ErrorCode code);

class Error {
  public:
    Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

    /// io, denied (permissions, read-only) or exhausted (disk full), with errno's text: ("cannot open /x",
    /// errno)
    [[nodiscard]] static Error from_errno(std::string_view what, int errno_value);

    /// Adds context at a room's door: "spool: cannot append: disk full".
    [[nodiscard]] Error with(std::string_view context) &&;

    [[nodiscard]] ErrorCode code() const { return code_; }
    [[nodiscard]] const std::string& message() const { return message_; }

  private:
    ErrorCode code_;
    std::string message_;
};

}  // namespace portcullis
