// Who may look: what the desk makes of the policy, and what it enters.
#include "collector/opener/access_desk.hpp"

#include <doctest/doctest.h>

#include "database/database.hpp"
#include "record/access_policy_codec.hpp"
#include "unit/collector/access_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

/// A desk with a log of its own and a clock that stands still.
struct DeskBench {
    PolicyFile policy;
    FakeClock clock{now};
    std::filesystem::path log = policy.path.parent_path() / "audit.db";
    AccessDesk desk = policy.desk_on(log, clock);

    Result<Admission> admit(uid_t uid, const std::string& purpose = "hit-and-run",
                            const std::string& case_number = "2026-117") {
        return desk.admit(peer(uid), purpose, case_number);
    }
    /// As admit, with another policy in force.
    void change(const AccessPolicy& next) {
        policy.put(next);
        CHECK(must(desk.reload()));
    }
    [[nodiscard]] std::vector<Access> entries(std::string_view what, AccessVerdict verdict) const {
        std::vector<Access> all = all_entries(log);
        std::erase_if(all, [&](const Access& one) { return one.what != what || one.verdict != verdict; });
        return all;
    }
    [[nodiscard]] std::vector<Access> refusals() const { return entries("view", AccessVerdict::refused); }
};

template <class T>
bool refused(const Result<T>& result, std::string_view part) {
    REQUIRE_FALSE(result);
    INFO(result.error().message());
    CHECK(result.error().code() == ErrorCode::refused);
    return result.error().message().find(part) != std::string::npos;
}

