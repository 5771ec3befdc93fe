#pragma once
// An access policy of this host's accounts, on a disk, signed; and the desk that takes it.

#include <unistd.h>

#include <algorithm>

#include "base/file.hpp"
#include "collector/link/accounts.hpp"
#include "collector/opener/access_desk.hpp"
#include "support/fake_clock.hpp"
#include "unit/seal/test_policies.hpp"

namespace portcullis::test {

/// Accounts that every Debian has; the test's own is `us`.
inline constexpr uid_t tunnel_operator = 1;  // daemon
inline constexpr uid_t auditor = 2;          // bin
inline constexpr uid_t administrator = 3;    // sys
inline constexpr uid_t not_named = 4;        // sync
inline constexpr uid_t without_name = 3'999'999'999U;

[[nodiscard]] inline Peer peer(uid_t uid) {
    return {0, uid, 0};
}

/// test_policies' policy with this host's accounts: ours sees the bridge for two purposes, daemon the tunnel.
[[nodiscard]] inline AccessPolicy host_policy(std::uint64_t version = 7) {
    AccessPolicy policy = sample_policy(now);
    policy.version = version;
    const uid_t accounts[] = {::geteuid(), tunnel_operator, auditor, administrator};
    for (std::size_t i = 0; i < policy.people.size(); ++i)
        policy.people[i].account = user_name(accounts[i]);
    std::ranges::sort(policy.people, {}, &AccessPerson::account);
    return policy;
}

[[nodiscard]] inline AccessPerson& person_of(AccessPolicy& policy, uid_t uid) {
    const auto place = std::ranges::find(policy.people, user_name(uid), &AccessPerson::account);
    if (place == policy.people.end()) throw std::runtime_error("nobody of that account");
    return *place;
}

inline void remove_person(AccessPolicy& policy, uid_t uid) {
    std::erase_if(policy.people,
                  [&](const AccessPerson& person) { return person.account == user_name(uid); });
}

struct PolicyFile {
    PolicyDesk keys;
    std::filesystem::path path = keys.desk.pki.folder() / "access.policy";

    PolicyFile() { put(host_policy()); }
    void put_bytes(ByteView blob) const {
        if (!write_file_atomically(path, blob)) throw std::runtime_error("no policy file");
    }
    void put(const AccessPolicy& policy) const { put_bytes(keys.sign(policy)); }
    [[nodiscard]] AccessFiles files() const { return {path, keys.rules()}; }
    [[nodiscard]] AccessDesk desk_on(const std::filesystem::path& log, const Clock& clock,
                                     const LookLimits& limits = {}) const {
        return must(AccessDesk::create(must(AuditLog::open(log)), files(), clock, limits));
    }
};

/// All that a log says, in order.
[[nodiscard]] inline std::vector<Access> all_entries(const std::filesystem::path& path) {
    AuditLog log = must(AuditLog::read_only(path));
    std::vector<Access> all;
    for (std::uint64_t after = 0;;) {
        const std::vector<AuditRow> rows = must(log.rows(after, 1000));
        if (rows.empty()) return all;
        after = rows.back().number;
        for (const AuditRow& row : rows)
            all.push_back(must(parse_audit_entry(row.text)).access);
    }
}

}  // namespace portcullis::test
