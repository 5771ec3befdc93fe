#include "uplink/receipt_gate.hpp"

#include "record/statement_codec.hpp"
#include "seal/statement.hpp"

namespace portcullis {

Result<Receipt> ReceiptGate::open(ByteView blob, UtcTime now) const {
    auto text = verify_statement(blob, trust_, now);
    if (!text) return fail(ErrorCode::refused, "receipt: {}", text.error().message());
    if (text->trust != KeyTrust::trusted)
        return fail(ErrorCode::refused,
                    "receipt: its key {} is {}; renew the collector's receipt certificate, or set the clock",
                    text->signer_key_id, to_string(text->trust));
    auto receipt = parse_receipt(text->json);
    if (!receipt) return fail(ErrorCode::refused, "receipt: {}", receipt.error().message());
    if (receipt->device != device_)
        return fail(ErrorCode::refused, "receipt: it speaks of device '{}'", receipt->device);
    return std::move(*receipt);
}

}  // namespace portcullis
