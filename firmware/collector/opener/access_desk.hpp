#pragma once
// AccessDesk: nobody sees a read without a purpose, a case number, and an entry in the audit log that was
// durable before. Thread-bound. The opener judging what arrives is nobody's look: it is counted, not entered.

#include <map>
#include <span>

#include "audit/audit_log.hpp"
#include "collector/link/unix_socket.hpp"
#include "collector/link/view_exchange.hpp"

namespace portcullis {

/// One account's refusals are entered once in so long, with their count: whoever may reach the socket must
/// not fill the disk with them.
inline constexpr std::chrono::seconds refusal_spacing{1};
inline constexpr std::size_t max_refused_accounts = 1024;

class AccessDesk {
  public:
    /// clock: outlives the desk.
    AccessDesk(AuditLog log, const Clock& clock) : log_(std::move(log)), clock_(clock) {}

    /// What each entry of this viewer says of him. Errors: refused (no purpose, no case number, or not plain
    /// text: the words are for him), and an entry says that he was.
    [[nodiscard]] Result<Access> admit(const Peer& peer, const Subscription& subscription);
    /// Durable when it returns; with an error nothing may be shown. Errors: AuditLog::append's.
    [[nodiscard]] Result<void> enter(std::span<const Access> accesses);

  private:
    struct Refusals {
        BootTime last{};
        std::uint64_t waiting = 0;
    };
    void note_refusal(Access access);

    AuditLog log_;
    const Clock& clock_;
    std::map<uid_t, Refusals> refusals_;
};

}  // namespace portcullis
