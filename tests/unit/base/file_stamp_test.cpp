#include "base/file_stamp.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "base/file.hpp"
#include "support/temp_dir.hpp"

using namespace portcullis;
using namespace portcullis::test;

TEST_CASE("a stamp stays while the file stays, and changes when it is written, replaced, removed or made") {
    const TempDir dir;
    const std::filesystem::path path = dir.path() / "list";
    const FileStamp missing = stamp_of(path);
    CHECK(missing == FileStamp{});
    std::ofstream(path) << "one\n";
    const FileStamp made = stamp_of(path);
    CHECK(made != missing);
    CHECK(stamp_of(path) == made);
    std::ofstream(path, std::ios::app) << "two\n";
    const FileStamp written = stamp_of(path);
    CHECK(written != made);
    REQUIRE(write_file_atomically(path, as_bytes("one\ntwo\n")));  // the same bytes, another file
    CHECK(stamp_of(path) != written);
    std::filesystem::remove(path);
    CHECK(stamp_of(path) == missing);
}
