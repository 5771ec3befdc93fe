#include "seal/secret_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/unique_fd.hpp"
#include "seal/openssl.hpp"

namespace portcullis {

namespace {

Result<void> check_owner_and_mode(const struct stat& info, const std::string& path, std::string_view what) {
    if (!S_ISREG(info.st_mode))
        return fail(ErrorCode::configuration, "{} {}: not a regular file; give the path of one", what, path);
    if (info.st_uid != ::geteuid() && info.st_uid != 0)
        return fail(ErrorCode::configuration,
                    "{} {}: belongs to user {}, who can read and replace it; chown {} {}", what, path,
                    info.st_uid, ::geteuid(), path);
    if ((info.st_mode & (S_IWGRP | S_IWOTH | S_IROTH)) != 0)
        return fail(ErrorCode::configuration,
                    "{} {}: mode {:04o} lets others read or replace it; chmod 600 {}", what, path,
                    info.st_mode & 07777U, path);
    return {};
}

Error unreadable(const std::string& path, std::string_view what, int reason) {
    return {ErrorCode::configuration, fmt::format("{}: {}: {}; give the path of a readable file", what, path,
                                                  std::generic_category().message(reason))};
}

}  // namespace

Result<Bytes> read_secret_file(const std::filesystem::path& path, std::size_t limit_bytes,
                               std::string_view what) {
    // O_NONBLOCK: a FIFO in its place must not hold us.
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!file) return fail(unreadable(path.string(), what, errno));
    struct stat info {};
    if (::fstat(file.get(), &info) != 0) return fail(unreadable(path.string(), what, errno));
    TRY(check_owner_and_mode(info, path.string(), what));
    // All at once: a buffer that grows leaves copies.
    Bytes bytes(limit_bytes + 1);
    std::size_t size = 0;
    while (size < bytes.size()) {
        const ssize_t got = ::read(file.get(), bytes.data() + size, bytes.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            const int reason = errno;
            OPENSSL_cleanse(bytes.data(), bytes.size());
            return fail(unreadable(path.string(), what, reason));
        }
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    if (size > limit_bytes) {
        OPENSSL_cleanse(bytes.data(), bytes.size());
        return fail(ErrorCode::configuration, "{} {}: more than {} bytes; this is no {}", what, path.string(),
                    limit_bytes, what);
    }
    bytes.resize(size);
    return bytes;
}

}  // namespace portcullis
