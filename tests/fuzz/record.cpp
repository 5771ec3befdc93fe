// The canonical texts behind a signature: reads, health records, checkpoints, life statements, tombstones,
// receipts; and the reader's note, behind none.

#include "base/assert.hpp"
#include "fuzz/input.hpp"
#include "record/canonical.hpp"
#include "record/health_codec.hpp"
#include "record/payload.hpp"
#include "record/statement_codec.hpp"

using namespace portcullis;

namespace {

/// One value has one text: what parses is written again with the same bytes.
template <class T>
int check_spelling(std::string_view text, Result<T> (*parse)(std::string_view),
                   Result<std::string> (*encode)(const T&)) {
    const Result<T> value = parse(text);
    if (!value) return 0;
    PORTCULLIS_ASSERT(fuzz::must(encode(*value)) == text);
    return 1;
}

void check_payload(std::string_view text) {
    const Result<ReadPayload> payload = parse_payload(text);
    if (!payload) return;
    PORTCULLIS_ASSERT(text.size() >= min_payload_bytes && text.size() <= max_payload_bytes);
    PORTCULLIS_ASSERT(text.size() == min_payload_bytes || text.size() % payload_block_bytes == 0);
    PORTCULLIS_ASSERT(payload->read.characters.size() <= max_plate_characters &&
                      payload->media.size() <= max_media);
    PORTCULLIS_ASSERT(!payload->read.characters.empty() || payload->read.raw.empty());
}

void check_plain_text(std::string_view text) {
    for (const std::size_t limit : {std::size_t{1}, max_name_bytes, text.size()}) {
        const std::string plain = to_plain_text(text, limit);
        PORTCULLIS_ASSERT(is_plain_text(plain, limit));
        PORTCULLIS_ASSERT(!is_plain_text(text, limit) || plain == text);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = as_text(fuzz::input_bytes(data, size));
    const int kinds = check_spelling(text, &parse_payload, &encode_payload) +
                      check_spelling(text, &parse_checkpoint, &encode_checkpoint) +
                      check_spelling(text, &parse_tombstone, &encode_tombstone) +
                      check_spelling(text, &parse_life, &encode_life) +
                      check_spelling(text, &parse_receipt, &encode_receipt) +
                      check_spelling(text, &parse_health, &encode_health) +
                      check_spelling(text, &parse_note, &encode_note);
    PORTCULLIS_ASSERT(kinds <= 1);  // no signed text can be passed off as one of another kind
    check_payload(text);
    PORTCULLIS_ASSERT(!parse_health(text) || text.size() == health_payload_bytes);
    check_plain_text(text);
    return 0;
}
