// The texts of a legal hold: one spelling each, and no bound passed.
#include <doctest/doctest.h>

#include "casefile/hold_record.hpp"
#include "record/destruction_codec.hpp"

using namespace portcullis;

namespace {

const ChainId id{{std::byte{1}}};
const UtcTime at{std::chrono::sys_days(std::chrono::year(2026) / 11 / 25)};

HoldRecord sample() {
    return {id,
            "north",
            "alice",
            "erin",
            "stolen-vehicle",
            "2026-117",
            std::chrono::floor<std::chrono::days>(at),
            std::string(key_id_letters, 'b'),
            2,
            1,
            Digest{},
            at};
}

HeldRead read_of(Seq seq, std::size_t parts) {
    HeldRead read{{"gate-1", id, seq}, at, ClockDoubt::none, {}};
    for (std::size_t i = 0; i < parts; ++i)
        read.parts.push_back({seq + i, Digest{}, std::string(key_id_letters, 'a'), Digest{}});
    return read;
}

}  // namespace

TEST_CASE("a hold's record and its list have one text") {
    const std::string record = encode_hold(sample()).value();
    CHECK(record.size() <= max_hold_record_bytes);
    CHECK(encode_hold(parse_hold(record).value()).value() == record);
    const std::string list = encode_hold_list({id, {read_of(1, 3), read_of(4, 1)}}).value();
    const HoldList parsed = parse_hold_list(list).value();
    CHECK(encode_hold_list(parsed).value() == list);
    CHECK(parsed.reads.at(0).parts.at(2).key == std::string(key_id_letters, 'a'));
    for (std::size_t length = 0; length < record.size(); ++length)
        CHECK_FALSE(parse_hold(record.substr(0, length)).has_value());
    for (std::size_t length = 0; length < list.size(); ++length)
        CHECK_FALSE(parse_hold_list(list.substr(0, length)).has_value());
    CHECK_FALSE(parse_hold(record + " ").has_value());
    CHECK_FALSE(parse_hold_list(list + " ").has_value());
}

TEST_CASE("the longest list of a hold can be read again, and nothing has a text beyond its bounds") {
    HoldList list{id, {}};
    for (std::size_t i = 0; i < max_case_reads; ++i) {
        list.reads.push_back(read_of(1 + i * max_held_parts, max_held_parts));
        list.reads.back().place.device = std::string(max_device_name_bytes, 'g');
    }
    const std::string text = encode_hold_list(list).value();
    CHECK(text.size() <= max_hold_list_bytes);
    CHECK(parse_hold_list(text).value().reads.size() == max_case_reads);
    list.reads.push_back(read_of(1, 1));
    CHECK_FALSE(encode_hold_list(list));
    CHECK_FALSE(encode_hold_list({id, {}}));
    CHECK_FALSE(encode_hold_list({id, {read_of(1, max_held_parts + 1)}}));
    CHECK_FALSE(encode_hold_list({id, {read_of(1, 0)}}));
    HeldRead keyless = read_of(1, 1);
    keyless.parts[0].key.clear();
    CHECK_FALSE(encode_hold_list({id, {keyless}}));
    HoldRecord none = sample();
    none.reads = 0;
    CHECK_FALSE(encode_hold(none));
    none = sample();
    none.key.pop_back();
    CHECK_FALSE(encode_hold(none));
}
