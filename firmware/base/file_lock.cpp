#include "base/file_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

namespace portcullis {

Result<UniqueFd> lock_file(const std::filesystem::path& name) {
    constexpr mode_t mode = 0600;
    UniqueFd fd(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, mode));
    if (!fd || ::fchmod(fd.get(), mode) != 0)
        return fail(Error::from_errno(
            fmt::format("cannot make {} (check that the folder exists and is writable)", name.string()),
            errno));
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
        return fail(ErrorCode::refused, "{}: another process has locked it", name.string());
    return fd;
}

}  // namespace portcullis