bool cannot_start(const PolicyFile& policy, const std::filesystem::path& log, std::string_view part) {
    const FakeClock clock{now};
    const auto desk = AccessDesk::create(must(AuditLog::open(log)), policy.files(), clock);
    REQUIRE_FALSE(desk);
    INFO(desk.error().message());
    CHECK(desk.error().code() == ErrorCode::configuration);
    CHECK(desk.error().message().find("portcullis policy access sign") != std::string::npos);
    return desk.error().message().find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("who stands in the policy may look, his role and his devices come from it") {
    DeskBench bench;
    const Admission admission = must(bench.admit(::geteuid()));
    CHECK(admission.access.who == user_name(::geteuid()));
    CHECK(admission.access.role == "operator");
    CHECK(admission.access.what == "view");
    CHECK(admission.access.purpose == "hit-and-run");
    CHECK(admission.access.case_number == "2026-117");
    CHECK(admission.devices == std::vector<std::string>{"gate-1", "gate-2"});
    CHECK(admission.sees("gate-1"));
    CHECK_FALSE(admission.sees("gate-7"));
    CHECK(must(bench.admit(tunnel_operator)).devices == std::vector<std::string>{"gate-7"});
    const Admission search = must(bench.desk.admit(peer(::geteuid()), "stolen-vehicle", "1", "search"));
    CHECK(search.access.what == "search");
    CHECK(bench.refusals().empty());
}

TEST_CASE("attack: an account that the policy does not name sees nothing, nor one without a name") {
    DeskBench bench;
    CHECK(refused(bench.admit(not_named), "does not stand in the access policy"));
    CHECK(refused(bench.admit(without_name), "does not stand in the access policy"));
    const std::vector<Access> entries = bench.refusals();
    REQUIRE(entries.size() == 2);
    CHECK(entries[0].who == user_name(not_named));
    CHECK(entries[0].uid == not_named);
    CHECK(entries[0].role == "none");
    CHECK(entries[0].case_number == "2026-117");
    CHECK(entries[1].who == "uid 3999999999");
}

TEST_CASE("attack: a purpose outside the list, and one of the list that is another's") {
    DeskBench bench;
    CHECK(refused(bench.admit(::geteuid(), "curiosity"), "that is no purpose of the access policy"));
    CHECK(refused(bench.admit(::geteuid(), "curiosity"), "hit-and-run, stolen-vehicle"));
    CHECK(refused(bench.admit(tunnel_operator, "stolen-vehicle"), "is another's purpose"));
    CHECK(refused(bench.admit(::geteuid(), "hit-and-run "), "is no purpose"));
    CHECK(refused(bench.admit(::geteuid(), ""), "without a purpose and a case number"));
    CHECK(refused(bench.admit(::geteuid(), "hit-and-run", " "), "without a purpose and a case number"));
    CHECK(bench.admit(::geteuid(), "AB12CDE").error().message().find("AB12CDE") == std::string::npos);
    CHECK(bench.refusals().front().purpose == "curiosity");
}

TEST_CASE("separation of duties: auditor and administrator see no plate, the entry names the role") {
    DeskBench bench;
    CHECK(refused(bench.admit(auditor), "is an auditor and sees no plate"));
    CHECK(refused(bench.admit(administrator), "is an administrator and sees no plate"));
    const std::vector<Access> entries = bench.refusals();
    REQUIRE(entries.size() == 2);
    CHECK(entries[0].role == "auditor");
    CHECK(entries[1].role == "administrator");
}

TEST_CASE("a person's rights end with their last day, also while he watches") {
    DeskBench bench;
    AccessPolicy policy = host_policy(8);
    person_of(policy, ::geteuid()).until = today + day;
    bench.change(policy);
    Admission admission = must(bench.admit(::geteuid()));
    CHECK(admission.until == UtcTime(today + 2 * day));
    bench.clock.advance(admission.until - now - microseconds(1));
    CHECK(bench.desk.confirm(admission).has_value());
    CHECK(bench.admit(::geteuid()).has_value());
    bench.clock.advance(microseconds(1));
    CHECK(refused(bench.desk.confirm(admission), "the rights of"));
    CHECK(refused(bench.admit(::geteuid()), "the rights of"));
    CHECK(bench.admit(tunnel_operator).has_value());
}

TEST_CASE("attack: an expired policy shows nothing to anybody, and says so to everybody") {
    DeskBench bench;
    Admission admission = must(bench.admit(::geteuid()));
    bench.clock.advance(end_of(bench.desk.policy().until) - now - microseconds(1));
    CHECK(bench.desk.end() == PolicyEnd::near);
    CHECK(bench.desk.confirm(admission).has_value());
    bench.clock.advance(microseconds(1));
    CHECK(bench.desk.end() == PolicyEnd::past);
    CHECK(refused(bench.desk.confirm(admission), "the access policy ended with"));
    for (const uid_t uid : {::geteuid(), tunnel_operator, auditor, administrator, not_named})
        CHECK(refused(bench.admit(uid), "the access policy ended with"));
    // An opener that starts with it starts, for verdicts need nobody's rights; it shows as little.
    AccessDesk again = bench.policy.desk_on(bench.log, bench.clock);
    CHECK(refused(again.admit(peer(::geteuid()), "hit-and-run", "1"), "the access policy ended with"));
}

TEST_CASE("attack: rights taken away while he watches: person, role, purpose, site, device") {
    struct Row {
        const char* told;
        void (*change)(AccessPolicy&);
    };
    const Row rows[] = {
        {"does not stand in", [](AccessPolicy& policy) { remove_person(policy, ::geteuid()); }},
        {"is an auditor",
         [](AccessPolicy& policy) {
             person_of(policy, ::geteuid()).role = AccessRole::audits;
             person_of(policy, ::geteuid()).sites.clear();
             person_of(policy, ::geteuid()).purposes.clear();
         }},
        {"is another's purpose",
         [](AccessPolicy& policy) { person_of(policy, ::geteuid()).purposes = {"stolen-vehicle"}; }},
        {"not all of the devices",
         [](AccessPolicy& policy) { person_of(policy, ::geteuid()).sites = {"tunnel"}; }},
        {"not all of the devices", [](AccessPolicy& policy) { policy.sites[0].devices = {"gate-1"}; }},
        {"the rights of", [](AccessPolicy& policy) { person_of(policy, ::geteuid()).until = today - day; }},
    };
    for (const Row& row : rows) {
        CAPTURE(row.told);
        DeskBench bench;
        Admission admission = must(bench.admit(::geteuid()));
        AccessPolicy policy = host_policy(8);
        row.change(policy);
        bench.change(policy);
        CHECK(refused(bench.desk.confirm(admission), row.told));
        const std::vector<Access> entries = bench.refusals();
        REQUIRE(entries.size() == 1);
        CHECK(entries[0].who == user_name(::geteuid()));
        CHECK(entries[0].case_number == "2026-117");
    }
}

TEST_CASE(
    "another policy that leaves him his rights lets him watch on, what it gives besides comes when he asks") {
    DeskBench bench;
    Admission admission = must(bench.admit(::geteuid()));
    AccessPolicy policy = host_policy(8);
    person_of(policy, ::geteuid()).sites = {"bridge", "tunnel"};
    bench.change(policy);
    CHECK(bench.desk.confirm(admission).has_value());
    CHECK_FALSE(admission.sees("gate-7"));
    CHECK(must(bench.admit(::geteuid())).sees("gate-7"));
    CHECK(bench.refusals().empty());
}

TEST_CASE("no start without a policy, the error names the cure") {
    const PolicyFile policy;
    const std::filesystem::path log = policy.path.parent_path() / "audit.db";
    std::filesystem::remove(policy.path);
    CHECK(cannot_start(policy, log, "without one nobody may see anything"));
    const FakeClock clock{now};
    AccessFiles without_key = policy.files();
    without_key.rules.policy_signers = "/nonexistent/policy.crt";
    CHECK(AccessDesk::create(must(AuditLog::open(log)), without_key, clock)
              .error()
              .message()
              .find("/nonexistent/policy.crt") != std::string::npos);
    CHECK(all_entries(log).empty());  // no policy was looked at
    policy.put_bytes(to_bytes("nonsense"));
    CHECK(cannot_start(policy, log, "access.policy: "));
    CHECK_FALSE(load_access_policy(policy.files()));
    const std::vector<Access> entries = all_entries(log);
    REQUIRE(entries.size() == 1);
    CHECK(entries[0].what == adopts_policy);
    CHECK(entries[0].verdict == AccessVerdict::refused);
    CHECK(entries[0].case_number == to_hex(sha256(to_bytes("nonsense"))));
}

TEST_CASE("attack: no start with another signer's policy, another fleet's, or one without an administrator") {
    const PolicyFile policy;
    const std::filesystem::path log = policy.path.parent_path() / "audit.db";
    const TestPki& pki = policy.keys.desk.pki;
    const std::string extended = "emailProtection," + std::string(oid_policy);
    policy.put_bytes(policy.keys.sign_with(
        pki.issue("stranger", "policy", {.ca = "stranger-ca", .extended = extended}), host_policy()));
    CHECK(cannot_start(policy, log, "signed by the unknown key"));
    policy.put_bytes(policy.keys.sign_with(pki.device("gate-1"), host_policy()));
    CHECK(cannot_start(policy, log, "signed by the unknown key"));
    AccessPolicy south = host_policy();
    south.fleet = "south";
    policy.put(south);
    CHECK(cannot_start(policy, log, "of the fleet 'south'"));
    std::string json = must(encode_access_policy(host_policy()));
    json.replace(json.find("administrator"), std::string("administrator").size(), "auditor");
    policy.put_bytes(policy.keys.desk.sign_text(json));
    CHECK(cannot_start(policy, log, "no administrator is enrolled"));
    for (const Access& entry : all_entries(log))
        CHECK(entry.verdict == AccessVerdict::refused);
    CHECK(all_entries(log).size() == 4);
}

TEST_CASE("each version of the policy that comes into force is one entry, with its signer and digest") {
    DeskBench bench;
    CHECK_FALSE(must(bench.desk.reload()));  // the same
    const AccessDesk again = bench.policy.desk_on(bench.log, bench.clock);
    bench.change(host_policy(9));
    const std::vector<Access> entries = all_entries(bench.log);
    REQUIRE(entries.size() == 2);
    CHECK(entries[0].seq == 7);
    CHECK(entries[1].seq == 9);
    for (const Access& entry : entries) {
        CHECK(entry.what == adopts_policy);
        CHECK(entry.who == "policy");  // the policy key's name
        CHECK(entry.role == "policy key");
        CHECK(entry.verdict == AccessVerdict::granted);
    }
    const Bytes blob = must(read_file(bench.policy.path, max_access_policy_bytes));
    CHECK(entries[1].case_number == to_hex(sha256(blob)));
    AuditLog log = must(AuditLog::read_only(bench.log));
    CHECK(must(log.newest_policy())->version == 9);
}

TEST_CASE("attack: an older policy than the log names is put back: refused at the start and while it runs") {
    DeskBench bench;
    const Bytes old = must(read_file(bench.policy.path, max_access_policy_bytes));
    AccessPolicy next = host_policy(8);
    remove_person(next, tunnel_operator);
    bench.change(next);
    bench.policy.put_bytes(old);
    const Result<bool> reloaded = bench.desk.reload();
    REQUIRE_FALSE(reloaded);
    CHECK(reloaded.error().message().find("version 7 is lower than 8") != std::string::npos);
    CHECK(bench.desk.policy().version == 8);
    CHECK(refused(bench.admit(tunnel_operator), "does not stand in"));
    CHECK(cannot_start(bench.policy, bench.log, "version 7 is lower than 8"));
    AccessPolicy other = next;
    person_of(other, ::geteuid()).sites = {"bridge", "tunnel"};
    bench.policy.put(other);
    CHECK(cannot_start(bench.policy, bench.log, "another one has the version 8"));
    const std::vector<Access> entries = bench.entries(adopts_policy, AccessVerdict::refused);
    REQUIRE(entries.size() == 3);
    CHECK(entries[0].case_number == to_hex(sha256(old)));
}

TEST_CASE("attack: the newest policy is over: an older one that is not does not come back") {
    DeskBench bench;
    const Bytes old = must(read_file(bench.policy.path, max_access_policy_bytes));
    AccessPolicy brief = host_policy(8);
    brief.until = today;
    bench.change(brief);
    bench.clock.advance(2 * day);
    bench.policy.put_bytes(old);
    CHECK_FALSE(bench.desk.reload());
    CHECK(refused(bench.admit(::geteuid()), "the access policy ended with"));
}

TEST_CASE("a policy whose entry cannot be written does not come into force") {
    DeskBench bench;
    {
        Database other = must(Database::open({.path = bench.log}));
        REQUIRE(other.execute("CREATE UNIQUE INDEX full ON entry(length(link))"));  // no second one
    }
    bench.policy.put(host_policy(8));
    CHECK_FALSE(bench.desk.reload());
    CHECK(bench.desk.policy().version == 7);
    {
        Database other = must(Database::open({.path = bench.log}));
        REQUIRE(other.execute("DROP INDEX full"));
    }
    CHECK(must(bench.desk.reload()));
    CHECK(bench.desk.policy().version == 8);
}

TEST_CASE("attack: an entry that names a policy was changed by hand: nothing is adopted on its word") {
    const DeskBench bench;
    {
        Database other = must(Database::open({.path = bench.log}));
        REQUIRE(other.execute("UPDATE entry SET text = replace(text, '\"seq\":7', '\"seq\":07')"));
    }
    const auto desk = AccessDesk::create(must(AuditLog::open(bench.log)), bench.policy.files(), bench.clock);
    REQUIRE_FALSE(desk);
    CHECK(desk.error().code() == ErrorCode::corrupt);
    CHECK(desk.error().message().find("portcullis audit verify") != std::string::npos);
}

TEST_CASE("refusals within a second are one entry with their count, and none is left out") {
    DeskBench bench;
    for (int i = 0; i < 5; ++i)
        CHECK_FALSE(bench.admit(not_named));
    CHECK(bench.refusals().size() == 1);
    bench.desk.settle();  // too soon
    CHECK(bench.refusals().size() == 1);
    bench.clock.advance(refusal_spacing);
    bench.desk.settle();
    const std::vector<Access> entries = bench.refusals();
    REQUIRE(entries.size() == 2);
    CHECK(entries[0].count == 1);
    CHECK(entries[1].count == 4);
    CHECK_FALSE(bench.admit(auditor));
    CHECK_FALSE(bench.admit(auditor));
    bench.desk.settle(std::chrono::seconds(0));  // as at the end
    CHECK(bench.refusals().size() == 4);
}

TEST_CASE("refusals of more accounts than are remembered are entered all the same") {
    DeskBench bench;
    std::uint64_t count = 0;
    for (int round = 0; round < 2; ++round)
        for (uid_t uid = 0; uid <= max_refused_accounts; ++uid)
            CHECK_FALSE(bench.desk.admit(peer(without_name - uid), "hit-and-run", "1"));
    bench.desk.settle(std::chrono::seconds(0));
    for (const Access& entry : bench.refusals())
        count += entry.count;
    CHECK(count == 2 * (max_refused_accounts + 1));
}
