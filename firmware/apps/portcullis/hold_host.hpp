#pragma once
// The legal holds of the opener's host: the folder, the key store of their keys, and their end. Thread-bound.

#include <memory>

#include "apps/common/recipient_token.hpp"
#include "audit/audit_log.hpp"
#include "casefile/held_reads.hpp"
#include "config/opener_settings.hpp"

namespace portcullis {

/// The holds that keep something that was sealed to one of these keys (their ids), for the record of their
/// destruction. What cannot be read of them is told in the log: it stops no destruction.
[[nodiscard]] std::vector<ChainId> holds_for_record(const OpenerSettings& settings,
                                                    const std::vector<std::string>& keys);

class HoldHost {
  public:
    /// settings: outlives this. Errors: configuration ([holds] names no folder; the key store's, the
    /// token's).
    [[nodiscard]] static Result<HoldHost> create(const OpenerSettings& settings);

    /// Ids of the keys that are there.
    [[nodiscard]] std::vector<std::string> keys() const;
    [[nodiscard]] Result<std::vector<HoldRecord>> holds() const;
    /// What holds keep for this case. Errors: as HeldReads::of_case.
    [[nodiscard]] Result<HeldReads> reads_of_case(const std::string& case_number, const std::string& purpose,
                                                  UtcTime now);
    /// Destroys the hold's key, with a signed record and its entry; enters that it is released; removes what
    /// it kept. What was cut off is ended by the next call. Errors: not_found (no such hold), the key
    /// store's, the log's.
    [[nodiscard]] Result<void> release(const HoldRecord& hold, AuditLog& log, const SigningKey& recorder,
                                       UtcTime now);
    /// All whose last day is over; gives how many.
    [[nodiscard]] Result<std::size_t> release_due(AuditLog& log, const SigningKey& recorder, UtcTime now);

  private:
    HoldHost(const OpenerSettings& settings, KeyStore store, X509Ptr recorder)
        : settings_(&settings), store_(std::move(store)), recorder_(std::move(recorder)) {}
    [[nodiscard]] TokenKeys token_keys();
    [[nodiscard]] Result<std::optional<RecipientKey>> key(const std::string& id);
    [[nodiscard]] Result<void> put_away(const HoldRecord& hold) const;

    const OpenerSettings* settings_;
    KeyStore store_;
    X509Ptr recorder_;  // certificate of who signs records
    std::unique_ptr<RecipientToken> token_;
};

}  // namespace portcullis
