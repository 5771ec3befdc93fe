#include "drivers/camera/replay/y4m.hpp"

#include <doctest/doctest.h>

#include <cstring>

using namespace portcullis;
using namespace portcullis::replay;

namespace {

const std::string header = "YUV4MPEG2 W16 H8 F30000:1001 Ip A1:1 C420jpeg XYSCSS=420JPEG\n";
constexpr std::size_t frame_bytes = 16 * 8 * 3 / 2;

std::string frame(char fill) {
    return "FRAME\n" + std::string(frame_bytes, fill);
}

/// Hands out `text` in pieces of at most `piece` bytes, as a pipe does.
Y4mReader::Source source_of(std::string text, std::size_t piece) {
    return [text = std::move(text), piece,
            at = std::size_t{0}](std::span<std::byte> to) mutable -> Result<std::size_t> {
        const std::size_t length = std::min({to.size(), piece, text.size() - at});
        std::memcpy(to.data(), text.data() + at, length);
        at += length;
        return length;
    };
}

}  // namespace

TEST_CASE("a Y4M stream gives its size, rate and frames, however it is cut into pieces") {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{100'000}}) {
        Y4mReader reader(source_of(header + frame('a') + frame('b'), piece));
        const auto head = reader.read_header();
        REQUIRE(head);
        CHECK(head->width == 16);
        CHECK(head->height == 8);
        CHECK(head->frames_per_second == doctest::Approx(29.97).epsilon(0.001));
        Bytes pixels(head->frame_bytes());
        REQUIRE(pixels.size() == frame_bytes);
        for (const char fill : {'a', 'b'}) {
            const auto more = reader.read_frame(pixels);
            REQUIRE(more);
            CHECK(*more);
            CHECK(as_text(pixels) == std::string(frame_bytes, fill));
        }
        const auto end = reader.read_frame(pixels);
        REQUIRE(end);
        CHECK_FALSE(*end);
    }
}

TEST_CASE("odd sizes round the colour planes up") {
    const auto head = parse_y4m_header("YUV4MPEG2 W17 H9 F25:1 C420");
    REQUIRE(head);
    CHECK(head->frame_bytes() == 17 * 9 + 2 * 9 * 5);
    const std::uint8_t none[1] = {};
    CHECK(head->view(none).planes[2].data - none == 17 * 9 + 9 * 5);
    CHECK(head->view(none).planes[1].stride == 9);
}

TEST_CASE("a header that lies or is not ours is refused") {
    struct Row {
        const char* line;
        ErrorCode code;
    };
    const Row rows[] = {
        {"RIFF", ErrorCode::corrupt},
        {"YUV4MPEG2", ErrorCode::invalid_argument},  // no size: 0 x 0
        {"YUV4MPEG2 W16 F25:1", ErrorCode::invalid_argument},
        {"YUV4MPEG2 W-16 H8", ErrorCode::corrupt},
        {"YUV4MPEG2 W16x H8", ErrorCode::corrupt},
        {"YUV4MPEG2 W99999999999 H8", ErrorCode::corrupt},
        {"YUV4MPEG2 W2147483647 H2147483647", ErrorCode::exhausted},
        {"YUV4MPEG2 W12000 H16", ErrorCode::exhausted},
        {"YUV4MPEG2 W16 H8 F25", ErrorCode::corrupt},
        {"YUV4MPEG2 W16 H8 F1000000:1", ErrorCode::corrupt},
        {"YUV4MPEG2 W16 H8 C444", ErrorCode::unsupported},
        {"YUV4MPEG2 W16 H8 C420p10", ErrorCode::unsupported},
        {"YUV4MPEG2W16 H8", ErrorCode::corrupt},
    };
    for (const Row& row : rows) {
        CAPTURE(row.line);
        const auto head = parse_y4m_header(row.line);
        REQUIRE_FALSE(head);
        CHECK(head.error().code() == row.code);
    }
}

TEST_CASE("a rate of 0:0 means that the stream does not know") {
    const auto head = parse_y4m_header("YUV4MPEG2 W16 H8 F0:0");
    REQUIRE(head);
    CHECK(head->frames_per_second == 0);
}

TEST_CASE("a stream cut at any byte ends cleanly only between frames") {
    const std::string whole = header + frame('a');
    for (std::size_t length = 0; length <= whole.size(); ++length) {
        CAPTURE(length);
        Y4mReader reader(source_of(whole.substr(0, length), 50));
        const auto head = reader.read_header();
        if (!head) {
            CHECK(length < header.size());
            continue;
        }
        Bytes pixels(head->frame_bytes());
        const auto more = reader.read_frame(pixels);
        if (length == header.size())
            CHECK((more && !*more));
        else if (length == whole.size())
            CHECK((more && *more));
        else
            CHECK_FALSE(more);
    }
}

TEST_CASE("a stream with any byte of its header wrong is read or refused, never trusted beyond its limits") {
    for (std::size_t at = 0; at < header.size(); ++at) {
        for (int value = 0; value < 256; value += 5) {
            std::string wrong = header;
            wrong[at] = static_cast<char>(value);
            Y4mReader reader(source_of(wrong + frame('a'), 4096));
            const auto head = reader.read_header();
            if (head) CHECK(head->frame_bytes() <= std::size_t{100'000'000});
        }
    }
}

TEST_CASE("a line without end is cut off at its limit") {
    Y4mReader reader(source_of("YUV4MPEG2 " + std::string(1'000'000, 'X'), 4096));
    const auto head = reader.read_header();
    REQUIRE_FALSE(head);
    CHECK(head.error().message().find("512 bytes") != std::string::npos);
}

TEST_CASE("garbage in the place of a frame mark is noticed") {
    Y4mReader reader(source_of(header + "FRAMES\n", 4096));
    REQUIRE(reader.read_header());
    Bytes pixels(frame_bytes);
    CHECK_FALSE(reader.read_frame(pixels));
}
