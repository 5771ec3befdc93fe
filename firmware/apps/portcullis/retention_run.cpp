#include "apps/portcullis/retention_run.hpp"

#include <unistd.h>

#include <algorithm>
#include <map>

#include "base/file.hpp"
#include "base/log.hpp"
#include "collector/link/accounts.hpp"
#include "record/canonical.hpp"
#include "seal/recipient_set.hpp"

namespace portcullis {

namespace {

constexpr std::string_view no_role = "none";

std::optional<UtcTime> first_due(const KeptKey& key, const RetentionSchedule& schedule,
                                 std::string_view fleet) {
    std::optional<UtcTime> first;
    for (const Purpose purpose : key.purposes) {
        const RetentionRule* rule = schedule.find(fleet, purpose);
        if (rule == nullptr) continue;
        const UtcTime due = rule->due(key.epoch);
        first = std::min(first.value_or(due), due);
    }
    return first;
}

}  // namespace

TellDestroyed entering(AuditLog& log, UtcTime now, std::vector<Destruction>& told) {
    return [&log, now, &told](ByteView record, const Destruction& destruction) -> Result<void> {
        Access access;
        access.who = to_plain_text(user_name(::geteuid()), max_audit_word_bytes);
        access.uid = ::geteuid();
        access.role = no_role;
        access.what = destroys_keys;
        access.purpose = "retention";
        access.case_number = to_hex(sha256(record));
        access.device = to_string(destruction.epoch);
        access.seq = destruction.schedule ? destruction.schedule->version : 0;
        access.count = destruction.keys.size();
        if (!TRY(log.has(destroys_keys, access.case_number))) TRY(log.append(std::span(&access, 1), now));
        log_info("retention", "destroyed epoch={} keys={} left={}", access.device, access.count,
                 destruction.left);
        told.push_back(destruction);
        return {};
    };
}

std::vector<KeptKey> keys_by(const KeyStore& store, const RetentionSchedule& schedule,
                             std::string_view fleet) {
    std::vector<KeptKey> keys;
    for (const KeyStore::Entry& entry : store.entries()) {
        KeptKey key{entry.epoch, entry.key_id, {}, {}};
        const X509Ptr certificate = certificate_from_der(entry.certificate);
        if (certificate) key.purposes = purposes_of(certificate.get());
        // It may open anything: the shortest rule counts.
        if (key.purposes.empty()) key.purposes.assign(std::begin(all_purposes), std::end(all_purposes));
        key.due = first_due(key, schedule, fleet);
        keys.push_back(std::move(key));
    }
    return keys;
}

std::vector<Purpose> purposes_without_key(std::span<const KeptKey> keys, const RetentionSchedule& schedule,
                                          std::string_view fleet, UtcTime now) {
    std::vector<Purpose> without;
    for (const Purpose purpose : all_purposes) {
        const RetentionRule* rule = schedule.find(fleet, purpose);
        const auto serves = [&](const KeptKey& key) {
            return std::ranges::find(key.purposes, purpose) != key.purposes.end() &&
                   UtcTime(key.epoch) <= now && now < UtcTime(key.epoch + rule->epoch);
        };
        if (rule != nullptr && std::ranges::none_of(keys, serves)) without.push_back(purpose);
    }
    return without;
}

Result<KnownRetention> take_schedule(const std::filesystem::path& file, const RetentionGate& gate,
                                     AuditLog& log, UtcTime now) {
    const auto refused = [&file](const Error& why) {
        return fail(ErrorCode::configuration,
                    "retention.schedule: {}: {}; `portcullis policy retention sign` makes one", file.string(),
                    why.message());
    };
    const auto blob = read_file(file, max_retention_bytes);
    if (!blob) return refused(blob.error());
    const auto newest = TRY(log.newest_policy(adopts_retention));
    std::optional<SignedVersion> in_use;
    if (newest) in_use = {newest->version, newest->digest};
    auto known = gate.open(*blob, in_use);
    if (!known) return refused(known.error());
    if (in_use && in_use->digest == known->digest) return known;
    Access access;
    access.who = to_plain_text(known->signer.empty() ? "policy key" : known->signer, max_audit_word_bytes);
    access.uid = ::geteuid();
    access.role = "policy key";
    access.what = adopts_retention;
    access.purpose = "retention schedule";
    access.case_number = to_hex(known->digest);
    access.seq = known->schedule.version;
    TRY(log.append(std::span(&access, 1), now));
    return known;
}

Result<std::vector<Destruction>> destroy_due(const RetentionDesk& desk, const KnownRetention& known,
                                             std::string_view fleet, UtcTime now) {
    const RetentionSchedule& schedule = known.schedule;
    if (now < schedule.issued)
        return fail(ErrorCode::refused,
                    "retention: this host's clock says {}, the schedule was signed later; set the clock",
                    to_iso8601(now));
    std::vector<Destruction> done;
    const TellDestroyed tell = entering(desk.log, now, done);
    TRY(desk.store.end_destructions(desk.witness, now, tell));
    std::map<EpochStart, std::vector<std::string>> due;
    for (const KeptKey& key : keys_by(desk.store, schedule, fleet)) {
        if (!key.due)
            log_warning("retention", "no rule for the key {} epoch={}: it is kept", key.key_id,
                        to_string(key.epoch));
        else if (*key.due <= now)
            due[key.epoch].push_back(key.key_id);
    }
    for (const auto& [epoch, keys] : due) {
        DestroyOrder order{epoch, keys, SignedVersion{schedule.version, known.digest}};
        if (desk.holds) order.holds = desk.holds(keys);
        static_cast<void>(TRY(desk.store.destroy(order, desk.witness, now, desk.token, tell)));
    }
    return done;
}

}  // namespace portcullis
