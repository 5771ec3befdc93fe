#include "drivers/camera/replay/picture.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "drivers/camera/made_pictures.hpp"
#include "support/temp_dir.hpp"

using namespace portcullis;
using namespace portcullis::replay;
using test::made_jpeg;
using test::made_png;
using test::PngKind;

namespace {

Bytes first(Bytes bytes, std::size_t length) {
    bytes.resize(length);
    return bytes;
}

/// A PNG header that claims a size, without the data.
Bytes lying_png(std::uint32_t width) {
    Bytes bytes = made_png(16, 16, PngKind::grey8);
    for (int i = 0; i < 4; ++i)
        bytes[16 + static_cast<std::size_t>(i)] = static_cast<std::byte>(width >> (24 - 8 * i));
    return bytes;
}

}  // namespace

TEST_CASE("JPEG decodes to bgr24 or grey8") {
    const auto colour = decode_picture(made_jpeg(33, 17));
    REQUIRE(colour);
    CHECK(colour->view.format == PixelFormat::bgr24);
    CHECK(colour->view.width == 33);
    CHECK(colour->view.height == 17);
    CHECK(colour->view.planes[0].stride == 99);
    const auto grey = decode_picture(made_jpeg(33, 17, {.grey = true}));
    REQUIRE(grey);
    CHECK(grey->view.format == PixelFormat::grey8);
    CHECK(decode_picture(made_jpeg(33, 17, {.progressive = true})));
}

TEST_CASE("every kind of PNG decodes to 8 bits") {
    for (const PngKind kind :
         {PngKind::grey8, PngKind::grey16, PngKind::rgb8, PngKind::rgb16, PngKind::rgba8, PngKind::palette}) {
        CAPTURE(static_cast<int>(kind));
        const auto picture = decode_picture(made_png(40, 30, kind));
        REQUIRE(picture);
        const bool grey = kind == PngKind::grey8 || kind == PngKind::grey16;
        CHECK(picture->view.format == (grey ? PixelFormat::grey8 : PixelFormat::bgr24));
        CHECK(picture->view.width == 40);
    }
}

TEST_CASE("the colours come in the order blue, green, red") {
    const auto picture = decode_picture(made_png(40, 30, PngKind::rgb8));  // red is one less than green
    REQUIRE(picture);
    const std::uint8_t* pixel = picture->view.planes[0].data + 60;
    CHECK(pixel[0] == pixel[1] + 1);
    CHECK(pixel[2] == pixel[1] - 1);
}

TEST_CASE("each broken picture is an error with its reason and cure") {
    struct Row {
        const char* what;
        Bytes bytes;
        ErrorCode code;
        const char* words;
    };
    const Row rows[] = {
        {"empty", {}, ErrorCode::corrupt, "0 bytes"},
        {"text", to_bytes("hello, I am a text"), ErrorCode::corrupt, "a text file"},
        {"noise", to_bytes("\x01\x02\x03\x04"), ErrorCode::corrupt, "unknown content"},
        {"WebP", to_bytes("RIFF....WEBPVP8 "), ErrorCode::unsupported, "WebP"},
        {"JPEG mark only", to_bytes("\xff\xd8\xff"), ErrorCode::corrupt, "JPEG"},
        {"half a JPEG", first(made_jpeg(200, 200), 1500), ErrorCode::corrupt, "truncated JPEG"},
        {"half a progressive JPEG", first(made_jpeg(200, 200, {.progressive = true}), 1500),
         ErrorCode::corrupt, "truncated JPEG"},
        {"CMYK", made_jpeg(32, 32, {.cmyk = true}), ErrorCode::unsupported, "CMYK"},
        {"PNG mark only", first(made_png(16, 16, PngKind::grey8), 8), ErrorCode::corrupt, "PNG"},
        {"half a PNG", first(made_png(64, 64, PngKind::rgb8), 120), ErrorCode::corrupt, "PNG"},
        {"lying PNG", lying_png(9000), ErrorCode::corrupt, "PNG"},
        {"1 x 1", made_png(1, 1, PngKind::grey8), ErrorCode::invalid_argument, "1 x 1 px is too small"},
        {"1 x 1 JPEG", made_jpeg(1, 1), ErrorCode::invalid_argument, "1 x 1 px is too small"},
        {"12,000 px wide", made_jpeg(12000, 16), ErrorCode::exhausted,
         "12000 x 16 px is larger than the limit"},
        {"12,000 px high", made_png(16, 12000, PngKind::grey8), ErrorCode::exhausted, "scale it down"},
        {"81 megapixels", made_jpeg(9000, 9000, {.grey = true}), ErrorCode::exhausted, "64 megapixels"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.what);
        const auto picture = decode_picture(row.bytes);
        REQUIRE_FALSE(picture);
        CHECK(picture.error().code() == row.code);
        CAPTURE(picture.error().message());
        CHECK(picture.error().message().find(row.words) != std::string::npos);
    }
}

TEST_CASE("a picture cut at any byte is an error, never a picture") {
    for (const Bytes& whole : {made_jpeg(64, 48), made_png(64, 48, PngKind::rgb8)}) {
        for (std::size_t length = 0; length + 8 < whole.size(); length += 7) {
            CAPTURE(length);
            CHECK_FALSE(decode_picture(first(whole, length)));
        }
    }
}

TEST_CASE("a picture with any byte wrong is decoded or refused, never a crash") {
    for (const Bytes& whole : {made_jpeg(64, 48), made_png(64, 48, PngKind::palette)}) {
        for (std::size_t at = 0; at < whole.size(); at += 3) {
            Bytes wrong = whole;
            wrong[at] ^= std::byte{0x55};
            const auto picture = decode_picture(wrong);
            CHECK((picture || !picture.error().message().empty()));
        }
    }
}

TEST_CASE("errors of files name the file") {
    const test::TempDir folder;
    test::write(folder.path() / "empty.jpg", {});
    const auto empty = load_picture(folder.path() / "empty.jpg");
    REQUIRE_FALSE(empty);
    CHECK(empty.error().message().find("empty.jpg: ") != std::string::npos);
    const auto absent = load_picture(folder.path() / "absent.jpg");
    REQUIRE_FALSE(absent);
    CHECK(absent.error().code() == ErrorCode::not_found);
}

TEST_CASE("a pipe named like a picture is refused without waiting for its writer") {
    const test::TempDir folder;
    const auto path = folder.path() / "pipe.jpg";
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    const auto picture = load_picture(path);
    REQUIRE_FALSE(picture);
    CHECK(picture.error().message().find("not a regular file") != std::string::npos);
}
