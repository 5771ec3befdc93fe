#include "record/access_policy_codec.hpp"

#include <doctest/doctest.h>

#include "support/policies.hpp"

using namespace portcullis;

namespace {

constexpr UtcTime issued{std::chrono::seconds(1'795'593'600)};  // 2026-11-25T08:00:00Z
constexpr std::chrono::days day{1};

AccessPolicy sample() {
    return test::sample_policy(issued);
}

template <class Change>
std::string complaint_about(Change change) {
    AccessPolicy policy = sample();
    change(policy);
    const Result<std::string> text = encode_access_policy(policy);
    return text ? "" : text.error().message();
}

/// A name that takes much room and is greater than those with smaller numbers.
std::string long_name(std::size_t number) {
    return fmt::format("{:0>60}", number);
}

}  // namespace

TEST_CASE("an access policy has one text") {
    const std::string text = encode_access_policy(sample()).value();
    CHECK(
        text ==
        R"({"v":1,"kind":"accesspolicy","fleet":"test-fleet","version":7,"t":1795593600000000,)"
        R"("until":"2027-02-23","purposes":["hit-and-run","stolen-vehicle"],"sites":[)"
        R"({"name":"bridge","devices":["gate-1","gate-2"]},{"name":"tunnel","devices":["gate-7"]}],"people":[)"
        R"({"account":"alice","role":"operator","sites":["bridge"],"purposes":["hit-and-run","stolen-vehicle"],"until":"2027-02-23"},)"
        R"({"account":"bob","role":"operator","sites":["tunnel"],"purposes":["hit-and-run"],"until":"2027-02-23"},)"
        R"({"account":"carol","role":"auditor","sites":[],"purposes":[],"until":"2027-02-23"},)"
        R"({"account":"dora","role":"administrator","sites":[],"purposes":[],"until":"2027-02-23"}]})");
    CHECK(parse_access_policy(text).value() == sample());
}

TEST_CASE("a policy with gateways is of another version, one without is what it was") {
    AccessPolicy policy = sample();
    policy.gateways = {"portcullis-api"};
    const std::string text = encode_access_policy(policy).value();
    CHECK(text.starts_with(R"({"v":2,"kind":"accesspolicy")"));
    CHECK(text.ends_with(R"(}],"gateways":["portcullis-api"]})"));
    CHECK(parse_access_policy(text).value() == policy);
    CHECK(policy.is_gateway("portcullis-api"));
    CHECK_FALSE(policy.is_gateway("alice"));
    CHECK_FALSE(policy.is_gateway(""));
    const std::string old = encode_access_policy(sample()).value();
    CHECK(old.starts_with(R"({"v":1,)"));
    CHECK(parse_access_policy(old).value().gateways.empty());
    // Each has one text: no gateways in the older form, none missing from the newer one.
    for (std::string other : {text.substr(0, text.size() - 1) + ",\"gateways\":[]}",
                              old.substr(0, old.size() - 1) + ",\"gateways\":[]}"})
        CHECK_FALSE(parse_access_policy(other));
    std::string without = old;
    without.replace(without.find("\"v\":1"), 5, "\"v\":2");
    CHECK_FALSE(parse_access_policy(without));
    without.insert(without.size() - 1, ",\"gateways\":[]");
    CHECK_FALSE(parse_access_policy(without));
    for (std::size_t length = 0; length < text.size(); ++length)
        CHECK_FALSE(parse_access_policy(text.substr(0, length)).has_value());
}

TEST_CASE("a policy may let nobody look, an administrator it must have") {
    AccessPolicy policy = sample();
    policy.purposes.clear();
    policy.sites.clear();
    policy.people = {policy.people[3]};
    CHECK(parse_access_policy(encode_access_policy(policy).value()).value() == policy);
    policy.people.clear();
    CHECK(encode_access_policy(policy).error().message().find("no administrator") != std::string::npos);
}

TEST_CASE("attack: a policy without an administrator whose time reaches its end") {
    const auto refused = [](auto change) {
        return complaint_about(change).find("no administrator is enrolled") != std::string::npos;
    };
    CHECK(refused([](AccessPolicy& policy) { policy.people.pop_back(); }));
    CHECK(refused([](AccessPolicy& policy) { policy.people[3].until -= day; }));
    CHECK(refused([](AccessPolicy& policy) { policy.people[3].role = AccessRole::audits; }));
    CHECK_FALSE(refused([](AccessPolicy& policy) { policy.people[3].until += day; }));
}

TEST_CASE("whoever audits or administers sees no plate, he has no site and no purpose") {
    for (const std::size_t person : {2U, 3U}) {
        CHECK(complaint_about([&](AccessPolicy& policy) {
                  policy.people[person].sites = {"bridge"};
              }).find("sees no plate") != std::string::npos);
        CHECK(complaint_about([&](AccessPolicy& policy) {
                  policy.people[person].purposes = {"hit-and-run"};
              }).find("sees no plate") != std::string::npos);
    }
}

TEST_CASE("each fault of a policy is told with what, where and the cure") {
    struct Row {
        const char* told;
        void (*change)(AccessPolicy&);
    };
    const Row rows[] = {
        {"fleet: write", [](AccessPolicy& policy) { policy.fleet.clear(); }},
        {"fleet: write", [](AccessPolicy& policy) { policy.fleet = "a\"b"; }},
        {"version: must be from 1", [](AccessPolicy& policy) { policy.version = 0; }},
        {"its last day is over", [](AccessPolicy& policy) { policy.until -= 91 * day; }},
        {"at most 400 days", [](AccessPolicy& policy) { policy.until += 311 * day; }},
        {"purposes: 'hit-and-run' stands twice",
         [](AccessPolicy& policy) { policy.purposes.insert(policy.purposes.begin(), "hit-and-run"); }},
        {"purposes: 'stolen-vehicle' stands before 'hit-and-run'",
         [](AccessPolicy& policy) { std::swap(policy.purposes[0], policy.purposes[1]); }},
        {"purposes: ' x'", [](AccessPolicy& policy) { policy.purposes[0] = " x"; }},
        {"purposes: ''", [](AccessPolicy& policy) { policy.purposes[0] = ""; }},
        {"purposes: 33 of them",
         [](AccessPolicy& policy) {
             policy.purposes.clear();
             for (std::size_t i = 0; i <= max_policy_purposes; ++i)
                 policy.purposes.push_back(long_name(i));
             for (AccessPerson& person : policy.people)
                 if (person.role == AccessRole::operates) person.purposes = {long_name(0)};
         }},
        {"sites: 'bridge' stands twice", [](AccessPolicy& policy) { policy.sites[1].name = "bridge"; }},
        {"sites: 'a_b'", [](AccessPolicy& policy) { policy.sites[0].name = "a\nb"; }},
        {"site 'bridge': name at least one device",
         [](AccessPolicy& policy) { policy.sites[0].devices.clear(); }},
        {"site 'bridge': devices: 'gate-1' stands twice",
         [](AccessPolicy& policy) { policy.sites[0].devices[1] = "gate-1"; }},
        {"site 'bridge': 'Gate_1' is no device name",
         [](AccessPolicy& policy) { policy.sites[0].devices[0] = "Gate_1"; }},
        {"devices of all sites: 'gate-2' stands twice",
         [](AccessPolicy& policy) { policy.sites[1].devices[0] = "gate-2"; }},
        {"devices of all sites: 2049 of them",
         [](AccessPolicy& policy) {
             policy.sites[0].devices.clear();
             for (std::size_t i = 0; i < max_policy_devices; ++i)
                 policy.sites[0].devices.push_back(fmt::format("a{:04}", i));
         }},
        {"person 'alice': an operator has at least one site",
         [](AccessPolicy& policy) { policy.people[0].sites.clear(); }},
        {"person 'alice': an operator has at least one site and one purpose",
         [](AccessPolicy& policy) { policy.people[0].purposes.clear(); }},
        {"person 'alice': there is no site 'harbour'; add it",
         [](AccessPolicy& policy) { policy.people[0].sites = {"harbour"}; }},
        {"person 'alice': there is no purpose 'curiosity'; add it",
         [](AccessPolicy& policy) { policy.people[0].purposes = {"curiosity"}; }},
        {"person 'alice': purposes: 'hit-and-run' stands twice",
         [](AccessPolicy& policy) { policy.people[0].purposes[1] = "hit-and-run"; }},
        {"person 'alice': until",
         [](AccessPolicy& policy) { policy.people[0].until = std::chrono::sys_days(-day); }},
        {"until must be a day", [](AccessPolicy& policy) { policy.people[0].until += 4'000'000 * day; }},
        {"people: 'alice' stands twice", [](AccessPolicy& policy) { policy.people[1].account = "alice"; }},
        {"people: 'uid 1234': an account is",
         [](AccessPolicy& policy) { policy.people[0].account = "uid 1234"; }},
        {"people: '': an account is", [](AccessPolicy& policy) { policy.people[0].account = ""; }},
        {"gateways: 'a b': an account is", [](AccessPolicy& policy) { policy.gateways = {"a b"}; }},
        {"gateway 'alice': is a person's account; give the service one of its own",
         [](AccessPolicy& policy) { policy.gateways = {"alice"}; }},
        {"gateways: 'api' stands twice",
         [](AccessPolicy& policy) {
             policy.gateways = {"api", "api"};
         }},
        {"gateways: 'web' stands before 'api'",
         [](AccessPolicy& policy) {
             policy.gateways = {"web", "api"};
         }},
        {"gateways: 9 of them",
         [](AccessPolicy& policy) {
             for (std::size_t i = 0; i <= max_policy_gateways; ++i)
                 policy.gateways.push_back(long_name(i));
         }},
    };
    for (const Row& row : rows) {
        const std::string told = complaint_about(row.change);
        CAPTURE(told);
        CHECK_MESSAGE(told.find(row.told) != std::string::npos, row.told);
    }
}

TEST_CASE("a policy whose lists all fit may still be too long, and says so") {
    const std::string told = complaint_about([](AccessPolicy& policy) {
        policy.sites.clear();
        std::vector<std::string> names;
        for (std::size_t i = 0; i < max_policy_sites; ++i) {
            names.push_back(long_name(i));
            policy.sites.push_back({names.back(), {fmt::format("gate-{}", i)}});
        }
        policy.people.resize(1);
        policy.people[0].sites = names;
        for (std::size_t i = 0; i < 20; ++i) {
            policy.people.push_back(policy.people[0]);
            policy.people.back().account = fmt::format("bob-{:02}", i);
        }
        policy.people.push_back({"dora", AccessRole::administers, {}, {}, policy.until});
    });
    CHECK(told.find("its text has") != std::string::npos);
}

TEST_CASE("a policy's text that the writer would not write is refused") {
    const std::string good = encode_access_policy(sample()).value();
    const auto with = [&](std::string_view from, std::string_view to) {
        std::string text = good;
        REQUIRE(text.find(from) != std::string::npos);
        text.replace(text.find(from), from.size(), to);
        return parse_access_policy(text).has_value();
    };
    CHECK(with("\"operator\"", "\"operator\""));
    CHECK_FALSE(with("\"operator\"", "\"root\""));
    CHECK_FALSE(with("\"operator\"", "\"Operator\""));
    CHECK_FALSE(with("\"v\":1", "\"v\":2"));
    CHECK_FALSE(with("accesspolicy", "access"));
    CHECK_FALSE(with(":7,", ":07,"));
    CHECK_FALSE(with("2027-02-23", "2027-02-30"));
    CHECK_FALSE(with("\"role\"", "\"note\":\"\",\"role\""));
    CHECK_FALSE(with(",\"sites\":[\"bridge\"]", ""));
    CHECK_FALSE(with("[\"bridge\"]", "[\"bridge\",]"));
    CHECK_FALSE(with("}]}", "}] }"));
    CHECK_FALSE(with("\"gate-7\"", "\"gate-2\""));
    CHECK_FALSE(parse_access_policy(good + " ").has_value());
    for (std::size_t length = 0; length < good.size(); ++length)
        CHECK_FALSE(parse_access_policy(good.substr(0, length)).has_value());
}

TEST_CASE("a role has one word, and only its own") {
    for (const AccessRole role : all_access_roles)
        CHECK(access_role_from_string(to_string(role)) == role);
    for (const char* word : {"", "Operator", "operator ", "root", "none"})
        CHECK_MESSAGE(!access_role_from_string(word), word);
}

TEST_CASE("the devices that a person may see are those of his sites") {
    const AccessPolicy policy = sample();
    CHECK(policy.devices_of(*policy.find("alice")) == std::vector<std::string>{"gate-1", "gate-2"});
    CHECK(policy.devices_of(*policy.find("bob")) == std::vector<std::string>{"gate-7"});
    CHECK(policy.devices_of(*policy.find("carol")).empty());
    CHECK(policy.find("Alice") == nullptr);
    CHECK(policy.find("") == nullptr);
}
