#include "base/error.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

namespace portcullis {

std::string_view to_string(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_argument:
            return "invalid_argument";
        case ErrorCode::configuration:
            return "configuration";
        case ErrorCode::not_found:
            return "not_found";
        case ErrorCode::io:
            return "io";
        case ErrorCode::corrupt:
            return "corrupt";
        case ErrorCode::unsupported:
            return "unsupported";
        case ErrorCode::refused:
            return "refused";
        case ErrorCode::denied:
            return "denied";
        case ErrorCode::timeout:
            return "timeout";
        case ErrorCode::closed:
            return "closed";
        case ErrorCode::exhausted:
            return "exhausted";
        case ErrorCode::internal:
            return "internal";
    }
    return "unknown";
}

namespace {

ErrorCode code_of(int errno_value) {
    switch (errno_value) {
        case EROFS:
        case EACCES:
        case EPERM:
            return ErrorCode::denied;
        case ENOSPC:
        case EDQUOT:
            return ErrorCode::exhausted;
        default:
            return ErrorCode::io;
    }
}

}  // namespace

Error Error::from_errno(std::string_view what, int errno_value) {
    return {code_of(errno_value), fmt::format("{}: {}", what, std::generic_category().message(errno_value))};
}

Error Error::with(std::string_view context) && {
    message_ = fmt::format("{}: {}", context, message_);
    return std::move(*this);
}

}  // namespace portcullis
