#pragma once
// Result<T>: a value or an Error. What the world can do wrong returns it; bugs abort (assert.hpp).
//
//   Result<Frame> next() {
//       auto bytes = TRY(read_file(path));             // leaves with the error
//       TRY(check(bytes));                             // Result<void>
//       return fail(ErrorCode::corrupt, "{}: not a JPEG; replace the file", path.string());
//   }

#include <fmt/format.h>

#include <tl/expected.hpp>
#include <utility>

#include "base/error.hpp"

namespace portcullis {

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
  public:
    using tl::expected<T, Error>::expected;
};

using Failure = tl::unexpected<Error>;

[[nodiscard]] inline Failure fail(Error error) {
    return Failure(std::move(error));
}

template <class... Args>
[[nodiscard]] Failure fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
    return Failure(Error(code, fmt::format(format, std::forward<Args>(args)...)));
}

namespace detail {
template <class T>
T take(Result<T>&& result) {
    return std::move(*result);
}
inline void take(Result<void>&&) {}
}  // namespace detail

/// Adds context to the error of a result, if there is one.
template <class T>
[[nodiscard]] Result<T> with_context(Result<T>&& result, std::string_view context) {
    if (!result) return fail(std::move(result.error()).with(context));
    return std::move(result);
}

}  // namespace portcullis

/// The value of a Result, or an early return with its error. A GNU statement expression: GCC and clang only.
/// Not inside a braced list: what stands before it there is leaked when it returns (seen with GCC 12 and
/// clang 14).
// NOLINTBEGIN(bugprone-macro-parentheses)
#define TRY(expression)                                                                    \
    __extension__({                                                                        \
        auto portcullis_try = (expression);                                                \
        if (!portcullis_try) return ::portcullis::fail(std::move(portcullis_try.error())); \
        ::portcullis::detail::take(std::move(portcullis_try));                             \
    })
// NOLINTEND(bugprone-macro-parentheses)
