#pragma once
// AccessDesk: nobody sees a read who does not stand in the access policy, without a purpose of its list, a
// case number, and an entry in the audit log that was durable before. Each policy that comes into force and
// each refusal is an entry too. Thread-bound. The opener judging what arrives is nobody's look: it is
// counted, not entered.

#include <map>
#include <span>

#include "audit/usage.hpp"
#include "collector/link/unix_socket.hpp"
#include "seal/access_policy_file.hpp"

namespace portcullis {

/// One account's refusals are entered once in so long, with their count: whoever may reach the socket must
/// not fill the disk with them.
inline constexpr std::chrono::seconds refusal_spacing{1};
inline constexpr std::size_t max_refused_accounts = 1024;
inline constexpr std::chrono::minutes alarm_spacing{1};

/// Somebody who may look, for as long as confirm() says so.
struct Admission {
    Access access;                     // what each entry says of him; add the item
    std::string on_behalf;             // the person in whose name a gateway asks; empty: he asks himself
    std::vector<std::string> devices;  // that he may see, ascending; of no other a word goes to him
    UtcTime until{};                   // when his rights end
    Digest policy{};                   // that gave them

    [[nodiscard]] bool sees(std::string_view device) const;
};

enum class PolicyEnd { far, near, past };
/// Time to sign the next one.
inline constexpr std::chrono::days policy_end_near{14};

class AccessDesk {
  public:
    /// Takes the policy in force. clock: outlives the desk. Errors: configuration (no policy, one that is
    /// refused, an older one than the log names: file and cure), AuditLog::append's.
    [[nodiscard]] static Result<AccessDesk> create(AuditLog log, AccessFiles files, const Clock& clock,
                                                   LookLimits limits = {});

    /// Whether the account behind the connection may look now, or the person in whose name it asks as a
    /// gateway (on_behalf). what: "view", "search"; it stands in the entries. Errors: refused (who may not,
    /// and why: the words are for him), and an entry says that he was.
    [[nodiscard]] Result<Admission> admit(const Peer& peer, const std::string& purpose,
                                          const std::string& case_number, std::string_view what = "view",
                                          const std::string& on_behalf = {});
    /// Whether he still may, all that he was given: ask before each showing; cheap while nothing changed.
    /// What another policy gives him besides, he gets when he asks anew. Errors: as admit's.
    [[nodiscard]] Result<void> confirm(Admission& admission);
    /// Whether one person's search, or what it would show, or what arrives for him, is within what is usual
    /// for him and for its sites: ask before anything is opened. wanted: as it would be entered; pending:
    /// what was granted to others and is not entered yet. Errors: refused (the words are for him), and an
    /// alarm stands in the log, at most one a minute of an account; the log's (nothing may be shown).
    [[nodiscard]] Result<void> allow(std::span<const Access> wanted, std::span<const Access> pending = {});
    [[nodiscard]] std::uint64_t alarms() const { return alarms_raised_; }
    /// Durable when it returns; with an error nothing may be shown. Errors: AuditLog::append's.
    [[nodiscard]] Result<void> enter(std::span<const Access> accesses);
    /// The newest signed document of that kind that was in force here. Errors: corrupt, the log's.
    [[nodiscard]] Result<std::optional<AdoptedPolicy>> newest(std::string_view what) {
        return log_.newest_policy(what);
    }
    /// Reads the policy's files again; true when another policy is in force now. Errors: as create's, and the
    /// policy stays in force that was.
    [[nodiscard]] Result<bool> reload();
    /// Enters the refusals that have waited for so long, and tells once when the policy's end is near or has
    /// come. Call it often, and at the end with zero.
    void settle(std::chrono::seconds waited = refusal_spacing);

    /// By the clock that its entries go by.
    [[nodiscard]] UtcTime now() const { return clock_.utc(); }
    [[nodiscard]] const AccessPolicy& policy() const { return known_.policy; }
    /// past: nobody sees anything.
    [[nodiscard]] PolicyEnd end() const;

  private:
    /// The account that asks, and the person of the policy in whose name it does: what else a gateway may
    /// make up is one.
    using Asker = std::pair<std::uint64_t, std::string>;
    [[nodiscard]] Asker asker_of(const Access& access) const;
    struct Refusals {
        Access latest;
        BootTime last{};
        std::uint64_t waiting = 0;
    };
    AccessDesk(AuditLog log, AccessFiles files, KnownAccessPolicy known, const Clock& clock,
               const LookLimits& limits)
        : log_(std::move(log)),
          files_(std::move(files)),
          known_(std::move(known)),
          clock_(clock),
          limits_(limits) {}
    void raise_alarm(Access access, const std::string& words);
    [[nodiscard]] Result<void> judge(Admission& admission);
    /// The account by whose rights it is judged; fills who and via.
    [[nodiscard]] Result<std::string> account_behind(Admission& admission) const;
    [[nodiscard]] Result<void> judge_purpose(const AccessPerson& person, const std::string& purpose) const;
    [[nodiscard]] Result<void> refuse(const Access& access, Error why);
    void enter_refusals(Refusals& refusals);
    void tell_end();

    AuditLog log_;
    AccessFiles files_;
    KnownAccessPolicy known_;
    const Clock& clock_;
    LookLimits limits_;
    Usage usage_;
    std::map<Asker, Refusals> refusals_;
    std::map<Asker, BootTime> last_alarm_;
    std::uint64_t alarms_raised_ = 0;
    PolicyEnd told_ = PolicyEnd::far;
};

}  // namespace portcullis
