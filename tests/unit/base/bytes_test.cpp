#include <doctest/doctest.h>

#include <fmt/format.h>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/sha256.hpp"

using namespace portcullis;

TEST_CASE("hex comes back as the bytes that it was made of") {
    const Bytes bytes{std::byte{0x00}, std::byte{0x7f}, std::byte{0xff}};
    CHECK(to_hex(ByteView(bytes)) == "007fff");
    CHECK(from_hex("007FfF").value() == bytes);
}

TEST_CASE("hex with an odd length or a foreign letter is refused") {
    for (const char* hex : {"0", "0g", "zz", "00 1"}) {
        CAPTURE(hex);
        const auto result = from_hex(hex);
        REQUIRE_FALSE(result);
        CHECK(result.error().code() == ErrorCode::invalid_argument);
    }
}

TEST_CASE("numbers are written in big-endian order and read back") {
    Bytes bytes;
    append_u64(bytes, 0x0102030405060708);
    append_u32(bytes, 0xfffefdfc);
    CHECK(to_hex(ByteView(bytes)) == "0102030405060708fffefdfc");
    CHECK(read_u64(ByteView(bytes).first<8>()) == 0x0102030405060708);
    CHECK(read_u32(ByteView(bytes).subspan<8, 4>()) == 0xfffefdfc);
}

TEST_CASE("SHA-256 gives the digests of FIPS 180-4's examples") {
    CHECK(sha256_hex(as_bytes("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(sha256_hex({}) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(to_hex(sha256({as_bytes("a"), as_bytes("bc")})) == sha256_hex(as_bytes("abc")));
}

TEST_CASE("a digest text of another length is refused") {
    CHECK_FALSE(digest_from_hex("abcd"));
    CHECK(digest_from_hex(sha256_hex({})).value() == sha256({}));
}

TEST_CASE("UTC times are written as ISO 8601 with microseconds") {
    CHECK(to_iso8601(UtcTime(microseconds(0))) == "1970-01-01T00:00:00.000000Z");
    CHECK(to_iso8601(UtcTime(microseconds(1'700'000'000'000'042))) == "2023-11-14T22:13:20.000042Z");
    CHECK(to_iso8601(UtcTime(microseconds(-1))) == "1969-12-31T23:59:59.999999Z");
    // Beyond what nanoseconds can count.
    CHECK(to_iso8601(UtcTime(std::chrono::sys_days(std::chrono::year(4698) / 11 / 24))) ==
          "4698-11-24T00:00:00.000000Z");
    CHECK(to_iso8601(UtcTime(std::chrono::sys_days(std::chrono::year(1500) / 1 / 2))) ==
          "1500-01-02T00:00:00.000000Z");
}
