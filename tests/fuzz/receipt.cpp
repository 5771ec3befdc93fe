// A receipt from the broker: the signed profile, its signature, and what the reader takes as released.

#include <algorithm>

#include "base/assert.hpp"
#include "fuzz/vector_keys.hpp"
#include "inbox/receipt_gate.hpp"
#include "record/statement_codec.hpp"
#include "seal/cms_codec.hpp"
#include "seal/signed_profile.hpp"
#include "seal/statement.hpp"

using namespace portcullis;

namespace {

/// Up to here the corpus's only receipt for gate-1 goes. Nobody can sign another.
constexpr Seq signed_upto = 128;

/// Our walk and OpenSSL's parser see the same text.
void check_shape(const SignedShape& shape, ByteView blob) {
    PORTCULLIS_ASSERT(shape.signer_key_id.size() == 40);
    const CmsPtr cms = fuzz::must(decode_cms(blob));
    ASN1_OCTET_STRING** const content = CMS_get0_content(cms.get());
    PORTCULLIS_ASSERT(content != nullptr && *content != nullptr);
    const ByteView theirs = fuzz::input_bytes(ASN1_STRING_get0_data(*content),
                                              static_cast<std::size_t>(ASN1_STRING_length(*content)));
    PORTCULLIS_ASSERT(std::ranges::equal(theirs, shape.content));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const ReceiptGate ours(fuzz::vector_trust(), "gate-1");
    static const ReceiptGate anothers(fuzz::vector_trust(), "gate-3");
    const ByteView blob = fuzz::input_bytes(data, size);
    const Result<SignedShape> shape = check_signed_profile(blob);
    if (shape) check_shape(*shape, blob);
    const Result<Receipt> receipt = ours.open(blob, fuzz::now);
    if (!receipt) return 0;
    PORTCULLIS_ASSERT(shape && fuzz::must(encode_receipt(*receipt)) == as_text(shape->content));
    PORTCULLIS_ASSERT(receipt->device == "gate-1" && receipt->upto == signed_upto);
    PORTCULLIS_ASSERT(!anothers.open(blob, fuzz::now));
    // Our clock may be years off: a receipt is judged by its own time as well.
    PORTCULLIS_ASSERT(ours.open(blob, fuzz::now - std::chrono::years(10)));
    return 0;
}
