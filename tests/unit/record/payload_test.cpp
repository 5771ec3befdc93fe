#include "record/payload.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "record/canonical.hpp"

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
    payload.clock.quality = ClockQuality::ntp;
    payload.read = {{{'A', 0.98F, {{'4', 0.01F}}}, {'1', 0.5F, {}}}, 0.49F, 7, "4I", {"gb", 0.625F}};
    payload.quad = {{{{10.5F, 20}, {110, 22}, {109, 48}, {-9, 46}}}};
    payload.passage = {7, "lane 1", Direction::receding, BootTime(microseconds(1)), BootTime(microseconds(2)),
                       12};
    payload.firmware = "0.1.0";
    payload.model = "aa";
    payload.media = {{MediaRole::plate, 43, digest_of('m'), 2999, digest_of('r')},
                     {MediaRole::overview, 44, digest_of('o'), 5000, digest_of('s')}};
    payload.recipients = digest_of('q');
    payload.recipient_set = digest_of('t');
    payload.stale_set = true;
    return payload;
}

std::string sample_text() {
    return encode_payload(sample()).value();
}

/// Names of 180 bytes together, a digest of the weights, and every number as long as it can be.
ReadPayload with_the_largest_numbers() {
    ReadPayload payload = sample();
    payload.fleet = std::string(64, 'f');
    payload.device = std::string(max_device_name_bytes, 'd');
    payload.boot = std::string(16, 'b');
    payload.passage.lane = std::string(36, 'l');
    payload.read.jurisdiction.code = std::string(16, 'j');
    payload.firmware = std::string(16, 'v');
    payload.model = std::string(64, 'a');
    payload.seq = max_json_integer;
    payload.captured = UtcTime(microseconds(max_json_integer));
    payload.captured_since_boot = BootTime(microseconds(max_json_integer));
    payload.clock = {ClockQuality::holdover, std::chrono::seconds(31'622'400), milliseconds(15'811'200)};
    payload.read.readings = 1'000'000'000;
    for (Point& corner : payload.quad.corners)
        corner = {-100'000, -100'000};
    payload.passage.id = max_json_integer;
    payload.passage.direction = Direction::approaching;
    payload.passage.first_seen = payload.passage.last_seen = payload.captured_since_boot;
    payload.passage.frames = 1'000'000'000;
    for (MediaEntry& entry : payload.media) {
        entry.seq = max_json_integer;
        entry.bytes = 4'194'304;  // of the largest blob
    }
    return payload;
}

/// As doubtful as `alternatives` for each of its characters.
Read read_of(std::size_t length, std::size_t alternatives) {
    Read read;
    CharacterReading character{'A', 0.5F, {}};
    while (character.alternatives.size() < alternatives)
        character.alternatives.push_back({'4', 0.1F});
    read.characters.assign(length, character);
    return read;
}

/// The text with one part replaced and the padding made right again, so that only the part is at fault.
std::string replaced(std::string text, const std::string& part, const std::string& by) {
    const std::size_t place = text.find(part);
    REQUIRE(place != std::string::npos);
    text.replace(place, part.size(), by);
    text.erase(text.rfind(R"("pad":")") + 7);
    while (text.size() + 2 < min_payload_bytes || (text.size() + 2) % payload_block_bytes != 0)
        text += ' ';
    return text + "\"}";
}

std::string replaced(const std::string& part, const std::string& by) {
    return replaced(sample_text(), part, by);
}

}  // namespace

TEST_CASE("what is known of the clock comes back, what is not known is not there") {
    const std::vector<ClockState> states = {
        {ClockQuality::none, {}, {}},
        {ClockQuality::ntp, {}, milliseconds(0)},
        {ClockQuality::ptp, {}, milliseconds(3)},
        {ClockQuality::holdover, std::chrono::seconds(0), {}},
        {ClockQuality::holdover, std::chrono::seconds(86'400), milliseconds(43'212)},
    };
    for (const ClockState& state : states) {
        ReadPayload payload = sample();
        payload.clock = state;
        const auto text = encode_payload(payload);
        REQUIRE(text);
        CHECK((text->find(R"("hold":)") != std::string::npos) == (state.quality == ClockQuality::holdover));
        CHECK((text->find(R"("err":)") != std::string::npos) == state.error.has_value());
        const auto back = parse_payload(*text);
        REQUIRE(back);
        CHECK(back->clock == state);
    }
    ReadPayload payload = sample();
    payload.clock.holdover = std::chrono::seconds(5);
    CHECK_FALSE(encode_payload(payload));
    payload.clock = {ClockQuality::ntp, {}, milliseconds(-1)};
    CHECK_FALSE(encode_payload(payload));
}

