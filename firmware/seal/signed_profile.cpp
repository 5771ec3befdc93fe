#include "seal/signed_profile.hpp"

#include "seal/der.hpp"
#include "seal/gate.hpp"

namespace portcullis {

namespace {

using namespace std::string_view_literals;

constexpr auto signed_data = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"sv;
constexpr auto version_3 = "\x02\x01\x03"sv;
constexpr auto sha256_set = "\x31\x0d\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01"sv;
constexpr auto sha256_algorithm = "\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01"sv;
constexpr auto content_type_data = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"sv;
constexpr auto key_identifier = "\x80\x14"sv;
// The three signed attributes, in the order that DER gives them.
constexpr auto attribute_content_type =
    "\x30\x18\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03\x31\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"sv;
constexpr auto attribute_signing_time_until_2049 =
    "\x30\x1c\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05\x31\x0f\x17\x0d"sv;
constexpr auto attribute_signing_time_from_2050 =
    "\x30\x1e\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05\x31\x11\x18\x0f"sv;
constexpr auto attribute_message_digest =
    "\x30\x2f\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04\x31\x22\x04\x20"sv;
constexpr std::size_t digest_bytes = 32;
constexpr auto ecdsa_with_sha256 = "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"sv;
constexpr std::size_t max_scalar_bytes = 33;  // of P-256, with a leading zero
constexpr auto payload_opening = "{\"v\":"sv;

Failure refuse(std::string_view part) {
    return fail(ErrorCode::refused, "signed profile: the {} is not of our shape", part);
}

bool is_attributes(DerCursor attributes) {
    if (!attributes.literal(attribute_content_type)) return false;
    const bool has_time = (attributes.literal(attribute_signing_time_until_2049) && attributes.take(13)) ||
                          (attributes.literal(attribute_signing_time_from_2050) && attributes.take(15));
    return has_time && attributes.literal(attribute_message_digest) && attributes.take(digest_bytes) &&
           attributes.empty();
}

bool is_scalar(DerCursor& signature) {
    const std::optional<DerCursor> scalar = signature.enter(0x02);
    return scalar && !scalar->empty() && scalar->rest().size() <= max_scalar_bytes;
}

bool is_signature(DerCursor octets) {
    std::optional<DerCursor> pair = octets.enter(0x30);
    return pair && octets.empty() && is_scalar(*pair) && is_scalar(*pair) && pair->empty();
}

Result<std::string> read_signer(DerCursor signer_infos) {
    std::optional<DerCursor> info = signer_infos.enter(0x30);
    if (!info || !signer_infos.empty()) return refuse("signer count (exactly one)");
    if (!info->literal(version_3) || !info->literal(key_identifier))
        return refuse("signer's name (a key id)");
    const std::optional<ByteView> id = info->take(key_id_bytes);
    if (!id || !info->literal(sha256_algorithm)) return refuse("signer's digest algorithm");
    const std::optional<DerCursor> attributes = info->enter(0xa0);
    if (!attributes || !is_attributes(*attributes)) return refuse("set of signed attributes");
    if (!info->literal(ecdsa_with_sha256)) return refuse("signature algorithm");
    const std::optional<DerCursor> signature = info->enter(0x04);
    if (!signature || !is_signature(*signature)) return refuse("signature");
    if (!info->empty()) return refuse("end of the signer (unsigned attributes)");
    return to_hex(*id);
}

Result<ByteView> read_content(DerCursor& data) {
    std::optional<DerCursor> info = data.enter(0x30);
    if (!info || !info->literal(content_type_data)) return refuse("content type");
    std::optional<DerCursor> wrapper = info->enter(0xa0);
    if (!wrapper || !info->empty()) return refuse("content wrapper");
    const std::optional<DerCursor> content = wrapper->enter(0x04);
    if (!content || !wrapper->empty()) return refuse("content");
    // The DER of signed attributes begins with 0x31: never to be taken for a text of ours.
    if (!as_text(content->rest()).starts_with(payload_opening)) return refuse("beginning of the text");
    return content->rest();
}

}  // namespace

Result<SignedShape> check_signed_profile(ByteView blob, std::size_t limit_bytes) {
    if (blob.size() > limit_bytes)
        return fail(ErrorCode::exhausted, "signed profile: {} bytes are over the limit of {}", blob.size(),
                    limit_bytes);
    DerCursor whole(blob);
    std::optional<DerCursor> content_info = whole.enter(0x30);
    if (!content_info) return refuse("outer sequence");
    if (!whole.empty()) return refuse("end (bytes follow it)");
    if (!content_info->literal(signed_data)) return refuse("type");
    std::optional<DerCursor> wrapper = content_info->enter(0xa0);
    if (!wrapper || !content_info->empty()) return refuse("outer wrapper");
    std::optional<DerCursor> data = wrapper->enter(0x30);
    if (!data || !wrapper->empty() || !data->literal(version_3)) return refuse("version");
    if (!data->literal(sha256_set)) return refuse("set of digest algorithms");

    SignedShape shape;
    shape.content = TRY(read_content(*data));
    // Certificates [0] or CRLs [1] would stand here: then the next element is not the set of signers.
    const std::optional<DerCursor> signers = data->enter(0x31);
    if (!signers) return refuse("list (certificates or CRLs inside)");
    if (!data->empty()) return refuse("end of the signed data");
    shape.signer_key_id = TRY(read_signer(*signers));
    return shape;
}

}  // namespace portcullis
