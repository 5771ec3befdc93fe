#include "collector/opener/access_desk.hpp"

#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "collector/link/accounts.hpp"
#include "record/canonical.hpp"
#include "record/recipient_set_codec.hpp"

namespace portcullis {

namespace {

constexpr std::string_view no_role = "none";

bool says_something(const std::string& text) {
    return is_plain_text(text, max_audit_word_bytes) && text.find_first_not_of(' ') != text.npos;
}

Failure refused(std::string words) {
    return fail(Error(ErrorCode::refused, std::move(words)));
}

Result<AccessPolicyGate> gate_of(const AccessFiles& files) {
    return with_context(AccessPolicyGate::create(files.rules), "[access]");
}

/// An entry about a policy: by what it is known, and who vouches for it.
Access about_policy(ByteView blob) {
    Access access;
    access.uid = ::geteuid();
    access.what = adopts_policy;
    access.purpose = "access policy";
    access.case_number = to_hex(sha256(blob));
    return access;
}

/// Takes the file's policy into force: an entry says so, unless the log's newest is the very same.
Result<KnownAccessPolicy> take_policy(AuditLog& log, const AccessFiles& files, const Clock& clock) {
    const AccessPolicyGate gate = TRY(gate_of(files));
    const Bytes blob = TRY(read_access_policy(files));
    const std::optional<AdoptedPolicy> newest = TRY(log.newest_policy());
    std::optional<PolicyInUse> in_use;
    if (newest) in_use = {newest->version, newest->digest};
    auto known = open_access_policy(files, gate, blob, in_use);
    Access access = about_policy(blob);
    if (!known) {
        access.who = to_plain_text(user_name(::geteuid()), max_audit_word_bytes);
        access.role = no_role;
        access.verdict = AccessVerdict::refused;
        if (const auto entered = log.append(std::span(&access, 1), clock.utc()); !entered)
            log_error("opener", "a refusal was not entered: {}", entered.error().message());
        return fail(std::move(known.error()));
    }
    log_info("opener", "access policy: version={} until={} people={} signer=\"{}\"", known->policy.version,
             to_string(known->policy.until), known->policy.people.size(), known->signer);
    if (newest && newest->digest == known->digest) return known;
    access.who = to_plain_text(known->signer.empty() ? "policy key" : known->signer, max_audit_word_bytes);
    access.role = "policy key";
    access.seq = known->policy.version;
    TRY(log.append(std::span(&access, 1), clock.utc()));
    return known;
}

}  // namespace

bool Admission::sees(std::string_view device) const {
    return std::ranges::binary_search(devices, device);
}

Result<AccessDesk> AccessDesk::create(AuditLog log, AccessFiles files, const Clock& clock,
                                      LookLimits limits) {
    KnownAccessPolicy known = TRY(take_policy(log, files, clock));
    AccessDesk desk(std::move(log), std::move(files), std::move(known), clock, limits);
    TRY(desk.usage_.follow(desk.log_, clock.utc()));
    desk.tell_end();
    return desk;
}

Result<bool> AccessDesk::reload() {
    KnownAccessPolicy known = TRY(take_policy(log_, files_, clock_));
    const bool another = known.digest != known_.digest;
    known_ = std::move(known);
    told_ = PolicyEnd::far;
    tell_end();
    return another;
}

PolicyEnd AccessDesk::end() const {
    const UtcTime now = clock_.utc();
    const UtcTime end = end_of(known_.policy.until);
    if (now >= end) return PolicyEnd::past;
    return end - now <= policy_end_near ? PolicyEnd::near : PolicyEnd::far;
}

void AccessDesk::tell_end() {
    const PolicyEnd now = end();
    if (std::exchange(told_, now) == now) return;
    const std::string day = to_string(known_.policy.until);
    if (now == PolicyEnd::near)
        log_warning("opener", "the access policy ends with {}: sign the next one before", day);
    if (now == PolicyEnd::past)
        log_error("opener",
                  "the access policy ended with {}: nothing is shown to anybody; sign a new one with "
                  "`portcullis policy access sign`",
                  day);
}

Result<Admission> AccessDesk::admit(const Peer& peer, const std::string& purpose,
                                    const std::string& case_number, std::string_view what,
                                    const std::string& on_behalf) {
    Admission admission;
    admission.on_behalf = on_behalf;
    Access& access = admission.access;
    access.uid = peer.uid;
    access.role = no_role;
    access.what = what;
    access.purpose = to_plain_text(purpose, max_audit_word_bytes);
    access.case_number = to_plain_text(case_number, max_audit_word_bytes);
    if (const auto account = account_behind(admission); !account) TRY(refuse(access, account.error()));
    if (!says_something(purpose) || !says_something(case_number))
        TRY(refuse(access, Error(ErrorCode::refused,
                                 fmt::format("nothing is shown without a purpose and a case number (plain "
                                             "text, at most {} bytes each)",
                                             max_audit_word_bytes))));
    if (auto judged = judge(admission); !judged) TRY(refuse(access, std::move(judged.error())));
    return admission;
}

Result<void> AccessDesk::confirm(Admission& admission) {
    if (admission.policy == known_.digest && clock_.utc() < admission.until) return {};
    Admission now = admission;
    Result<void> judged = judge(now);
    if (judged && !std::ranges::includes(now.devices, admission.devices))
        judged =
            refused("another access policy came, and not all of the devices are yours any more; look anew");
    if (!judged) return refuse(now.access, std::move(judged.error()));
    now.devices = std::move(admission.devices);
    admission = std::move(now);
    return {};
}

Result<std::string> AccessDesk::account_behind(Admission& admission) const {
    Access& access = admission.access;
    const std::optional<std::string> account = account_of(static_cast<uid_t>(access.uid));
    const bool gateway = account && known_.policy.is_gateway(*account);
    access.who = to_plain_text(user_name(static_cast<uid_t>(access.uid)), max_audit_word_bytes);
    access.via.clear();
    if (admission.on_behalf.empty() && gateway)
        return refused(fmt::format("'{}' is a gateway of the access policy and sees nothing in its own name",
                                   access.who));
    if (admission.on_behalf.empty()) return account.value_or("");
    if (!gateway)
        return refused(
            fmt::format("'{}' is no gateway of the access policy: it may not ask for others", access.who));
    access.via = to_plain_text(*account, max_audit_word_bytes);
    access.who = to_plain_text(admission.on_behalf, max_audit_word_bytes);
    return admission.on_behalf;
}

/// By the policy in force now: fills who, via, role, devices and until.
Result<void> AccessDesk::judge(Admission& admission) {
    const AccessPolicy& policy = known_.policy;
    Access& access = admission.access;
    const std::string account = TRY(account_behind(admission));
    const AccessPerson* person = policy.find(account);
    access.role = person != nullptr ? to_string(person->role) : no_role;
    if (end() == PolicyEnd::past)
        return refused(
            fmt::format("the access policy ended with {} (UTC): nothing is shown to anybody until the "
                        "opener has a new one",
                        to_string(policy.until)));
    if (person == nullptr)
        return refused(
            fmt::format("'{}' does not stand in the access policy; ask an administrator to enrol the "
                        "account",
                        access.who));
    if (person->role != AccessRole::operates)
        return refused(
            fmt::format("'{}' is an {} and sees no plate: separation of duties", access.who, access.role));
    if (clock_.utc() >= end_of(person->until))
        return refused(fmt::format("the rights of '{}' ended with {} (UTC); ask an administrator", access.who,
                                   to_string(person->until)));
    TRY(judge_purpose(*person, access.purpose));
    admission.devices = policy.devices_of(*person);
    admission.until = end_of(std::min(person->until, policy.until));
    admission.policy = known_.digest;
    return {};
}

Result<void> AccessDesk::judge_purpose(const AccessPerson& person, const std::string& purpose) const {
    if (std::ranges::binary_search(person.purposes, purpose)) return {};
    const bool listed = std::ranges::binary_search(known_.policy.purposes, purpose);
    // Not said again: the opener's log has these words as well, and a plate may have been typed for a
    // purpose.
    return refused(fmt::format("that is {}; '{}' may look for: {}",
                               listed ? "another's purpose" : "no purpose of the access policy",
                               person.account, fmt::join(person.purposes, ", ")));
}

Result<void> AccessDesk::allow(std::span<const Access> wanted, std::span<const Access> pending) {
    if (wanted.empty()) return {};
    const UtcTime now = clock_.utc();
    TRY(usage_.follow(log_, now));
    const auto breach = breach_of(limits_, usage_, known_.policy, wanted, pending, now);
    if (!breach) return {};
    raise_alarm(wanted.front(), *breach);
    Access access = wanted.front();
    access.device.clear();
    access.chain = {};
    access.seq = 0;
    return refuse(access, Error(ErrorCode::refused, *breach + "; an alarm was raised"));
}

/// Beside the refusal: one stands in the log whatever else this account is refused meanwhile.
void AccessDesk::raise_alarm(Access access, const std::string& words) {
    const BootTime now = clock_.since_boot();
    const Asker asker = asker_of(access);
    const auto last = last_alarm_.find(asker);
    if (last != last_alarm_.end() && now - last->second < alarm_spacing) return;
    if (last_alarm_.size() >= max_refused_accounts) last_alarm_.clear();
    last_alarm_[asker] = now;
    ++alarms_raised_;
    log_error("opener", "alarm: {}", words);
    access.what = raises_alarm;
    access.device.clear();
    access.chain = {};
    access.seq = 0;
    access.count = 1;
    access.verdict = AccessVerdict::refused;
    if (const auto entered = enter(std::span(&access, 1)); !entered)
        log_error("opener", "an alarm was not entered: {}", entered.error().message());
}

Result<void> AccessDesk::enter(std::span<const Access> accesses) {
    return log_.append(accesses, clock_.utc());
}

AccessDesk::Asker AccessDesk::asker_of(const Access& access) const {
    const bool known = !access.via.empty() && known_.policy.find(access.who) != nullptr;
    return {access.uid, known ? access.who : std::string()};
}

Result<void> AccessDesk::refuse(const Access& access, Error why) {
    const Asker asker = asker_of(access);
    if (!refusals_.contains(asker) && refusals_.size() >= max_refused_accounts) {
        settle(std::chrono::seconds(0));
        refusals_.clear();
    }
    const auto [place, fresh] = refusals_.try_emplace(asker);
    Refusals& refusals = place->second;
    refusals.latest = access;
    ++refusals.waiting;
    if (fresh || clock_.since_boot() - refusals.last >= refusal_spacing) enter_refusals(refusals);
    return fail(std::move(why));
}

void AccessDesk::settle(std::chrono::seconds waited) {
    tell_end();
    const BootTime now = clock_.since_boot();
    for (auto& [asker, refusals] : refusals_)
        if (refusals.waiting > 0 && now - refusals.last >= waited) enter_refusals(refusals);
}

void AccessDesk::enter_refusals(Refusals& refusals) {
    Access access = refusals.latest;
    access.verdict = AccessVerdict::refused;
    access.count = refusals.waiting;
    refusals.last = clock_.since_boot();  // a disk that is full is not asked again at once either
    const Result<void> entered = enter(std::span(&access, 1));
    if (!entered) return log_error("opener", "a refusal was not entered: {}", entered.error().message());
    refusals.waiting = 0;
}

}  // namespace portcullis
