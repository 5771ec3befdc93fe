#include "drivers/camera/replay/exif_orientation.hpp"

#include <doctest/doctest.h>

#include "drivers/camera/made_pictures.hpp"

using namespace portcullis;
using namespace portcullis::replay;

namespace {

// a b c      as stored, 3 x 2
// d e f
std::string turned(int orientation) {
    const Picture picture = upright(to_bytes("abcdef"), 3, 2, 1, orientation);
    std::string text;
    for (int y = 0; y < picture.view.height; ++y) {
        for (int x = 0; x < picture.view.width; ++x)
            text += static_cast<char>(picture.view.planes[0].data[y * picture.view.width + x]);
        text += '/';
    }
    return text;
}

}  // namespace

TEST_CASE("each EXIF orientation brings the picture upright") {
    CHECK(turned(1) == "abc/def/");
    CHECK(turned(2) == "cba/fed/");
    CHECK(turned(3) == "fed/cba/");
    CHECK(turned(4) == "def/abc/");
    CHECK(turned(5) == "ad/be/cf/");
    CHECK(turned(6) == "da/eb/fc/");
    CHECK(turned(7) == "fc/eb/da/");
    CHECK(turned(8) == "cf/be/ad/");
}

TEST_CASE("the orientation is read from a JPEG's EXIF segment") {
    const Bytes jpeg = test::made_jpeg(40, 20);
    CHECK(exif_orientation(jpeg) == 1);
    CHECK(exif_orientation(test::with_orientation(jpeg, 6)) == 6);
    CHECK(exif_orientation(test::with_orientation(jpeg, 9)) == 1);
}

TEST_CASE("a phone's sideways JPEG is decoded upright") {
    const auto picture = decode_picture(test::with_orientation(test::made_jpeg(40, 20), 6));
    REQUIRE(picture);
    CHECK(picture->view.width == 20);
    CHECK(picture->view.height == 40);
}

TEST_CASE("an EXIF segment cut at any byte, or with any byte wrong, is survived") {
    const Bytes whole = test::with_orientation(test::made_jpeg(16, 16), 6);
    for (std::size_t length = 2; length < 60; ++length)
        CHECK(exif_orientation(ByteView(whole).first(length)) >= 1);
    for (std::size_t at = 2; at < 60; ++at) {
        Bytes wrong = whole;
        wrong[at] = std::byte{0xff};
        CHECK(exif_orientation(wrong) >= 1);
        CHECK(exif_orientation(wrong) <= 8);
    }
}