TEST_CASE("a clock that is not canonical is refused") {
    const std::string clk = R"("clk":"ntp",)";
    CHECK(parse_payload(replaced(clk, R"("clk":"ntp","err":12,)")));
    CHECK(parse_payload(replaced(clk, R"("clk":"holdover","hold":7,"err":12,)")));
    for (const char* other :
         {R"("clk":"holdover",)", R"("clk":"ntp","hold":7,)", R"("clk":"holdover","err":1,"hold":7,)",
          R"("clk":"ntp","err":-1,)", R"("clk":"ntp","err":1.5,)", R"("clk":"ntp","err":01,)",
          R"("clk":"ntp","err":9007199254740993,)", R"("clk":"good",)"}) {
        INFO(other);
        CHECK_FALSE(parse_payload(replaced(clk, other)));
    }
}

TEST_CASE("a payload comes back as it was written") {
    const ReadPayload read = parse_payload(sample_text()).value();
    CHECK(read.device == "gate-1");
    CHECK(read.seq == 42);
    CHECK(read.previous == digest_of('p'));
    CHECK(read.captured == sample().captured);
    CHECK(text_of(read.read.characters) == "A1");
    CHECK(read.read.characters[0].alternatives[0].letter == '4');
    CHECK(read.read.characters[0].confidence == doctest::Approx(0.98));
    CHECK(read.read.raw == "4I");
    CHECK(read.read.jurisdiction.code == "gb");
    CHECK(read.read.jurisdiction.confidence == doctest::Approx(0.625));
    CHECK(read.quad == sample().quad);
    CHECK(read.passage.direction == Direction::receding);
    CHECK(read.media == sample().media);
    CHECK(read.recipients == digest_of('q'));
    CHECK(read.recipient_set == digest_of('t'));
    CHECK(read.stale_set);
}

TEST_CASE("only a set can be stale, and it is or is not") {
    ReadPayload payload = sample();
    payload.recipient_set = {};
    CHECK(encode_payload(payload).error().message().find("stale") != std::string::npos);
    payload.stale_set = false;
    CHECK(parse_payload(encode_payload(payload).value()).value().recipient_set == Digest{});
    CHECK_FALSE(parse_payload(replaced(sample_text(), R"("stale":1)", R"("stale":2)")));
}

TEST_CASE("one payload has one text") {
    CHECK(encode_payload(parse_payload(sample_text()).value()).value() == sample_text());
}

TEST_CASE("a raw text of another length than the plate comes back as it was") {
    for (const char* raw : {"", "B", "B23", "BCDEFGHIJKLMNOPQRSTUVW90"}) {
        ReadPayload payload = sample();
        payload.read.raw = raw;
        CHECK(parse_payload(encode_payload(payload).value()).value().read.raw == raw);
    }
}

TEST_CASE("the text is a multiple of 256 bytes whatever the plate's length") {
    for (std::size_t length = 0; length <= max_plate_characters; ++length) {
        ReadPayload payload = sample();
        payload.read = read_of(length, 1);
        const std::string text = encode_payload(payload).value();
        CHECK(text.size() % payload_block_bytes == 0);
        CHECK(parse_payload(text).value().read.characters.size() == length);
    }
}

TEST_CASE("plates of up to 12 characters have texts of one length, however doubtful they are") {
    for (std::size_t length = 0; length <= 12; ++length)
        for (std::size_t alternatives = 0; alternatives <= max_alternatives; ++alternatives) {
            ReadPayload payload = with_the_largest_numbers();
            payload.read.characters = read_of(length, alternatives).characters;
            payload.read.raw = std::string(length, 'B');
            if (length == 0) payload.read.jurisdiction.confidence = 0;
            CHECK(encode_payload(payload).value().size() == min_payload_bytes);
        }
}

TEST_CASE("an unread plate without pictures is a payload too") {
    ReadPayload payload = sample();
    payload.read = {};
    payload.media.clear();
    const ReadPayload read = parse_payload(encode_payload(payload).value()).value();
    CHECK(read.read.characters.empty());
    CHECK(read.read.raw.empty());
    CHECK(read.read.jurisdiction.code == "unknown");
    CHECK(read.media.empty());
}

TEST_CASE("an unread plate with a raw text or a sure jurisdiction is neither written nor read") {
    ReadPayload unread = sample();
    unread.read = {};
    unread.read.jurisdiction.code = "gb";
    const std::string text = encode_payload(unread).value();
    const std::string plate = R"("plate":"","raw":"")";
    const std::string confidence = R"("jconf":0.000)";
    CHECK(parse_payload(replaced(text, plate, plate)));  // the tool itself is right
    CHECK_FALSE(parse_payload(replaced(text, plate, R"("plate":"","raw":"A1")")));
    CHECK_FALSE(parse_payload(replaced(text, confidence, R"("jconf":0.001)")));

    unread.read.raw = "A1";
    CHECK(encode_payload(unread).error().message().find("raw") != std::string::npos);
    CHECK(encode_payload(unread).error().message().find("A1") == std::string::npos);
    unread.read.raw.clear();
    unread.read.jurisdiction.confidence = 0.0001F;
    CHECK(encode_payload(unread).error().message().find("jconf") != std::string::npos);
}

