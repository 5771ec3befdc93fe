// Recipient sets that nobody issued, at both ends of the road: a device takes none of them, and a read that
// is sealed to one is an alarm at the collector. PORTCULLIS_ROUNDS sets how many of each.
#include <doctest/doctest.h>

#include <random>

#include "base/file.hpp"
#include "seal/device_recipients.hpp"
#include "support/rounds.hpp"
#include "unit/collector/collector_bench.hpp"
#include "unit/seal/test_sets.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

/// A device that lives by a set of version 1000, and everybody who would like it to live by another.
struct Siege {
    SetDesk desk;
    FakeClock clock{now};
    RecipientSet genuine = desk.set(1000);
    std::filesystem::path kept = desk.pki.folder() / "kept.set";
    DeviceRecipients recipients = must(DeviceRecipients::create(desk.rules(), kept, clock));
    RecipientEntry foreign = desk.entry(Purpose::read, today, {.ca = "stranger-ca"});
    RecipientEntry own = desk.entry(Purpose::read, today);
    SetDesk::AnyKey policy{desk.policy};
    std::vector<std::unique_ptr<SetDesk::AnyKey>> hands;

    Siege() {
        const std::string extended = "emailProtection," + std::string(oid_policy);
        for (const Request& request :
             {Request{.ca = "stranger-ca", .extended = extended},
              Request{.ca = "device-ca", .extended = extended},
              Request{.ca = "service-ca", .extended = extended},
              Request{.ca = "recipient-ca", .extended = extended}, Request{.ca = "root"}})
            hands.push_back(std::make_unique<SetDesk::AnyKey>(
                desk.pki.issue(fmt::format("hand-{}", hands.size()), "policy", request)));
        REQUIRE(must(recipients.offer(desk.sign(genuine))));
    }
    Bytes by(const SigningKey& key, const RecipientSet& set) const {
        return must(sign_recipient_set(key, set));
    }
};

/// One of what a thief, a compromised uplink, or a policy key's old copy would bring.
Bytes injected(const Siege& siege, std::mt19937& random) {
    RecipientSet set = siege.genuine;
    set.version = 1001 + random() % 1000;
    set.entries[0] = siege.own;
    switch (random() % 5) {
        case 0:  // signed by whoever is not the policy key
            return siege.by(*siege.hands[random() % siege.hands.size()], set);
        case 1:  // older than the one in use
            set.version = 1 + random() % 999;
            return siege.by(siege.policy, set);
        case 2:  // another one of the same version
            set.version = siege.genuine.version;
            return siege.by(siege.policy, set);
        case 3:  // with a recipient of a foreign CA
            set.entries[0] = siege.foreign;
            return siege.by(siege.policy, set);
        default: {  // changed on its way
            Bytes blob = siege.by(siege.policy, set);
            blob[random() % blob.size()] ^= static_cast<std::byte>(1U << (random() % 8));
            return blob;
        }
    }
}

Digest random_digest(std::mt19937& random) {
    Digest digest;
    for (std::byte& byte : digest)
        byte = static_cast<std::byte>(random());
    return digest;
}

}  // namespace

TEST_CASE("attack: recipient sets that policy did not issue are offered to a device: it takes none") {
    Siege siege;
    const Digest in_use = siege.recipients.in_use()->digest;
    std::mt19937 random(9);
    for (int round = rounds_or(100); round > 0; --round) {
        REQUIRE_FALSE(siege.recipients.offer(injected(siege, random)).has_value());
        REQUIRE(siege.recipients.in_use()->digest == in_use);
    }
    CHECK(sha256(must(read_file(siege.kept, max_recipient_set_bytes))) == in_use);
}

TEST_CASE("attack: reads are sealed to recipient sets that nobody issued: each set is an alarm") {
    CollectorBench bench;
    std::mt19937 random(10);
    std::set<Digest> issued;
    while (issued.size() < 30)
        issued.insert(random_digest(random));
    bench.ingest->know_sets(issued);
    TestDevice device(bench.road);
    for (int round = rounds_or(20); round > 0; --round) {
        // A secret set, then one that was issued, from the same device in the same chain.
        const Digest secret = random_digest(random);
        for (const Digest& set : {secret, *std::next(issued.begin(), static_cast<long>(random() % 30))}) {
            Audiences audiences;
            audiences.read.push_back(must(load_certificate(bench.road.reader.certificate)));
            audiences.set = set;  // no pictures: nobody may open them
            device.seal_to(std::move(audiences));
            bench.deliver(device.messages(device.seal()));
        }
        bench.judge_all();
        const auto newest = must(bench.store().incidents.newest(2));
        REQUIRE_FALSE(newest.empty());
        REQUIRE(newest.front().what.find("alarm: sealed to the recipient set " + to_hex(secret)) !=
                std::string::npos);
        bench.clock.advance(std::chrono::seconds(1));
    }
    const auto incidents = must(bench.store().incidents.newest(20'000));
    CHECK(incidents.size() == static_cast<std::size_t>(std::min(rounds_or(20), 10'000)));
}
