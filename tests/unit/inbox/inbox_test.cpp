#include "inbox/inbox.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <fstream>

#include "base/unique_fd.hpp"
#include "inbox/inbox_writer.hpp"
#include "tests/support/temp_dir.hpp"

namespace portcullis {

namespace {

namespace fs = std::filesystem;

InboxWriter writer_at(const fs::path& folder) {
    auto writer = InboxWriter::create(folder);
    REQUIRE(writer);
    return std::move(*writer);
}

void put(InboxWriter& writer, std::string_view name, std::string_view text) {
    REQUIRE(writer.put(name, as_bytes(text)));
}

std::optional<std::string> text_of(const std::optional<Bytes>& bytes) {
    if (!bytes) return {};
    return std::string(as_text(*bytes));
}

std::set<std::string> names_in(const fs::path& folder) {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder))
        names.insert(entry.path().filename().string());
    return names;
}

}  // namespace

TEST_CASE("what is put into the inbox is given once, and again when it was replaced") {
    const test::TempDir dir;
    Inbox inbox(dir.path() / "inbox");
    CHECK_FALSE(inbox.poll("receipt"));  // not even the folder is there
    auto writer = writer_at(dir.path() / "inbox");
    CHECK_FALSE(inbox.poll("receipt"));
    put(writer, "receipt", "one");
    CHECK(text_of(inbox.poll("receipt")) == "one");
    CHECK_FALSE(inbox.poll("receipt"));
    put(writer, "receipt", "two");
    CHECK(text_of(inbox.poll("receipt")) == "two");
    inbox.again("receipt");
    CHECK(text_of(inbox.poll("receipt")) == "two");
    put(writer, "recipients", "");
    CHECK(text_of(inbox.poll("recipients")) == "");
    CHECK(names_in(dir.path() / "inbox") == std::set<std::string>{"receipt", "recipients"});
}

TEST_CASE("files of the inbox are readable by another user whatever the umask, the folder is not writable") {
    const test::TempDir dir;
    const mode_t before = ::umask(0077);
    auto writer = InboxWriter::create(dir.path() / "inbox");
    const bool done = writer && writer->put("receipt", as_bytes("one"));
    ::umask(before);
    REQUIRE(done);
    struct stat info {};
    REQUIRE(::stat((dir.path() / "inbox" / "receipt").c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0644);
    REQUIRE(::stat((dir.path() / "inbox").c_str(), &info) == 0);
    CHECK((info.st_mode & 0022) == 0);
}

TEST_CASE("a name that could leave the inbox, or one that is too large, is not put") {
    const test::TempDir dir;
    auto writer = writer_at(dir.path() / "inbox");
    for (const char* name : {"", ".", "..", "../up", "a/b", "Receipt", "receipt.new", "a b"})
        CHECK(writer.put(name, as_bytes("x")).error().code() == ErrorCode::invalid_argument);
    CHECK(writer.put(std::string(65, 'a'), as_bytes("x")).error().code() == ErrorCode::invalid_argument);
    put(writer, "receipt", "stays");
    CHECK(writer.put("receipt", Bytes(max_inbox_bytes + 1)).error().code() == ErrorCode::exhausted);
    Inbox inbox(dir.path() / "inbox");
    CHECK(text_of(inbox.poll("receipt")) == "stays");
    REQUIRE(writer.put("set", Bytes(max_inbox_bytes)));
    CHECK(inbox.poll("set")->size() == max_inbox_bytes);
}

TEST_CASE("what a killed uplink left half written is removed, what belongs to old chains is pruned") {
    const test::TempDir dir;
    const fs::path folder = dir.path() / "inbox";
    {
        auto writer = writer_at(folder);
        for (const char* name : {"receipt-a", "receipt-b", "recipients"})
            put(writer, name, "x");
    }
    std::ofstream(folder / "receipt-a.new") << "hal";
    auto writer = writer_at(folder);
    writer.prune("receipt-", {"receipt-b"});
    CHECK(names_in(folder) == std::set<std::string>{"receipt-b", "recipients"});
}

TEST_CASE("attack: links, fifos, folders, devices, sockets and large files in the inbox are not taken") {
    const test::TempDir dir;
    const fs::path folder = dir.path() / "inbox";
    auto writer = writer_at(folder);
    const fs::path file = folder / "receipt";
    const auto hostile = [&](const char* what) {
        const std::string kind = what;
        if (kind == "link") {
            std::ofstream(dir.path() / "secret") << "secret";
            fs::create_symlink(dir.path() / "secret", file);
        }
        if (kind == "dangling link") fs::create_symlink(dir.path() / "nothing", file);
        if (kind == "endless link") fs::create_symlink("/dev/zero", file);
        if (kind == "fifo") REQUIRE(::mkfifo(file.c_str(), 0666) == 0);
        if (kind == "folder") fs::create_directory(file);
        if (kind == "large") std::ofstream(file) << std::string(9000, 'x');
        if (kind == "sparse") {
            std::ofstream(file) << "x";
            fs::resize_file(file, std::uintmax_t{1} << 40);
        }
        if (kind == "socket") {
            const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
            sockaddr_un name{};
            name.sun_family = AF_UNIX;
            file.string().copy(name.sun_path, sizeof(name.sun_path) - 1);
            REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0);
        }
    };
    for (const char* what :
         {"link", "dangling link", "endless link", "fifo", "folder", "large", "sparse", "socket"}) {
        CAPTURE(what);
        hostile(what);
        Inbox inbox(folder);
        CHECK_FALSE(inbox.poll("receipt", 8192));
        CHECK_FALSE(inbox.poll("receipt", 8192));
        // The honest file that comes after it is taken.
        fs::remove(file);
        put(writer, "receipt", "honest");
        CHECK(text_of(inbox.poll("receipt", 8192)) == "honest");
        fs::remove(file);
    }
}

TEST_CASE("attack: an inbox of ten thousand files costs a poll nothing, for it looks at one name") {
    const test::TempDir dir;
    const fs::path folder = dir.path() / "inbox";
    auto writer = writer_at(folder);
    for (int i = 0; i < 10'000; ++i)
        std::ofstream(folder / ("junk-" + std::to_string(i)));
    put(writer, "receipt", "honest");
    Inbox inbox(folder);
    CHECK(text_of(inbox.poll("receipt")) == "honest");
    CHECK_FALSE(inbox.poll("receipt"));
}

TEST_CASE("attack: an inbox that is a file, a link to itself or gone is an empty one") {
    const test::TempDir dir;
    std::ofstream(dir.path() / "file") << "x";
    fs::create_symlink(dir.path() / "loop", dir.path() / "loop");
    for (const char* name : {"file", "loop", "gone/deep"}) {
        Inbox inbox(dir.path() / name);
        CHECK_FALSE(inbox.poll("receipt"));
        CHECK_FALSE(InboxWriter::create(dir.path() / name / "inbox"));
    }
}

}  // namespace portcullis
