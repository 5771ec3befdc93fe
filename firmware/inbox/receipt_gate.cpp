#include "inbox/receipt_gate.hpp"

#include "record/statement_codec.hpp"
#include "seal/statement.hpp"

namespace portcullis {

std::string receipt_name(const ChainId& chain) {
    return "receipt-" + to_string(chain);
}

Result<Receipt> ReceiptGate::open(ByteView blob, UtcTime now) const {
    auto text = verify_statement(blob, trust_, now);
    if (!text) return fail(ErrorCode::refused, "receipt: {}", text.error().message());
    auto receipt = parse_receipt(text->json);
    if (!receipt) return fail(ErrorCode::refused, "receipt: {}", receipt.error().message());
    // Our clock may be years off. A receipt names chain and link, so its age is no danger: a key that was
    // good when it signed is good enough.
    const bool by_date = text->trust == KeyTrust::expired || text->trust == KeyTrust::lapsed;
    const KeyTrust trust = by_date ? trust_.check(text->signer_key_id, receipt->time) : text->trust;
    if (trust != KeyTrust::trusted)
        return fail(ErrorCode::refused,
                    "receipt: its key {} is {}; renew the collector's receipt certificate",
                    text->signer_key_id, to_string(trust));
    if (receipt->device != device_)
        return fail(ErrorCode::refused, "receipt: it speaks of device '{}'", receipt->device);
    return std::move(*receipt);
}

}  // namespace portcullis
