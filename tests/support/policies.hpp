#pragma once
// Access policies for tests: a bridge and a tunnel, and a person of each role.

#include "core/access_policy.hpp"

namespace portcullis::test {

/// Issued at `issued` for 90 days. alice sees the bridge (gate-1, gate-2) for two purposes, bob the tunnel
/// (gate-7) for one; carol audits, dora administers.
inline AccessPolicy sample_policy(UtcTime issued) {
    const auto last_day = std::chrono::floor<std::chrono::days>(issued) + std::chrono::days(90);
    AccessPolicy policy;
    policy.fleet = "test-fleet";
    policy.version = 7;
    policy.issued = issued;
    policy.until = last_day;
    policy.purposes = {"hit-and-run", "stolen-vehicle"};
    policy.sites = {{"bridge", {"gate-1", "gate-2"}}, {"tunnel", {"gate-7"}}};
    policy.people = {{"alice", AccessRole::operates, {"bridge"}, {"hit-and-run", "stolen-vehicle"}, last_day},
                     {"bob", AccessRole::operates, {"tunnel"}, {"hit-and-run"}, last_day},
                     {"carol", AccessRole::audits, {}, {}, last_day},
                     {"dora", AccessRole::administers, {}, {}, last_day}};
    return policy;
}

}  // namespace portcullis::test
