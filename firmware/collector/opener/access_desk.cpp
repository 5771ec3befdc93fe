#include "collector/opener/access_desk.hpp"

#include <utility>

#include "base/log.hpp"
#include "collector/opener/accounts.hpp"
#include "record/canonical.hpp"

namespace portcullis {

namespace {

bool says_something(const std::string& text) {
    return is_plain_text(text, max_audit_word_bytes) && text.find_first_not_of(' ') != text.npos;
}

}  // namespace

Result<Access> AccessDesk::admit(const Peer& peer, const Subscription& subscription) {
    Access access;
    access.who = to_plain_text(user_name(peer.uid), max_audit_word_bytes);
    access.uid = peer.uid;
    access.role = "operator";
    access.what = "view";
    access.purpose = to_plain_text(subscription.purpose, max_audit_word_bytes);
    access.case_number = to_plain_text(subscription.case_number, max_audit_word_bytes);
    if (says_something(subscription.purpose) && says_something(subscription.case_number)) return access;
    note_refusal(std::move(access));
    return fail(ErrorCode::refused,
                "nothing is shown without a purpose and a case number (plain text, at most {} bytes each)",
                max_audit_word_bytes);
}

Result<void> AccessDesk::enter(std::span<const Access> accesses) {
    return log_.append(accesses, clock_.utc());
}

void AccessDesk::note_refusal(Access access) {
    const auto uid = static_cast<uid_t>(access.uid);
    if (!refusals_.contains(uid) && refusals_.size() >= max_refused_accounts) refusals_.clear();
    const auto [place, fresh] = refusals_.try_emplace(uid);
    Refusals& refusals = place->second;
    ++refusals.waiting;
    const BootTime now = clock_.since_boot();
    if (!fresh && now - refusals.last < refusal_spacing) return;
    access.verdict = AccessVerdict::refused;
    access.count = refusals.waiting;
    const Result<void> entered = enter(std::span(&access, 1));
    if (!entered) return log_error("opener", "a refusal was not entered: {}", entered.error().message());
    refusals = {now, 0};
}

}  // namespace portcullis
