#include "seal/secret_file.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.hpp"
#include "support/temp_dir.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

std::string error_of(const Result<Bytes>& read) {
    REQUIRE_FALSE(read);
    CHECK(read.error().code() == ErrorCode::configuration);
    return read.error().message();
}

struct Secret {
    TempDir dir;
    std::filesystem::path path = dir.path() / "secret";
    Secret() { REQUIRE(write_file_atomically(path, as_bytes("1234567890"), 0600)); }
};

}  // namespace

TEST_CASE("a secret file is read whole when only its owner, and at most a group, can read it") {
    const Secret secret;
    for (const unsigned mode : {0600U, 0400U, 0640U, 0440U}) {
        CAPTURE(mode);
        REQUIRE(::chmod(secret.path.c_str(), mode) == 0);
        const auto bytes = read_secret_file(secret.path, 10, "key");
        REQUIRE(bytes);
        CHECK(as_text(*bytes) == "1234567890");
    }
}

TEST_CASE("a secret file that others can read or write is refused with the cure") {
    const Secret secret;
    for (const unsigned mode : {0644U, 0604U, 0602U, 0620U, 0666U}) {
        CAPTURE(mode);
        REQUIRE(::chmod(secret.path.c_str(), mode) == 0);
        CHECK(error_of(read_secret_file(secret.path, 10, "key")).find("chmod 600") != std::string::npos);
    }
}

TEST_CASE("attack: a key file that another user owns is refused, for he can replace it") {
    if (::geteuid() != 0) {
        MESSAGE("SKIPPED: not root, no file can be given away");
        return;
    }
    const Secret secret;
    REQUIRE(::chown(secret.path.c_str(), 65534, 65534) == 0);
    CHECK(error_of(read_secret_file(secret.path, 10, "key")).find("belongs to user 65534") !=
          std::string::npos);
}

TEST_CASE(
    "attack: a link or a FIFO in the place of a key file: what is looked at is what is read, and nobody "
    "waits") {
    const Secret secret;
    REQUIRE(::chmod(secret.path.c_str(), 0644) == 0);
    const auto link = secret.dir.path() / "link";
    std::filesystem::create_symlink(secret.path, link);
    CHECK(error_of(read_secret_file(link, 10, "key")).find("chmod 600") != std::string::npos);
    const auto fifo = secret.dir.path() / "fifo";
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    CHECK(error_of(read_secret_file(fifo, 10, "key")).find("not a regular file") != std::string::npos);
    CHECK(error_of(read_secret_file(secret.dir.path(), 10, "key")).find("not a regular file") !=
          std::string::npos);
}

TEST_CASE("a secret file that is missing or too long is told by name") {
    const Secret secret;
    CHECK(error_of(read_secret_file(secret.dir.path() / "none", 10, "key")).find("none") !=
          std::string::npos);
    CHECK(error_of(read_secret_file(secret.path, 9, "PIN")).find("more than 9 bytes") != std::string::npos);
}
