#pragma once
// ReceiptDesk: signs what has been stored. Only a signed receipt frees a device's spool, so it is written
// after the commit, names the collector's own link, and is given again when the device shows (by sending
// again) that it missed one. Thread-bound; borrows the key.

#include <map>
#include <set>

#include "collector/ingest/rows.hpp"
#include "ports/broker.hpp"
#include "ports/signing_key.hpp"

namespace portcullis {

/// Receipts of one chain are this far apart; what happens in between goes into the next.
inline constexpr milliseconds min_receipt_interval{50};

class ReceiptDesk {
  public:
    explicit ReceiptDesk(const SigningKey& key) : key_(&key) {}

    void want(RowId chain) { wanted_.insert(chain); }
    /// Chains whose receipt is due now; they are not wanted any more.
    [[nodiscard]] std::vector<RowId> take_due(BootTime now);
    /// It was not given: it is due again at once.
    void put_back(RowId chain) {
        wanted_.insert(chain);
        given_.erase(chain);
    }
    [[nodiscard]] bool idle() const { return wanted_.empty(); }
    /// Errors: those of sign_statement.
    [[nodiscard]] Result<BrokerMessage> write(const ChainRow& chain, UtcTime now) const;

  private:
    const SigningKey* key_;
    std::set<RowId> wanted_;
    std::map<RowId, BootTime> given_;
};

}  // namespace portcullis
