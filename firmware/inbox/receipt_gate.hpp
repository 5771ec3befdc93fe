#pragma once
// ReceiptGate: turns bytes from the broker or from the inbox into a receipt that the collector signed for
// this device, or refuses. Thread-safe but for refresh_trust().

#include <string>

#include "core/statement.hpp"
#include "seal/trust.hpp"

namespace portcullis {

/// Under which the receipts for a chain stand in the inbox; the newest replaces the one before.
[[nodiscard]] std::string receipt_name(const ChainId& chain);

class ReceiptGate {
  public:
    /// trust: who may sign receipts (CertificateUse::sign_receipts).
    ReceiptGate(TrustStore trust, std::string device)
        : trust_(std::move(trust)), device_(std::move(device)) {}

    /// Chain and link are still to be compared with our own: the spool does. Errors: refused: not our
    /// profile, signature does not hold, a stranger's or revoked key, one that had expired both by our clock
    /// and when it signed, no receipt, another device's.
    [[nodiscard]] Result<Receipt> open(ByteView blob, UtcTime now) const;

    /// Honours a replaced deny list or revocation list (TrustStore::refresh).
    [[nodiscard]] Result<bool> refresh_trust() { return trust_.refresh(); }

  private:
    TrustStore trust_;
    std::string device_;
};

}  // namespace portcullis
