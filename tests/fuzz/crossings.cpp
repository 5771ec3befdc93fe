// A question about crossings, and its answer: the former comes from whoever may reach the view socket. The
// answer's lists stand behind a line's end.

#include <algorithm>

#include "base/assert.hpp"
#include "collector/link/crossing_exchange.hpp"
#include "fuzz/input.hpp"

using namespace portcullis;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(as_text(fuzz::input_bytes(data, size)));
    const std::size_t end = std::min(text.find('\n'), text.size());
    Packet packet{text.substr(0, end), to_bytes(text.substr(std::min(end + 1, text.size())))};
    if (const auto answer = parse_crossing_answer(packet)) {
        PORTCULLIS_ASSERT(answer->crossings.size() <= max_told_crossings);
        const CrossingAnswer again = fuzz::must(parse_crossing_answer(to_packet(*answer)));
        PORTCULLIS_ASSERT(again.crossings == answer->crossings);
        PORTCULLIS_ASSERT(again.entries == answer->entries && again.exits == answer->exits);
        PORTCULLIS_ASSERT(again.counts == answer->counts && again.median == answer->median);
    }
    packet.blob.clear();
    if (const auto request = parse_crossing_request(packet)) {
        PORTCULLIS_ASSERT(is_crossing_request(packet));
        PORTCULLIS_ASSERT(fuzz::must(parse_crossing_request(to_packet(*request))).question ==
                          request->question);
        if (const auto question = checked(request->question)) {
            PORTCULLIS_ASSERT(question->from < question->to && question->shortest <= question->longest);
            for (const CrossingPlace& place : question->entry.places)
                PORTCULLIS_ASSERT(!question->exit.holds(place.device, place.lane, Direction::unknown) ||
                                  question->exit.direction || question->entry.direction);
        }
    }
    return 0;
}
