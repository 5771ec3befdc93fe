#include "apps/portcullis/hold_host.hpp"

#include <unistd.h>

#include <algorithm>

#include "apps/portcullis/retention_run.hpp"
#include "base/durable.hpp"
#include "base/log.hpp"
#include "collector/link/accounts.hpp"
#include "record/canonical.hpp"

namespace portcullis {

namespace {

namespace fs = std::filesystem;

Result<void> enter_release(AuditLog& log, const HoldRecord& hold, UtcTime now) {
    Access access;
    access.who = to_plain_text(user_name(::geteuid()), max_audit_word_bytes);
    access.uid = ::geteuid();
    access.role = "none";
    access.what = releases_hold;
    access.purpose = hold.purpose;
    access.case_number = to_string(hold.id);
    access.chain = hold.id;
    access.count = hold.reads;
    if (TRY(log.has(releases_hold, access.case_number))) return {};
    return log.append(std::span(&access, 1), now);
}

}  // namespace

std::vector<ChainId> holds_for_record(const OpenerSettings& settings, const std::vector<std::string>& keys) {
    if (settings.holds.folder.empty()) return {};
    const auto found = [&]() -> Result<std::vector<ChainId>> {
        const X509Ptr recorder = TRY(load_certificate(settings.retention.certificate));
        return holds_that_keep(settings.holds.folder, recorder.get(), keys);
    }();
    if (found) return *found;
    log_error("hold", "{}; the record of destroyed keys names no hold", found.error().message());
    return {};
}

Result<HoldHost> HoldHost::create(const OpenerSettings& settings) {
    const OpenerSettings::HoldsSection& holds = settings.holds;
    if (holds.folder.empty())
        return fail(ErrorCode::configuration,
                    "[holds] of the opener's settings names no folder: nothing is held");
    X509Ptr recorder = TRY(load_certificate(settings.retention.certificate));
    KeyStore store = TRY(with_context(KeyStore::open({holds.store, holds.kek}), "[holds]"));
    HoldHost host(settings, std::move(store), std::move(recorder));
    if (!holds.token.empty())
        host.token_ = std::make_unique<RecipientToken>(
            TRY(with_context(RecipientToken::create(holds.token), "[holds]")));
    return host;
}

TokenKeys HoldHost::token_keys() {
    return token_ ? token_->keys() : TokenKeys();
}

std::vector<std::string> HoldHost::keys() const {
    std::vector<std::string> ids;
    for (const KeyStore::Entry& entry : store_.entries())
        ids.push_back(entry.key_id);
    return ids;
}

Result<std::vector<HoldRecord>> HoldHost::holds() const {
    return load_holds(settings_->holds.folder, recorder_.get());
}

Result<std::optional<RecipientKey>> HoldHost::key(const std::string& id) {
    std::vector<RecipientKey> all = TRY(store_.unwrap(token_keys()));
    for (RecipientKey& one : all)
        if (key_id(one.certificate.get()) == id) return std::optional(std::move(one));
    return std::optional<RecipientKey>();
}

Result<HeldReads> HoldHost::reads_of_case(const std::string& case_number, const std::string& purpose,
                                          UtcTime now) {
    return HeldReads::of_case(
        settings_->holds.folder, recorder_.get(), case_number, purpose,
        [this](const std::string& id) { return key(id); }, now);
}

Result<void> HoldHost::release(const HoldRecord& hold, AuditLog& log, const SigningKey& recorder,
                               UtcTime now) {
    std::vector<Destruction> told;
    const TellDestroyed tell = entering(log, now, told);
    TRY(store_.end_destructions(recorder, now, tell));
    const auto& entries = store_.entries();
    const auto entry = std::ranges::find(entries, hold.key, &KeyStore::Entry::key_id);
    if (entry != entries.end()) {
        const DestroyOrder order{entry->epoch, {hold.key}};
        TRY(store_.destroy(order, recorder, now, token_keys(), tell));
    }
    TRY(enter_release(log, hold, now));
    return put_away(hold);
}

Result<void> HoldHost::put_away(const HoldRecord& hold) const {
    const fs::path folder = hold_folder(settings_->holds.folder, hold.id);
    std::error_code problem;
    std::vector<fs::path> parts;
    fs::directory_iterator next(folder, problem);
    for (; !problem && next != fs::directory_iterator(); next.increment(problem)) {
        const std::string name = next->path().filename().string();
        if (name != hold_record_name && name != hold_list_name) parts.push_back(next->path());
    }
    for (const fs::path& part : parts)
        if (!problem) fs::remove(part, problem);
    if (problem) return fail(ErrorCode::io, "{}: {}", folder.string(), problem.message());
    return rename_durably(folder, folder.string() + released_ending);
}

Result<std::size_t> HoldHost::release_due(AuditLog& log, const SigningKey& recorder, UtcTime now) {
    std::size_t released = 0;
    for (const HoldRecord& hold : TRY(holds())) {
        if (now < end_of(hold.until)) continue;
        TRY(with_context(release(hold, log, recorder, now), to_string(hold.id)));
        ++released;
    }
    return released;
}

}  // namespace portcullis
