#include "inbox/inbox.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "base/assert.hpp"
#include "base/log.hpp"
#include "base/unique_fd.hpp"

namespace portcullis {

namespace {

constexpr std::size_t max_name_bytes = 64;

bool is_same(const timespec& a, const timespec& b) {
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/// At most limit_bytes, whatever the file does meanwhile.
Result<Bytes> read_up_to(int fd, std::size_t limit_bytes) {
    Bytes bytes(limit_bytes);
    std::size_t have = 0;
    while (have < bytes.size()) {
        const ssize_t got = ::read(fd, bytes.data() + have, bytes.size() - have);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail(Error::from_errno("cannot read it", errno));
        if (got == 0) break;
        have += static_cast<std::size_t>(got);
    }
    bytes.resize(have);
    return bytes;
}

}  // namespace

bool is_inbox_name(std::string_view name) {
    return !name.empty() && name.size() <= max_name_bytes && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
}

bool Inbox::Stamp::operator==(const Stamp& other) const {
    return device == other.device && file == other.file && bytes == other.bytes &&
           is_same(written, other.written) && is_same(changed, other.changed);
}

Inbox::Stamp Inbox::stamp_of(const struct stat& info) {
    return {info.st_dev, info.st_ino, info.st_size, info.st_mtim, info.st_ctim};
}

std::optional<Bytes> Inbox::poll(std::string_view name, std::size_t limit_bytes) {
    PORTCULLIS_ASSERT(is_inbox_name(name));
    const std::filesystem::path file = folder_ / name;
    struct stat info {};
    if (::lstat(file.c_str(), &info) != 0) return {};
    const Stamp stamp = stamp_of(info);
    const auto known = seen_.find(name);
    if (known != seen_.end() && known->second == stamp) return {};
    seen_.insert_or_assign(std::string(name), stamp);
    auto bytes = S_ISREG(info.st_mode) ? take(file, stamp, limit_bytes)
                                       : Result<Bytes>(fail(ErrorCode::refused, "it is no regular file"));
    if (bytes) {
        refused_.erase(std::string(name));
        return std::move(*bytes);
    }
    // Replaced between the two looks: the new one is for the next call.
    if (bytes.error().code() == ErrorCode::closed) {
        seen_.erase(std::string(name));
        return {};
    }
    // Once, and not for each of the files that somebody puts there in turn.
    if (!refused_.insert(std::string(name)).second) return {};
    log_warning("inbox", "{} is not taken: {}; only the uplink should write there", file.string(),
                bytes.error().message());
    return {};
}

Result<Bytes> Inbox::take(const std::filesystem::path& file, const Stamp& stamp,
                          std::size_t limit_bytes) const {
    if (stamp.bytes < 0 || static_cast<std::uint64_t>(stamp.bytes) > limit_bytes)
        return fail(ErrorCode::exhausted, "{} bytes are over its limit of {}", stamp.bytes, limit_bytes);
    // A link is not followed, a fifo put in its place is not waited for.
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!fd && (errno == ENOENT || errno == ELOOP)) return fail(ErrorCode::closed, "it was replaced");
    if (!fd) return fail(Error::from_errno("cannot open it", errno));
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode) || !(stamp_of(info) == stamp))
        return fail(ErrorCode::closed, "it was replaced");
    return read_up_to(fd.get(), limit_bytes);
}

void Inbox::again(std::string_view name) {
    if (const auto known = seen_.find(name); known != seen_.end()) seen_.erase(known);
}

}  // namespace portcullis
