#include "inbox/inbox_writer.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/durable.hpp"
#include "base/unique_fd.hpp"
#include "inbox/inbox.hpp"

namespace portcullis {

namespace {

namespace fs = std::filesystem;

/// No inbox name holds a dot, so no reader ever takes a half-written file for a whole one.
constexpr std::string_view half_written = ".new";

Result<void> write_whole(const fs::path& path, ByteView bytes) {
    const UniqueFd fd(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode_t{0644}));
    // The reader is another user, whatever the umask says.
    if (!fd || ::fchmod(fd.get(), mode_t{0644}) != 0)
        return fail(Error::from_errno("cannot make " + path.string(), errno));
    return write_all(fd.get(), bytes, path);
}

void remove_if(const fs::path& folder, const auto& unwanted) {
    std::error_code problem;
    std::vector<fs::path> files;
    fs::directory_iterator next(folder, problem);
    for (; !problem && next != fs::directory_iterator(); next.increment(problem))
        if (unwanted(next->path().filename().string())) files.push_back(next->path());
    for (const fs::path& file : files)
        fs::remove(file, problem);
}

}  // namespace

Result<InboxWriter> InboxWriter::create(fs::path folder) {
    if (::mkdir(folder.c_str(), mode_t{0755}) != 0 && errno != EEXIST)
        return fail(Error::from_errno(
            "cannot make the inbox " + folder.string() + " (does the folder above it exist?)", errno));
    if (::access(folder.c_str(), W_OK | X_OK) != 0)
        return fail(Error::from_errno("inbox: cannot write to " + folder.string(), errno));
    remove_if(folder, [](const std::string& name) { return name.ends_with(half_written); });
    return InboxWriter(std::move(folder));
}

Result<void> InboxWriter::put(std::string_view name, ByteView bytes) {
    if (!is_inbox_name(name)) return fail(ErrorCode::invalid_argument, "inbox: '{}' is no name", name);
    if (bytes.size() > max_inbox_bytes)
        return fail(ErrorCode::exhausted, "inbox: {} of {} bytes, the limit is {}", name, bytes.size(),
                    max_inbox_bytes);
    const fs::path file = folder_ / name;
    const fs::path half = file.string() + std::string(half_written);
    auto written = write_whole(half, bytes);
    if (written && ::rename(half.c_str(), file.c_str()) != 0)
        written = fail(Error::from_errno("cannot rename to " + file.string(), errno));
    if (written) return {};
    ::unlink(half.c_str());
    return fail(std::move(written.error()).with("inbox"));
}

void InboxWriter::prune(std::string_view prefix, const std::set<std::string>& keep) {
    remove_if(folder_, [&](const std::string& name) {
        return name.starts_with(prefix) && is_inbox_name(name) && !keep.contains(name);
    });
}

}  // namespace portcullis
