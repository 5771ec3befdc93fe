#include "seal/gate.hpp"

#include <algorithm>
#include <utility>

#include "seal/der.hpp"

namespace portcullis {

namespace {

using namespace std::string_view_literals;

// The fixed parts of the one shape, as DER. README.md of this room spells them out.
constexpr auto auth_enveloped_data = "\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17"sv;
constexpr auto version_0 = "\x02\x01\x00"sv;
// KeyAgreeRecipientInfo: version 3, originatorKey { id-ecPublicKey } as an uncompressed point of 64 bytes
constexpr auto originator =
    "\x02\x01\x03\xa0\x51\xa1\x4f\x30\x09\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x03\x42\x00\x04"sv;
constexpr std::size_t point_bytes = 64;
// no ukm; dhSinglePass-stdDH-sha256kdf with aes256-wrap
constexpr auto key_agreement =
    "\x30\x15\x06\x06\x2b\x81\x04\x01\x0b\x01\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2d"sv;
// one encrypted key, named by a 20-byte subject key id, 40 bytes wrapped
constexpr auto key_identifier = "\x30\x44\x30\x42\xa0\x16\x04\x14"sv;
constexpr auto wrapped_key = "\x04\x28"sv;
constexpr std::size_t wrapped_key_bytes = 40;
// EncryptedContentInfo: data, aes256-GCM with a 12-byte nonce and a 16-byte tag
constexpr auto content_cipher =
    "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\x30\x1e\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2e\x30\x11\x04\x0c"sv;
constexpr std::size_t nonce_bytes = 12;
constexpr auto tag_length_16 = "\x02\x01\x10"sv;
constexpr auto tag = "\x04\x10"sv;
constexpr std::size_t tag_bytes = 16;

Failure refuse(std::string_view part) {
    return fail(ErrorCode::refused, "gate: the blob's {} is not of our shape", part);
}

Result<std::string> read_recipient(DerCursor& recipients) {
    std::optional<DerCursor> info = recipients.enter(0xa1);
    if (!info) return refuse("recipient type");
    if (!info->literal(originator) || !info->take(point_bytes)) return refuse("originator key");
    if (!info->literal(key_agreement)) return refuse("key agreement");
    if (!info->literal(key_identifier)) return refuse("recipient key id");
    const std::optional<ByteView> id = info->take(key_id_bytes);
    if (!id || !info->literal(wrapped_key) || !info->take(wrapped_key_bytes) || !info->empty())
        return refuse("wrapped key");
    return to_hex(*id);
}

/// DER orders a SET OF by its elements' bytes. Any other order would be a second encoding of the same blob.
Result<std::vector<std::string>> read_recipients(DerCursor recipients) {
    std::vector<std::string> ids;
    std::string_view last;
    while (!recipients.empty()) {
        if (ids.size() == max_recipients)
            return fail(ErrorCode::refused, "gate: the blob has more than {} recipients", max_recipients);
        const ByteView from_here = recipients.rest();
        std::string id = TRY(read_recipient(recipients));
        const std::string_view info = as_text(from_here.first(from_here.size() - recipients.rest().size()));
        if (info <= last) return refuse("order of recipients");
        last = info;
        if (std::ranges::find(ids, id) != ids.end()) return refuse("recipient list (one stands twice)");
        ids.push_back(std::move(id));
    }
    if (ids.empty()) return refuse("recipient list (empty)");
    return ids;
}

Result<std::size_t> read_content(DerCursor& envelope) {
    std::optional<DerCursor> info = envelope.enter(0x30);
    if (!info || !info->literal(content_cipher) || !info->take(nonce_bytes) || !info->literal(tag_length_16))
        return refuse("content cipher");
    std::optional<DerCursor> ciphertext = info->enter(0x80);
    if (!ciphertext || ciphertext->empty() || !info->empty()) return refuse("ciphertext");
    return ciphertext->rest().size();
}

}  // namespace

Result<GatedEnvelope> gate(ByteView blob) {
    if (blob.size() > max_blob_bytes)
        return fail(ErrorCode::exhausted, "gate: a blob of {} bytes is over the limit of {}", blob.size(),
                    max_blob_bytes);
    DerCursor whole(blob);
    std::optional<DerCursor> content_info = whole.enter(0x30);
    if (!content_info) return refuse("outer sequence");
    if (!whole.empty()) return refuse("end (bytes follow it)");
    if (!content_info->literal(auth_enveloped_data)) return refuse("content type");
    std::optional<DerCursor> wrapper = content_info->enter(0xa0);
    if (!wrapper || !content_info->empty()) return refuse("content wrapper");
    std::optional<DerCursor> envelope = wrapper->enter(0x30);
    if (!envelope || !wrapper->empty()) return refuse("envelope sequence");
    if (!envelope->literal(version_0)) return refuse("version");
    const std::optional<DerCursor> recipients = envelope->enter(0x31);
    if (!recipients) return refuse("recipient set");

    GatedEnvelope gated;
    gated.recipients = TRY(read_recipients(*recipients));
    gated.content_bytes = TRY(read_content(*envelope));
    if (!envelope->literal(tag) || !envelope->take(tag_bytes) || !envelope->empty())
        return refuse("tag (16 bytes, no attributes)");
    return gated;
}

}  // namespace portcullis
