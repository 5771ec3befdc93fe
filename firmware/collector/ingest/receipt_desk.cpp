#include "collector/ingest/receipt_desk.hpp"

#include "record/statement_codec.hpp"
#include "seal/statement.hpp"

namespace portcullis {

std::vector<RowId> ReceiptDesk::take_due(BootTime now) {
    std::vector<RowId> due;
    for (const RowId chain : wanted_) {
        const auto given = given_.find(chain);
        if (given == given_.end() || now - given->second >= min_receipt_interval) due.push_back(chain);
    }
    std::erase_if(given_, [now](const auto& entry) { return now - entry.second >= min_receipt_interval; });
    for (const RowId chain : due) {
        wanted_.erase(chain);
        given_[chain] = now;
    }
    return due;
}

Result<BrokerMessage> ReceiptDesk::write(const ChainRow& chain, UtcTime now) const {
    const Receipt receipt{chain.device, chain.chain, chain.settled(), chain.settled_link(), now};
    const std::string json = TRY(encode_receipt(receipt));
    BrokerMessage message;
    message.topic = fmt::format("lpr/v1/dev/{}/ack", chain.device);
    message.payload = TRY(with_context(sign_statement(*key_, json), "receipt"));
    message.content_type = "application/cms";
    message.properties = {
        {"v", "1"}, {"chain", to_string(chain.chain)}, {"seq", std::to_string(receipt.upto)}};
    return message;
}

}  // namespace portcullis
