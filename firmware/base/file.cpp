#include "base/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/durable.hpp"
#include "base/unique_fd.hpp"

namespace portcullis {

Result<Bytes> read_file(const std::filesystem::path& path, std::size_t limit_bytes) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd && errno == ENOENT) return fail(ErrorCode::not_found, "{}: no such file", path.string());
    if (!fd) return fail(Error::from_errno("cannot open " + path.string(), errno));
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) return fail(Error::from_errno("cannot stat " + path.string(), errno));
    if (!S_ISREG(info.st_mode))
        return fail(ErrorCode::invalid_argument, "{}: not a regular file", path.string());
    if (static_cast<std::uint64_t>(info.st_size) > limit_bytes)
        return fail(ErrorCode::exhausted, "{}: {} bytes, the limit is {}", path.string(), info.st_size,
                    limit_bytes);
    Bytes bytes(static_cast<std::size_t>(info.st_size));
    std::size_t have = 0;
    while (have < bytes.size()) {
        const ssize_t got = ::read(fd.get(), bytes.data() + have, bytes.size() - have);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail(Error::from_errno("cannot read " + path.string(), errno));
        if (got == 0) break;  // shrank while being read
        have += static_cast<std::size_t>(got);
    }
    bytes.resize(have);
    return bytes;
}

Result<std::string> read_text_file(const std::filesystem::path& path, std::size_t limit_bytes) {
    const Bytes bytes = TRY(read_file(path, limit_bytes));
    return std::string(as_text(bytes));
}

Result<void> write_file_atomically(const std::filesystem::path& path, ByteView bytes, unsigned mode) {
    std::string temporary = path.string() + ".XXXXXX";
    const UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
    if (!fd) return fail(Error::from_errno("cannot create " + temporary, errno));
    const auto give_up = [&](Error error) -> Result<void> {
        ::unlink(temporary.c_str());
        return fail(std::move(error));
    };
    if (::fchmod(fd.get(), mode) != 0)
        return give_up(Error::from_errno("cannot set mode of " + temporary, errno));
    if (auto written = write_all(fd.get(), bytes, temporary); !written) return give_up(written.error());
    if (::fsync(fd.get()) != 0) return give_up(Error::from_errno("cannot sync " + temporary, errno));
    if (::rename(temporary.c_str(), path.c_str()) != 0)
        return give_up(Error::from_errno("cannot rename to " + path.string(), errno));
    return sync_folder(path.parent_path());
}

}  // namespace portcullis