TEST_CASE("the fullest payload stays below its limit") {
    ReadPayload payload = sample();
    const CharacterChoice choice{'W', 0.125F};
    payload.read.characters.assign(max_plate_characters, {'W', 0.25F, std::vector(max_alternatives, choice)});
    payload.read.raw = std::string(max_plate_characters, 'W');
    payload.media.assign(max_media, sample().media[1]);
    for (std::string* text : {&payload.fleet, &payload.boot, &payload.read.jurisdiction.code,
                              &payload.passage.lane, &payload.firmware, &payload.model})
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
    CHECK(error_of([](ReadPayload& p) { p.read.raw = "a1"; }).find("raw") != std::string::npos);
    CHECK(error_of([](ReadPayload& p) { p.read.raw = "A-1"; }).find("raw") != std::string::npos);
    CHECK(error_of([](ReadPayload& p) { p.read.raw = "A\"1"; }).find("raw") != std::string::npos);
    CHECK(error_of([](ReadPayload& p) { p.read.raw.assign(max_plate_characters + 1, 'A'); }).find("raw") !=
          std::string::npos);
    CHECK(error_of([](ReadPayload& p) { p.read.jurisdiction.code = "g\\b"; }).find("jurisdiction") !=
          std::string::npos);
    CHECK(error_of([](ReadPayload& p) { p.read.jurisdiction.confidence = -0.1F; }).find("jconf") !=
          std::string::npos);
    CHECK(error_of([](ReadPayload& p) { p.quad.corners[0].x = std::nanf(""); }).find("quad") !=
          std::string::npos);
    CHECK(error_of([](ReadPayload& p) { p.passage.lane = "a\"b"; }).find("lane") != std::string::npos);
    CHECK(error_of([](ReadPayload& p) { p.captured = UtcTime(microseconds(-1)); }).find("t ") !=
          std::string::npos);
    CHECK(error_of([](ReadPayload& p) { p.media.resize(max_media + 1); }).find("media") != std::string::npos);
    CHECK(error_of([](ReadPayload& p) {
              p.read.characters.resize(max_plate_characters + 1, {'A', 0, {}});
          }) != "written");
}

TEST_CASE("an error never tells the plate") {
    ReadPayload payload = sample();
    payload.read.characters[0].confidence = 2;
    CHECK(encode_payload(payload).error().message().find("A1") == std::string::npos);
    CHECK(parse_payload(replaced("\"A1\"", "\"A2\"")).error().message().find("A2") == std::string::npos);
}

TEST_CASE("a payload of another version than 4 is refused, the first one too") {
    for (const char* version : {"{\"v\":1,", "{\"v\":2,", "{\"v\":3,", "{\"v\":5,", "{\"v\":04,", "{"})
        CHECK_FALSE(parse_payload(replaced("{\"v\":4,", version)));
    std::string first = replaced(sample_text(), R"("raw":"4I",)", "");
    first = replaced(first, R"("jconf":0.625,)", "");
    CHECK_FALSE(parse_payload(first));
    CHECK_FALSE(parse_payload(replaced(first, "{\"v\":4,", "{\"v\":1,")));
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
    CHECK_FALSE(parse_payload(replaced("\"raw\":\"4I\"", "\"raw\":\"4i\"")));
    CHECK_FALSE(parse_payload(replaced("\"raw\":\"4I\"", "\"raw\":\"4 I\"")));
    CHECK_FALSE(parse_payload(replaced("\"raw\":\"4I\"", "\"raw\":\"" + std::string(25, 'A') + "\"")));
    CHECK_FALSE(parse_payload(replaced("\"raw\":\"4I\",", "")));
    CHECK_FALSE(parse_payload(replaced("\"jconf\":0.625", "\"jconf\":1.001")));
    CHECK_FALSE(parse_payload(replaced("\"jconf\":0.625", "\"jconf\":0.62")));
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
    CHECK_FALSE(parse_payload(R"({"v":4,"fleet":)" + std::string(3000, '[')));
}

TEST_CASE("the digest of recipients does not depend on their order") {
    const std::string a(40, 'a');
    const std::string b(40, 'b');
    CHECK(recipients_digest({a, b}).value() == recipients_digest({b, a}).value());
    CHECK(recipients_digest({a}).value() != recipients_digest({b}).value());
    CHECK_FALSE(recipients_digest({"abcd"}));
}
