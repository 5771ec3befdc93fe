// The audit log's texts: an entry, a witness's statement, a request to the witness, his answer. Somebody may
// have written into the log's file; a request and an answer come from another host.

#include "audit/witness_request.hpp"
#include "base/assert.hpp"
#include "fuzz/input.hpp"

using namespace portcullis;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = as_text(fuzz::input_bytes(data, size));
    if (const auto entry = parse_audit_entry(text)) {
        PORTCULLIS_ASSERT(fuzz::must(encode_audit_entry(*entry)) == text);
        const bool granted = entry->access.verdict == AccessVerdict::granted;
        PORTCULLIS_ASSERT(!granted || (!entry->access.purpose.empty() && !entry->access.case_number.empty()));
    }
    if (const auto statement = parse_witness(text))
        PORTCULLIS_ASSERT(fuzz::must(encode_witness(*statement)) == text);
    if (const auto request = parse_request(text)) {
        PORTCULLIS_ASSERT(request->entries() >= request->covered);
        PORTCULLIS_ASSERT(fuzz::must(parse_request(encode_request(*request))).texts == request->texts);
    }
    if (const auto answer = statements_from_pem(text))
        PORTCULLIS_ASSERT(fuzz::must(statements_from_pem(fuzz::must(statements_to_pem(*answer)))) == *answer);
    return 0;
}
