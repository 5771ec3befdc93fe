#include "record/payload.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace portcullis;

namespace {

Digest digest_of(char letter) {
    Digest digest;
    digest.fill(static_cast<std::byte>(letter));
    return digest;
}

ReadPayload sample() {
    ReadPayload payload;
    payload.fleet = "fleet-1";
    payload.device = "gate-1";
    payload.chain = chain_from_string("0123456789abcdef").value();
    payload.boot = "boot-1";
    payload.seq = 42;
    payload.previous = digest_of('p');
    payload.captured = UtcTime(microseconds(1'795'420'800'000'001));
    payload.captured_since_boot = BootTime(microseconds(1'500'000));
    payload.clock_quality = ClockQuality::ntp;
    payload.read = {{{'A', 0.98F, {{'4', 0.01F}}}, {'1', 0.5F, {}}}, 0.49F, 7};
    payload.jurisdiction = "GB";
    payload.quad = {{{{10.5F, 20}, {110, 22}, {109, 48}, {-9, 46}}}};
    payload.passage = {7, "lane 1", Direction::receding, BootTime(microseconds(1)), BootTime(microseconds(2)),
                       12};
    payload.firmware = "0.1.0";
    payload.model = "aa";
    payload.media = {{MediaRole::plate, 43, digest_of('m'), 2999, digest_of('r')},
                     {MediaRole::overview, 44, digest_of('o'), 5000, digest_of('s')}};
    payload.recipients = digest_of('q');
    return payload;
}

std::string sample_text() {
    return encode_payload(sample()).value();
}

/// The text with one part replaced and the padding made right again, so that only the part is at fault.
std::string replaced(const std::string& part, const std::string& by) {
    std::string text = sample_text();
    const std::size_t place = text.find(part);
    REQUIRE(place != std::string::npos);
    text.replace(place, part.size(), by);
    text.erase(text.rfind(R"("pad":")") + 7);
    while (text.size() + 2 < min_payload_bytes || (text.size() + 2) % payload_block_bytes != 0)
        text += ' ';
    return text + "\"}";
}

}  // namespace

TEST_CASE("a payload comes back as it was written") {
    const ReadPayload read = parse_payload(sample_text()).value();
    CHECK(read.device == "gate-1");
    CHECK(read.seq == 42);
    CHECK(read.previous == digest_of('p'));
    CHECK(read.captured == sample().captured);
    CHECK(text_of(read.read.characters) == "A1");
    CHECK(read.read.characters[0].alternatives[0].letter == '4');
    CHECK(read.read.characters[0].confidence == doctest::Approx(0.98));
    CHECK(read.quad == sample().quad);
    CHECK(read.passage.direction == Direction::receding);
    CHECK(read.media == sample().media);
    CHECK(read.recipients == digest_of('q'));
}

TEST_CASE("one payload has one text") {
    CHECK(encode_payload(parse_payload(sample_text()).value()).value() == sample_text());
}

TEST_CASE("the text is a multiple of 256 bytes whatever the plate's length") {
    for (std::size_t length = 0; length <= max_characters; ++length) {
        ReadPayload payload = sample();
        payload.read.characters.assign(length, {'A', 0.5F, {{'4', 0.1F}}});
        const std::string text = encode_payload(payload).value();
        CHECK(text.size() % payload_block_bytes == 0);
        CHECK(parse_payload(text).value().read.characters.size() == length);
    }
}

TEST_CASE("plates of up to 8 characters have texts of one length, however doubtful they are") {
    for (std::size_t length = 0; length <= 8; ++length)
        for (std::size_t alternatives = 0; alternatives <= max_alternatives; ++alternatives) {
            ReadPayload payload = sample();
            payload.model = std::string(64, 'a');
            payload.boot = std::string(36, 'b');
            CharacterReading character{'A', 0.5F, {}};
            while (character.alternatives.size() < alternatives)
                character.alternatives.push_back({'4', 0.1F});
            payload.read.characters.assign(length, character);
            CHECK(encode_payload(payload).value().size() == min_payload_bytes);
        }
}

TEST_CASE("an unread plate without pictures is a payload too") {
    ReadPayload payload = sample();
    payload.read = {};
    payload.media.clear();
    const ReadPayload read = parse_payload(encode_payload(payload).value()).value();
    CHECK(read.read.characters.empty());
    CHECK(read.media.empty());
}

TEST_CASE("the fullest payload stays below its limit") {
    ReadPayload payload = sample();
    const CharacterChoice choice{'W', 0.125F};
    payload.read.characters.assign(max_characters, {'W', 0.25F, std::vector(max_alternatives, choice)});
    payload.media.assign(max_media, sample().media[1]);
    for (std::string* text : {&payload.fleet, &payload.boot, &payload.jurisdiction, &payload.passage.lane,
                              &payload.firmware, &payload.model})
        *text = std::string(max_name_bytes, 'n');
    payload.device = std::string(max_device_name_bytes, 'd');
    CHECK(encode_payload(payload).value().size() <= max_payload_bytes);
}

TEST_CASE("a value out of its range is not written, and the error names the field") {
    const auto error_of = [](void (*spoil)(ReadPayload&)) {
        ReadPayload payload = sample();
        spoil(payload);
        const Result<std::string> text = encode_payload(payload);
        return text ? std::string("written") : text.error().message();
    };
    CHECK(error_of([](ReadPayload& p) { p.device = "Gate 1"; }).find("dev") != std::string::npos);
    CHECK(error_of([](ReadPayload& p) { p.seq = 0; }).find("seq") != std::string::npos);
    CHECK(error_of([](ReadPayload& p) { p.read.characters[0].letter = 'a'; }).find("chars") !=
          std::string::npos);
    CHECK(error_of([](ReadPayload& p) { p.read.confidence = 1.1F; }).find("conf") != std::string::npos);
    CHECK(error_of([](ReadPayload& p) { p.quad.corners[0].x = std::nanf(""); }).find("quad") !=
          std::string::npos);
    CHECK(error_of([](ReadPayload& p) { p.passage.lane = "a\"b"; }).find("lane") != std::string::npos);
    CHECK(error_of([](ReadPayload& p) { p.captured = UtcTime(microseconds(-1)); }).find("t ") !=
          std::string::npos);
    CHECK(error_of([](ReadPayload& p) { p.media.resize(max_media + 1); }).find("media") != std::string::npos);
    CHECK(error_of([](ReadPayload& p) {
              p.read.characters.resize(max_characters + 1, {'A', 0, {}});
          }) != "written");
}

TEST_CASE("an error never tells the plate") {
    ReadPayload payload = sample();
    payload.read.characters[0].confidence = 2;
    CHECK(encode_payload(payload).error().message().find("A1") == std::string::npos);
    CHECK(parse_payload(replaced("\"A1\"", "\"A2\"")).error().message().find("A2") == std::string::npos);
}

TEST_CASE("a payload of an unknown version is refused") {
    CHECK_FALSE(parse_payload(replaced("{\"v\":1,", "{\"v\":2,")));
}

TEST_CASE("a text that is not canonical is refused") {
    CHECK_FALSE(parse_payload(""));
    CHECK_FALSE(parse_payload("{}"));
    CHECK_FALSE(parse_payload(replaced("\"seq\":42", "\"seq\": 42")));            // a blank
    CHECK_FALSE(parse_payload(replaced("\"seq\":42", "\"seq\":42,\"seq\":42")));  // twice
    CHECK_FALSE(parse_payload(replaced("\"seq\":42", "\"seq\":\"42\"")));         // wrong type
    CHECK_FALSE(parse_payload(replaced("\"seq\":42", "\"seq\":42.0")));           // second spelling
    CHECK_FALSE(parse_payload(replaced("\"seq\":42", "\"seq\":0")));              // out of range
    CHECK_FALSE(parse_payload(replaced("\"seq\":42,", "")));                      // missing
    CHECK_FALSE(parse_payload(replaced("\"lane\":\"lane 1\"", "\"lane\":\"lane\\u00201\"")));
    CHECK_FALSE(parse_payload(replaced("\"lane\"", "\"extra\":1,\"lane\"")));  // unknown key
    CHECK_FALSE(parse_payload(replaced("\"dir\":\"receding\"", "\"dir\":\"sideways\"")));
    CHECK_FALSE(parse_payload(replaced("\"clk\":\"ntp\"", "\"clk\":\"sundial\"")));
    CHECK_FALSE(parse_payload(replaced("\"plate\":\"A1\"", "\"plate\":\"A2\"")));  // not its chars
    CHECK_FALSE(parse_payload(replaced("\"conf\":0.490", "\"conf\":0.49")));
    CHECK_FALSE(parse_payload(replaced("\"conf\":0.490", "\"conf\":1.490")));
    CHECK_FALSE(parse_payload(replaced("[10.5,", "[-0.0,")));
    CHECK_FALSE(parse_payload(replaced("\"role\":\"plate\"", "\"role\":\"occupants\"")));
    CHECK(parse_payload(replaced("\"seq\":42", "\"seq\":43")));  // the tool itself is right
}

TEST_CASE("padding of another length is refused") {
    std::string text = sample_text();
    text.insert(text.size() - 2, payload_block_bytes, ' ');
    CHECK_FALSE(parse_payload(text));
    CHECK_FALSE(parse_payload(sample_text() + std::string(payload_block_bytes, ' ')));
}

TEST_CASE("every truncation and every changed byte of a text is refused or reads otherwise") {
    const std::string text = sample_text();
    for (std::size_t i = 0; i < text.size(); ++i)
        REQUIRE_FALSE(parse_payload(text.substr(0, i)));
    for (std::size_t i = 0; i < text.size(); ++i)
        for (const char flip : {'\x01', '\x02', '\x10', '\x20', '\x80'}) {
            std::string changed = text;
            changed[i] = static_cast<char>(changed[i] ^ flip);
            const Result<ReadPayload> read = parse_payload(changed);
            REQUIRE((!read || encode_payload(*read).value() == changed));
        }
}

TEST_CASE("deep nesting and long texts are refused at once") {
    CHECK_FALSE(parse_payload(std::string(1'000'000, '[')));
    CHECK_FALSE(parse_payload(R"({"v":1,"fleet":)" + std::string(3000, '[')));
}

TEST_CASE("the digest of recipients does not depend on their order") {
    const std::string a(40, 'a');
    const std::string b(40, 'b');
    CHECK(recipients_digest({a, b}).value() == recipients_digest({b, a}).value());
    CHECK(recipients_digest({a}).value() != recipients_digest({b}).value());
    CHECK_FALSE(recipients_digest({"abcd"}));
}

TEST_CASE("a picture is padded with zeros to whole blocks") {
    for (const std::size_t length : {1U, 1023U, 1024U, 1025U}) {
        Bytes picture(length, std::byte{1});
        pad_media(picture);
        CHECK(picture.size() % media_block_bytes == 0);
        CHECK(picture.size() - length < media_block_bytes);
        CHECK(picture[length - 1] == std::byte{1});
        if (picture.size() > length) CHECK(picture[length] == std::byte{0});
    }
}
