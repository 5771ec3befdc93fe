// A question to the opener's plate index, and its answer: the former comes from whoever may reach the view
// socket. The answer's reads stand behind a line's end.

#include <algorithm>

#include "base/assert.hpp"
#include "collector/link/search_exchange.hpp"
#include "core/reading.hpp"
#include "fuzz/input.hpp"

using namespace portcullis;

namespace {

void check_question(const PlateQuestion& asked) {
    const auto question = checked(asked);
    if (!question) return;
    PORTCULLIS_ASSERT(question->plate.size() <= max_plate_letters);
    PORTCULLIS_ASSERT(std::ranges::all_of(question->plate, [](char sign) {
        return sign == '?' || sign == '*' || alphabet_index(sign).has_value();
    }));
    PORTCULLIS_ASSERT(fuzz::must(checked(*question)) == *question);
    if (question->is_partial()) return;
    PORTCULLIS_ASSERT(fits(*question, question->plate));
    PORTCULLIS_ASSERT(!fits(*question, question->plate + "A"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(as_text(fuzz::input_bytes(data, size)));
    const std::size_t end = std::min(text.find('\n'), text.size());
    Packet packet{text.substr(0, end), to_bytes(text.substr(std::min(end + 1, text.size())))};
    if (const auto answer = parse_search_answer(packet)) {
        PORTCULLIS_ASSERT(answer->found.size() <= max_found);
        PORTCULLIS_ASSERT(fuzz::must(parse_search_answer(to_packet(*answer))).found == answer->found);
    }
    packet.blob.clear();
    if (const auto request = parse_search_request(packet)) {
        PORTCULLIS_ASSERT(is_search(packet));
        PORTCULLIS_ASSERT(fuzz::must(parse_search_request(to_packet(*request))).question ==
                          request->question);
        check_question(request->question);
    }
    return 0;
}
