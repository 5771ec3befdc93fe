// The i-th call that writes a file fails, for each i until a run meets no failure: whoever writes files of
// ours says so, leaves the old content or the new one whole, leaves no litter, and succeeds at the second
// try.
#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <functional>

#include "base/file.hpp"
#include "inbox/inbox_writer.hpp"
#include "seal/device_recipients.hpp"
#include "support/fake_clock.hpp"
#include "unit/seal/test_sets.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

enum class Call { write, sync, rename, mode };

struct Fault {
    Call call;
    int at;  // of the calls from now; 0: none
    int code;
    bool struck = false;
};
Fault armed{Call::write, 0, 0};

bool fails(Call call) {
    if (armed.at == 0 || armed.call != call || --armed.at > 0) return false;
    armed.struck = true;
    errno = armed.code;
    return true;
}

}  // namespace

// In the place of the C library's, for this whole program.
extern "C" {
ssize_t write(int fd, const void* bytes, std::size_t count) {
    if (!fails(Call::write)) return ::syscall(SYS_write, fd, bytes, count);
    // A disk that fills up takes the first part.
    static_cast<void>(::syscall(SYS_write, fd, bytes, count / 2));
    errno = armed.code;
    return -1;
}
int fsync(int fd) {
    return fails(Call::sync) ? -1 : static_cast<int>(::syscall(SYS_fsync, fd));
}
int rename(const char* from, const char* to) noexcept {
    return fails(Call::rename) ? -1
                               : static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}
int fchmod(int fd, mode_t mode) noexcept {
    return fails(Call::mode) ? -1 : static_cast<int>(::syscall(SYS_fchmod, fd, mode));
}
}

namespace {

struct Row {
    std::string_view name;
    Call call;
    int code;
};
constexpr std::array rows = {Row{"disk full", Call::write, ENOSPC},
                             Row{"write error", Call::write, EIO},
                             Row{"sync error", Call::sync, EIO},
                             Row{"sync finds the disk full", Call::sync, ENOSPC},
                             Row{"rename error", Call::rename, EIO},
                             Row{"rename finds the disk full", Call::rename, ENOSPC},
                             Row{"the mode cannot be set", Call::mode, EIO}};
constexpr int most_calls = 100;

std::vector<std::string> names_in(const std::filesystem::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        names.push_back(entry.path().filename().string());
    return names;
}

/// `write` puts `content` into `file`, alone in its folder.
struct Writer {
    std::filesystem::path file;
    std::vector<Bytes> contents;  // one after the other
    std::function<bool(const Bytes& content)> write;
};

void survives_each_failure(const Writer& writer) {
    REQUIRE(writer.write(writer.contents[0]));
    std::size_t now = 0;
    int runs = 0;
    for (const Row& row : rows)
        for (int call = 1; call < most_calls; ++call) {
            INFO(std::string(row.name));
            CAPTURE(call);
            const Bytes& before = writer.contents[now % writer.contents.size()];
            const Bytes& after = writer.contents[++now % writer.contents.size()];
            armed = {row.call, call, row.code};
            const bool done = writer.write(after);
            const bool struck = armed.struck;
            armed = {row.call, 0, 0};
            CHECK(done != struck);
            const auto found = read_file(writer.file, 1 << 20);
            REQUIRE(found);
            CHECK((*found == after || (!done && *found == before)));
            CHECK(names_in(writer.file.parent_path()).size() == 1);
            REQUIRE(writer.write(after));
            REQUIRE(*read_file(writer.file, 1 << 20) == after);
            runs += struck ? 1 : 0;
            if (!struck) break;
            REQUIRE(call + 1 < most_calls);
        }
    MESSAGE(runs << " calls failed");
    CHECK(runs > 0);
}

}  // namespace

TEST_CASE("whichever call fails, a file that is written at once is the old one or the new one") {
    const TempDir dir;
    const std::filesystem::path file = dir.path() / "file";
    survives_each_failure(
        {file, {Bytes(3000, std::byte{1}), Bytes(5, std::byte{2}), Bytes{}}, [&](const Bytes& content) {
             return write_file_atomically(file, content, 0600).has_value();
         }});
}

TEST_CASE("whichever call fails, the inbox holds the old message or the new one") {
    const TempDir dir;
    InboxWriter inbox = *InboxWriter::create(dir.path() / "inbox");
    survives_each_failure({dir.path() / "inbox" / "receipt",
                           {Bytes(1000, std::byte{1}), Bytes(7000, std::byte{2})},
                           [&](const Bytes& content) { return inbox.put("receipt", content).has_value(); }});
}

TEST_CASE(
    "whichever call fails, the device keeps the recipient set in use or the new one, and may be given it "
    "again") {
    const SetDesk desk;
    const TempDir dir;
    FakeClock clock{now};
    std::filesystem::create_directory(dir.path() / "kept");
    const std::filesystem::path kept = dir.path() / "kept" / "recipients.set";
    DeviceRecipients recipients = must(DeviceRecipients::create(desk.rules(), kept, clock));
    RecipientSet set = desk.set(1);
    std::vector<Bytes> sets;
    for (; set.version < most_calls; ++set.version)
        sets.push_back(desk.sign(set));
    survives_each_failure({kept, sets, [&](const Bytes& content) {
                               const bool taken = recipients.offer(content).has_value();
                               // What is in use is what a restart finds.
                               auto again = must(DeviceRecipients::create(desk.rules(), kept, clock));
                               return taken && again.in_use()->digest == recipients.in_use()->digest;
                           }});
}
