// A hotlist's text, a hit's, wanted tokens, and what crosses the view socket about hits. An answer's hits
// stand behind a line's end.

#include <algorithm>

#include "base/assert.hpp"
#include "collector/link/hotlist_exchange.hpp"
#include "fuzz/input.hpp"
#include "hotlist/hotlist_matcher.hpp"
#include "record/hotlist_codec.hpp"
#include "record/wanted_codec.hpp"

using namespace portcullis;

namespace {

/// What every list promises that anybody takes: each entry is found by its own plate while it counts.
void check_promises(const Hotlist& list) {
    const HotlistMatcher matcher(list);
    for (const HotlistEntry& entry : list.entries) {
        const UtcTime last = UtcTime(entry.until.time_since_epoch());
        const auto matches = matcher.match(entry.plate, last, [](std::string_view) { return true; });
        PORTCULLIS_ASSERT(std::ranges::any_of(matches, [&entry](const HotlistMatch& match) {
            return match.entry->case_number == entry.case_number && match.distance == 0;
        }));
        PORTCULLIS_ASSERT(last <= list.issued + max_entry_life);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(as_text(fuzz::input_bytes(data, size)));
    if (const auto list = parse_hotlist(text)) {
        PORTCULLIS_ASSERT(fuzz::must(encode_hotlist(*list)) == text);
        check_promises(*list);
    }
    if (const auto wanted = parse_wanted(text)) PORTCULLIS_ASSERT(fuzz::must(encode_wanted(*wanted)) == text);
    if (const auto hit = parse_hit(text)) PORTCULLIS_ASSERT(fuzz::must(encode_hit(*hit)) == text);
    const std::size_t end = std::min(text.find('\n'), text.size());
    Packet packet{text.substr(0, end), to_bytes(text.substr(std::min(end + 1, text.size())))};
    if (const auto answer = parse_hotlist_answer(packet)) {
        PORTCULLIS_ASSERT(answer->hits.size() <= max_told_hits);
        PORTCULLIS_ASSERT(fuzz::must(parse_hotlist_answer(fuzz::must(to_packet(*answer)))) == *answer);
    }
    packet.blob.clear();
    if (const auto request = parse_hotlist_request(packet)) {
        PORTCULLIS_ASSERT(is_hotlist_request(packet));
        PORTCULLIS_ASSERT(fuzz::must(parse_hotlist_request(to_packet(*request))) == *request);
        PORTCULLIS_ASSERT(request->act == HotlistAct::show || is_device_name(request->device));
    }
    return 0;
}
