#include "apps/portcullis/exposure_source.hpp"

#include <algorithm>
#include <utility>

#include "apps/portcullis/record_signers.hpp"
#include "audit/audit_log.hpp"
#include "base/file.hpp"
#include "casefile/held_reads.hpp"
#include "collector/opener/access_desk.hpp"
#include "seal/key_store.hpp"
#include "seal/signed_profile.hpp"

namespace portcullis {

namespace {

constexpr std::size_t page_items = 4096;
constexpr std::size_t page_entries = 1000;
constexpr std::size_t most_chains = 1'000'000;

using Keys = std::set<std::string>;

Keys keys_of(const std::string& audience) {
    Keys keys;
    for (std::size_t at = 0; at < audience.size(); at += key_id_letters + 1)
        keys.insert(audience.substr(at, key_id_letters));
    return keys;
}

/// Puts passages together from their items, which come in the order of their seqs.
class Walk {
  public:
    using Seen = std::function<void(const StoredPassage&)>;

    static Result<Walk> create(Store& store, const Seen& seen) {
        Walk walk(store, seen);
        for (const auto& [id, audience] : TRY(store.items.audiences()))
            walk.keys_.emplace(id, keys_of(audience));
        return walk;
    }

    Result<void> go(const ChainRow& chain) {
        passage_ = StoredPassage{chain.device, chain.chain, 0, {}, 0, {}, {}};
        read_by_ = pictures_by_ = nullptr;
        for (Seq next = 1;;) {
            const std::vector<SealedRow> items = TRY(store_->items.sealed(chain.id, next, page_items));
            if (items.empty()) break;
            next = items.back().seq + 1;
            for (const SealedRow& item : items)
                TRY(take(item));
        }
        flush();
        return {};
    }

  private:
    Walk(Store& store, const Seen& seen) : store_(&store), seen_(&seen) {}

    Result<void> take(const SealedRow& item) {
        const bool picture = item.kind == ItemKind::plate || item.kind == ItemKind::overview;
        if (!picture) flush();
        if (item.kind == ItemKind::read) {
            const Keys* keys = TRY(audience(item));
            if (std::exchange(read_by_, keys) != keys) passage_.read_keys = *keys;
            passage_.seq = item.seq;
            passage_.received = item.received_at;
            open_ = true;
        } else if (picture && open_) {
            const Keys* keys = TRY(audience(item));
            // Mostly both pictures, and those of the passage before, are sealed to the same.
            if (passage_.pictures == 0 && pictures_by_ != keys) passage_.picture_keys = *keys;
            if (passage_.pictures == 0) pictures_by_ = keys;
            if (pictures_by_ != keys) {
                passage_.picture_keys.insert(keys->begin(), keys->end());
                pictures_by_ = nullptr;
            }
            ++passage_.pictures;
        }
        return {};
    }

    void flush() {
        if (!open_) return;
        if (passage_.pictures == 0) {
            passage_.picture_keys.clear();
            pictures_by_ = nullptr;
        }
        (*seen_)(passage_);
        passage_.pictures = 0;
        open_ = false;
    }

    /// Never null; it stays where it is.
    Result<const Keys*> audience(const SealedRow& item) {
        if (item.audience)
            if (const auto known = keys_.find(*item.audience); known != keys_.end()) return &known->second;
        // What is not of our one shape has no place; were one there, nobody could open it.
        const std::string said = audience_of(TRY(store_->items.blob(item.id)));
        return &by_name_.try_emplace(said, keys_of(said)).first->second;
    }

    Store* store_;
    const Seen* seen_;
    std::map<RowId, Keys> keys_;
    std::map<std::string, Keys> by_name_;
    StoredPassage passage_;
    bool open_ = false;              // passage_ is one, and may get more pictures
    const Keys* read_by_ = nullptr;  // what passage_.read_keys is a copy of; null: of nothing
    const Keys* pictures_by_ = nullptr;
};

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
    Walk walk = TRY(Walk::create(store, seen));
    for (const ChainRow& chain : TRY(store.chains.all(most_chains)))
        TRY(walk.go(chain));
    return {};
}

Result<KeyFacts> key_facts(const OpenerSettings& settings, std::vector<std::filesystem::path> recorders) {
    KeyFacts facts;
    for (const OpenerSettings::Recipient& recipient : settings.recipients) {
        const X509Ptr certificate = TRY(load_certificate(recipient.certificate));
        facts.keys[key_id(certificate.get())] = {};
    }
    if (!settings.retention.certificate.empty()) recorders.push_back(settings.retention.certificate);
    const RecordSigners signers = TRY(RecordSigners::create(recorders));
    for (const KeyStoreFiles& files : {KeyStoreFiles{settings.key_store.file, settings.key_store.kek},
                                       KeyStoreFiles{settings.holds.store, settings.holds.kek}}) {
        if (files.store.empty()) continue;
        TRY(add_destructions(files.store, signers, facts));
        const KeyStore store = TRY(KeyStore::view(files));
        // A key that the store still holds is not destroyed, whoever says so.
        for (const KeyStore::Entry& entry : store.entries())
            facts.keys[entry.key_id] = {entry.in_token, {}};
    }
    return facts;
}

Result<HeldKeys> held_keys(const OpenerSettings& settings) {
    HeldKeys held;
    if (settings.holds.folder.empty()) return held;
    const X509Ptr recorder = TRY(load_certificate(settings.retention.certificate));
    std::vector<HoldRecord> holds = TRY(load_holds(settings.holds.folder, recorder.get()));
    // A copy from before its release may have one that is released.
    std::ranges::move(TRY(load_released(settings.holds.folder, recorder.get())), std::back_inserter(holds));
    for (const HoldRecord& hold : holds)
        for (const HeldRead& read : TRY(load_hold_list(settings.holds.folder, hold)).reads) {
            const PassageName name{read.place.device, read.place.chain.bytes, read.place.seq};
            held.reads[name].insert(hold.key);
            if (read.parts.size() > 1) held.pictures[name].insert(hold.key);
        }
    return held;
}

void HeldKeys::add_to(StoredPassage& passage) const {
    const PassageName name{passage.device, passage.chain.bytes, passage.seq};
    if (const auto kept = reads.find(name); kept != reads.end())
        passage.read_keys.insert(kept->second.begin(), kept->second.end());
    if (const auto kept = pictures.find(name); kept != pictures.end())
        passage.picture_keys.insert(kept->second.begin(), kept->second.end());
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
            const bool his = access.who == breach.subject || access.via == breach.subject;
            if (!his || access.verdict != AccessVerdict::granted || !access.opens() ||
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
    // A gateway has no sites: the people's are its bounds, and what it was given stands in the log.
    if (known.policy.is_gateway(breach.subject)) return {};
    facts.devices.emplace();
    if (const AccessPerson* person = known.policy.find(breach.subject))
        for (const std::string& device : known.policy.devices_of(*person))
            facts.devices->insert(device);
    return {};
}

}  // namespace portcullis
