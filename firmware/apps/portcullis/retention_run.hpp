#pragma once
// Destroys the epoch keys that a retention schedule says are due. Each step is durable before the next, and a
// run that was cut off is ended by the next one. Thread-bound.

#include <span>
#include <vector>

#include "audit/audit_log.hpp"
#include "seal/key_store.hpp"
#include "seal/retention.hpp"

namespace portcullis {

/// One key of the store, and what the schedule says of it.
struct KeptKey {
    EpochStart epoch{};
    std::string key_id;
    std::vector<Purpose> purposes;  // of its certificate; all when it says nothing of it
    /// By the first of its purposes that is over; nothing when the schedule has a rule for none of them.
    std::optional<UtcTime> due;
};
/// In the store's order.
[[nodiscard]] std::vector<KeptKey> keys_by(const KeyStore& store, const RetentionSchedule& schedule,
                                           std::string_view fleet);

/// Purposes with a rule for which the store holds no key of an epoch that `now` lies in.
[[nodiscard]] std::vector<Purpose> purposes_without_key(std::span<const KeptKey> keys,
                                                        const RetentionSchedule& schedule,
                                                        std::string_view fleet, UtcTime now);

/// Enters each record of destroyed keys once, and gives it in `told`. All borrowed.
[[nodiscard]] TellDestroyed entering(AuditLog& log, UtcTime now, std::vector<Destruction>& told);

struct RetentionDesk {
    KeyStore& store;
    const TokenKeys& token;
    AuditLog& log;
    const SigningKey& witness;  // signs the records
    /// The legal holds that keep something that was sealed to these keys, ascending; the record names them.
    std::function<std::vector<ChainId>(const std::vector<std::string>& keys)> holds = {};
};

/// The schedule in the file, if it is not older than the newest that the log names: an entry says so of each
/// one that is new. Errors: configuration (names the file and the cure), AuditLog::append's.
[[nodiscard]] Result<KnownRetention> take_schedule(const std::filesystem::path& file,
                                                   const RetentionGate& gate, AuditLog& log, UtcTime now);

/// What is due at `now` is destroyed when it returns, with its records, and an entry of each in the log.
/// Gives what was destroyed. With an error the rest waits for the next run. Errors: refused (`now` lies
/// before the schedule: the clock is wrong), KeyStore::destroy's, AuditLog::append's.
[[nodiscard]] Result<std::vector<Destruction>> destroy_due(const RetentionDesk& desk,
                                                           const KnownRetention& known,
                                                           std::string_view fleet, UtcTime now);

}  // namespace portcullis
