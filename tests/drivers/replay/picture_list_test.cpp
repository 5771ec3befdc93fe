#include "drivers/camera/replay/picture_list.hpp"

#include <doctest/doctest.h>

#include "drivers/camera/made_pictures.hpp"
#include "support/temp_dir.hpp"

using namespace portcullis;
using namespace portcullis::replay;

namespace {

std::string names(const Result<std::vector<PictureEntry>>& entries) {
    REQUIRE(entries);
    std::string text;
    for (const auto& entry : *entries)
        text += entry.name + " ";
    return text;
}

/// GCC 12 warns falsely of "@" + string (its bug 105651).
std::string list_argument(const test::TempDir& folder) {
    return fmt::format("@{}/list.txt", folder.path().string());
}

}  // namespace

TEST_CASE("a folder's pictures come in natural order, and nothing else of it") {
    const test::TempDir folder;
    for (const char* name : {"10.jpg", "2.JPG", "1.png", "b.jpeg", "notes.txt", ".hidden.jpg", "clip.mp4"})
        test::write(folder.path() / name, as_bytes("x"));
    std::filesystem::create_directories(folder.path() / "dir.jpg");
    CHECK(names(list_pictures(folder.path().string())) == "1.png 2.JPG 10.jpg b.jpeg ");
}

TEST_CASE("natural order is total") {
    CHECK(natural_less("a2", "a10"));
    CHECK_FALSE(natural_less("a10", "a2"));
    CHECK(natural_less("a", "a1"));
    CHECK(natural_less("01", "1"));
    CHECK_FALSE(natural_less("1", "01"));
    CHECK_FALSE(natural_less("a1", "a1"));
    CHECK(natural_less("99999999999999999999999", "100000000000000000000000"));
}

TEST_CASE("subfolders are looked into when asked, and the names hold them") {
    const test::TempDir folder;
    std::filesystem::create_directories(folder.path() / "sub");
    test::write(folder.path() / "sub" / "a.jpg", as_bytes("x"));
    test::write(folder.path() / "b.jpg", as_bytes("x"));
    CHECK(names(list_pictures(folder.path().string(), true)) == "b.jpg sub/a.jpg ");
    CHECK(names(list_pictures(folder.path().string(), false)) == "b.jpg ");
}

TEST_CASE("an empty folder is an error that names it") {
    const test::TempDir folder;
    const auto entries = list_pictures(folder.path().string());
    REQUIRE_FALSE(entries);
    CHECK(entries.error().code() == ErrorCode::not_found);
    CHECK(entries.error().message().find(folder.path().string()) != std::string::npos);
}

TEST_CASE("a path that does not exist is an error that names it") {
    const auto entries = list_pictures("/no/such/folder");
    REQUIRE_FALSE(entries);
    CHECK(entries.error().message() == "/no/such/folder: no such file or folder");
}

TEST_CASE("a list file gives its lines as names and finds pictures beside itself") {
    const test::TempDir folder;
    test::write(folder.path() / "a.jpg", as_bytes("x"));
    test::write(folder.path() / "list.txt", as_bytes("# a comment\r\na.jpg\r\n\n/absent/b.jpg"));
    const auto entries = list_pictures(list_argument(folder));
    CHECK(names(entries) == "a.jpg /absent/b.jpg ");
    CHECK(entries->front().path == folder.path() / "a.jpg");
}

TEST_CASE("an empty list file is an error") {
    const test::TempDir folder;
    test::write(folder.path() / "list.txt", as_bytes("\n# nothing\n"));
    CHECK_FALSE(list_pictures(list_argument(folder)));
}
