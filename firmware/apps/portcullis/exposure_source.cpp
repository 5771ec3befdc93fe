#include "apps/portcullis/exposure_source.hpp"

#include <algorithm>

#include "apps/portcullis/record_signers.hpp"
#include "audit/audit_log.hpp"
#include "base/file.hpp"
#include "collector/opener/access_desk.hpp"
#include "seal/gate.hpp"
#include "seal/key_store.hpp"
#include "seal/signed_profile.hpp"

namespace portcullis {

namespace {

constexpr std::size_t page_items = 256;
constexpr std::size_t page_entries = 1000;
constexpr std::size_t most_chains = 1'000'000;

Result<void> add_recipients(Store& store, const ItemRow& item, std::set<std::string>& keys) {
    const Bytes blob = TRY(store.items.blob(item.id));
    // What is not of our one shape has no place; were one there, nobody could open it.
    if (const auto envelope = gate(blob))
        keys.insert(envelope->recipients.begin(), envelope->recipients.end());
    return {};
}

Result<void> walk(Store& store, const ChainRow& chain,
                  const std::function<void(const StoredPassage&)>& seen) {
    std::optional<StoredPassage> passage;
    const auto flush = [&] {
        if (passage) seen(*passage);
        passage.reset();
    };
    for (Seq next = 1;;) {
        const std::vector<ItemRow> items = TRY(store.items.from(chain.id, next, page_items));
        if (items.empty()) break;
        next = items.back().seq + 1;
        for (const ItemRow& item : items) {
            const bool picture = item.kind == ItemKind::plate || item.kind == ItemKind::overview;
            if (!picture) flush();
            if (item.kind == ItemKind::read) {
                passage = StoredPassage{chain.device, chain.chain, item.seq, item.received_at, 0, {}, {}};
                TRY(add_recipients(store, item, passage->read_keys));
            } else if (picture && passage) {
                ++passage->pictures;
                TRY(add_recipients(store, item, passage->picture_keys));
            }
        }
    }
    flush();
    return {};
}

/// Only what a known recorder signed counts: a file that anybody can put there takes no passage out of a
/// report.
Result<void> add_destructions(const std::filesystem::path& store, const RecordSigners& signers,
                              KeyFacts& facts) {
    for (const std::filesystem::path& file : records_of(store)) {
        const Bytes blob = TRY(read_file(file, max_signed_bytes));
        const auto record = signers.read(blob);
        if (!record) {
            facts.disbelieved.push_back(
                fmt::format("{}: {}", file.filename().string(), record.error().message()));
            continue;
        }
        for (const std::string& key : record->keys) {
            std::optional<UtcTime>& destroyed = facts.keys[key].destroyed;
            destroyed = std::max(destroyed, std::optional(record->time));
        }
    }
    return {};
}

}  // namespace

Result<void> for_each_passage(Store& store, const std::function<void(const StoredPassage&)>& seen) {
    for (const ChainRow& chain : TRY(store.chains.all(most_chains)))
        TRY(walk(store, chain, seen));
    return {};
}

Result<KeyFacts> key_facts(const OpenerSettings& settings, std::vector<std::filesystem::path> recorders) {
    KeyFacts facts;
    for (const OpenerSettings::Recipient& recipient : settings.recipients) {
        const X509Ptr certificate = TRY(load_certificate(recipient.certificate));
        facts.keys[key_id(certificate.get())] = {};
    }
    if (settings.key_store.file.empty()) return facts;
    if (!settings.retention.certificate.empty()) recorders.push_back(settings.retention.certificate);
    const RecordSigners signers = TRY(RecordSigners::create(recorders));
    TRY(add_destructions(settings.key_store.file, signers, facts));
    const KeyStore store = TRY(KeyStore::view({settings.key_store.file, settings.key_store.kek}));
    // A key that the store still holds is not destroyed, whoever says so.
    for (const KeyStore::Entry& entry : store.entries())
        facts.keys[entry.key_id] = {entry.in_token, {}};
    return facts;
}

Result<void> add_looks(const std::filesystem::path& path, const Breach& breach, ExposureFacts& facts) {
    AuditLog log = TRY(AuditLog::read_only(path));
    for (std::uint64_t after = 0;;) {
        const std::vector<AuditRow> rows = TRY(log.rows(after, page_entries));
        if (rows.empty()) return {};
        after = rows.back().number;
        for (const AuditRow& row : rows) {
            const auto entry = parse_audit_entry(row.text);
            if (!entry)
                return fail(ErrorCode::corrupt,
                            "{}: entry {} cannot be read; `portcullis audit verify` says what was done",
                            path.string(), row.number);
            const Access& access = entry->access;
            if (access.who != breach.subject || access.verdict != AccessVerdict::granted || !access.opens() ||
                entry->time < breach.since || entry->time > breach.until || access.device.empty())
                continue;
            auto& into = access.what == exports_read ? facts.taken_out : facts.shown;
            into.emplace(access.device, access.chain.bytes, access.seq);
        }
    }
}

Result<void> add_rights(const OpenerSettings& settings, const Breach& breach, ExposureFacts& facts) {
    const OpenerSettings::AccessSection& access = settings.access;
    const KnownAccessPolicy known =
        TRY(load_access_policy({access.policy, {access.policy_chain, access.policy_signers, access.fleet}}));
    facts.devices.emplace();
    if (const AccessPerson* person = known.policy.find(breach.subject))
        for (const std::string& device : known.policy.devices_of(*person))
            facts.devices->insert(device);
    return {};
}

}  // namespace portcullis
