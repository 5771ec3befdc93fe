// What people sign and hand over (a request, an approval), a case file's manifest, a legal hold's record and
// list, and a copy that leaked.

#include "casefile/case_file.hpp"
#include "base/assert.hpp"
#include "casefile/hold_record.hpp"
#include "casefile/leak_trace.hpp"
#include "fuzz/input.hpp"

using namespace portcullis;

namespace {

LeakTrace one_case() {
    TracedCase traced;
    traced.id.bytes[0] = std::byte{1};
    traced.canaries = {{"BOS123", {}}, {"AB12CDE", {}}};
    return LeakTrace({traced});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const LeakTrace trace = one_case();
    const std::string text(as_text(fuzz::input_bytes(data, size)));
    if (const auto request = parse_case_request(text)) {
        PORTCULLIS_ASSERT(fuzz::must(encode_case_request(*request)) == text);
        PORTCULLIS_ASSERT(request->reads.size() <= max_named_reads && request->most <= max_case_reads);
    }
    if (const auto approval = parse_case_approval(text))
        PORTCULLIS_ASSERT(fuzz::must(encode_case_approval(*approval)) == text);
    if (const auto manifest = parse_manifest(text)) {
        PORTCULLIS_ASSERT(fuzz::must(encode_manifest(*manifest)) == text);
        for (const CasePart& part : manifest->parts)
            PORTCULLIS_ASSERT(part.name.find('/') == std::string::npos && part.name.front() != '.');
    }
    if (const auto hold = parse_hold(text)) PORTCULLIS_ASSERT(fuzz::must(encode_hold(*hold)) == text);
    if (const auto list = parse_hold_list(text)) {
        PORTCULLIS_ASSERT(fuzz::must(encode_hold_list(*list)) == text);
        for (const HeldRead& read : list->reads)
            PORTCULLIS_ASSERT(!read.parts.empty() && read.parts.size() <= max_held_parts);
    }
    if (const auto place = place_from_string(text)) PORTCULLIS_ASSERT(to_string(*place).size() >= 20);
    PORTCULLIS_ASSERT(trace.find(text).size() <= 1);
    return 0;
}
