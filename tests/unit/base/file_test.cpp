#include <doctest/doctest.h>

#include <sys/stat.h>

#include "base/file.hpp"
#include "support/temp_dir.hpp"

using namespace portcullis;

TEST_CASE("a file written atomically reads back, has its mode, and leaves no temporary behind") {
    const test::TempDir folder;
    const auto path = folder.path() / "a.txt";
    REQUIRE(write_file_atomically(path, as_bytes("first"), 0600));
    REQUIRE(write_file_atomically(path, as_bytes("second"), 0600));
    CHECK(read_text_file(path, 100).value() == "second");
    struct stat info {};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("reading a missing file, a folder or a file over the limit names the path and the reason") {
    const test::TempDir folder;
    const auto path = folder.path() / "a.txt";
    REQUIRE(write_file_atomically(path, as_bytes("12345")));
    struct Row {
        std::filesystem::path path;
        std::size_t limit_bytes;
        ErrorCode code;
    };
    const std::vector<Row> rows{{folder.path() / "none", 10, ErrorCode::not_found},
                                {folder.path(), 10, ErrorCode::invalid_argument},
                                {path, 4, ErrorCode::exhausted}};
    for (const Row& row : rows) {
        const auto result = read_file(row.path, row.limit_bytes);
        REQUIRE_FALSE(result);
        CHECK(result.error().code() == row.code);
        CHECK(result.error().message().find(row.path.string()) != std::string::npos);
    }
}

TEST_CASE("writing into a folder that does not exist is an io error which names the file") {
    const auto result = write_file_atomically("/nonexistent-folder/a.txt", as_bytes("x"));
    REQUIRE_FALSE(result);
    CHECK(result.error().code() == ErrorCode::io);
    CHECK(result.error().message().find("/nonexistent-folder/a.txt") != std::string::npos);
}
