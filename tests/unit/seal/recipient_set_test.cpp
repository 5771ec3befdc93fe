#include "seal/recipient_set.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/file.hpp"
#include "record/recipient_set_codec.hpp"
#include "seal/statement.hpp"
#include "unit/seal/test_sets.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

bool refused(const Result<KnownRecipients>& opened, std::string_view part) {
    REQUIRE_FALSE(opened);
    INFO(opened.error().message());
    return opened.error().code() == ErrorCode::refused &&
           opened.error().message().find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a device takes the set that the policy key signed") {
    const SetDesk desk;
    const RecipientSet set = desk.set(3);
    const KnownRecipients known = must(desk.gate().open(desk.sign(set), std::nullopt, now));
    CHECK(known.set == set);
    CHECK(known.certificates.size() == set.entries.size());
    CHECK(known.digest == sha256(known.blob));
}

TEST_CASE("the epoch in force is the last that has begun, the first one when none has") {
    const SetDesk desk;
    RecipientSet set = desk.set(1);
    set.entries = {desk.entry(Purpose::read, today), desk.entry(Purpose::read, today + day),
                   desk.entry(Purpose::read, today + day), desk.entry(Purpose::plate, today)};
    std::sort(set.entries.begin(), set.entries.end());
    const KnownRecipients known = must(desk.gate().open(desk.sign(set), std::nullopt, now));
    CHECK(known.in_force(Purpose::read, UtcTime(today - day)) == std::vector<std::size_t>{0});
    CHECK(known.in_force(Purpose::read, UtcTime(today)) == std::vector<std::size_t>{0});
    CHECK(known.in_force(Purpose::read, UtcTime(today + day) - microseconds(1)) ==
          std::vector<std::size_t>{0});
    CHECK(known.in_force(Purpose::read, UtcTime(today + day)) == std::vector<std::size_t>{1, 2});
    CHECK(known.in_force(Purpose::read, UtcTime(today + 90 * day)) == std::vector<std::size_t>{1, 2});
    CHECK(known.in_force(Purpose::plate, UtcTime(today + 90 * day)) == std::vector<std::size_t>{3});
    CHECK(known.in_force(Purpose::overview, now).empty());
}

TEST_CASE(
    "a set is fresh for 7 days, stale for 7 more, then for reads only, then over, a clock that lags is no "
    "age") {
    CHECK(age_of(now, now - 4000 * day) == SetAge::fresh);
    CHECK(age_of(now, now + 7 * day) == SetAge::fresh);
    CHECK(age_of(now, now + 7 * day + microseconds(1)) == SetAge::stale);
    CHECK(age_of(now, now + 14 * day) == SetAge::stale);
    CHECK(age_of(now, now + 15 * day) == SetAge::reads_only);
    CHECK(age_of(now, now + 21 * day) == SetAge::reads_only);
    CHECK(age_of(now, now + 22 * day) == SetAge::over);
}

TEST_CASE("the set in use may come again, a higher version replaces it") {
    const SetDesk desk;
    const KnownRecipients used = must(desk.gate().open(desk.sign(desk.set(3)), std::nullopt, now));
    const SetInUse in_use{used.set.version, used.digest};
    CHECK(desk.gate().open(used.blob, in_use, now).has_value());
    CHECK(desk.gate().open(desk.sign(desk.set(4)), in_use, now).has_value());
}

TEST_CASE("attack: an old set is played back, its version is lower") {
    const SetDesk desk;
    const Bytes old = desk.sign(desk.set(3));
    CHECK(refused(desk.gate().open(old, SetInUse{4, {}}, now), "version 3 is lower than 4"));
}

TEST_CASE("attack: a second set of the same version, other bytes") {
    const SetDesk desk;
    const KnownRecipients used = must(desk.gate().open(desk.sign(desk.set(3)), std::nullopt, now));
    RecipientSet other = desk.set(3);
    other.entries.push_back(desk.entry(Purpose::health, today + 3 * day));
    CHECK(refused(desk.gate().open(desk.sign(other), SetInUse{3, used.digest}, now),
                  "another one has the version 3"));
}

TEST_CASE("attack: a recipient of a foreign CA, of the device CA, of the service CA") {
    const SetDesk desk;
    for (const char* ca : {"stranger-ca", "device-ca", "service-ca"}) {
        RecipientSet set = desk.set(1);
        set.entries.push_back(desk.entry(Purpose::health, today + 3 * day, {.ca = ca}));
        CAPTURE(ca);
        CHECK(refused(desk.gate().open(desk.sign(set), std::nullopt, now), "not issued by the recipient CA"));
    }
}

TEST_CASE("attack: a recipient for another purpose, of every pair of purposes, and one for none") {
    const SetDesk desk;
    const std::vector<std::pair<Purpose, std::string>> uses = {{Purpose::read, oid_receive_reads},
                                                               {Purpose::plate, oid_receive_plates},
                                                               {Purpose::overview, oid_receive_overviews},
                                                               {Purpose::health, oid_receive_health}};
    for (const auto& [purpose, ignored] : uses)
        for (const auto& [other, oid] : uses) {
            RecipientSet set = desk.set(1);
            set.entries.push_back(desk.entry(purpose, today + 3 * day, {.extended = oid}));
            std::sort(set.entries.begin(), set.entries.end());
            CAPTURE(to_string(purpose));
            CAPTURE(oid);
            const auto opened = desk.gate().open(desk.sign(set), std::nullopt, now);
            CHECK(opened.has_value() == (purpose == other));
        }
    for (const char* extended : {"", "emailProtection", "clientAuth"}) {
        RecipientSet set = desk.set(1);
        set.entries.push_back(desk.entry(Purpose::health, today + 3 * day, {.extended = extended}));
        CHECK(refused(desk.gate().open(desk.sign(set), std::nullopt, now), "wrong key usage"));
    }
}

TEST_CASE("attack: a recipient's certificate that may sign but not agree on keys") {
    const SetDesk desk;
    RecipientSet set = desk.set(1);
    set.entries.push_back(desk.entry(Purpose::health, today + 3 * day, {.usage = "digitalSignature"}));
    CHECK(refused(desk.gate().open(desk.sign(set), std::nullopt, now), "wrong key usage"));
}

TEST_CASE("attack: an expired set, an expired policy key, a set from after its policy key's end") {
    const SetDesk desk;
    const Bytes set = desk.sign(desk.set(1));
    CHECK(desk.gate().open(set, std::nullopt, now + 9 * day).has_value());
    CHECK(refused(desk.gate().open(set, std::nullopt, now + 22 * day),
                  "holds from"));  // the key's 10 days are over
    RecipientSet later = desk.set(2);
    later.issued = now + 11 * day;
    CHECK(refused(desk.gate().open(desk.sign(later), std::nullopt, now), "holds from"));
    const SetDesk lasting(100 * day);
    CHECK(
        refused(lasting.gate().open(lasting.sign(lasting.set(1)), std::nullopt, now + 22 * day), "expired"));
}

TEST_CASE("attack: an epoch that its recipient's certificate does not cover") {
    const SetDesk desk;
    RecipientSet set = desk.set(1);
    set.entries.push_back(desk.entry(Purpose::health, today + 400 * day));
    CHECK(refused(desk.gate().open(desk.sign(set), std::nullopt, now), "does not hold on the day"));
}

TEST_CASE("a recipient that was certified at noon serves the epoch of the same day, and none before") {
    const SetDesk desk;
    const KeyFiles noon = desk.pki.issue("noon", "noon",
                                         {.ca = "recipient-ca",
                                          .usage = "keyAgreement",
                                          .extended = oid_receive_reads,
                                          .from = UtcTime(today) + std::chrono::hours(12)});
    RecipientSet set = desk.set(1);
    set.entries[0] = SetDesk::entry_of(Purpose::read, today, noon);
    CHECK(desk.gate().open(desk.sign(set), std::nullopt, now).has_value());
    set.entries[0] = SetDesk::entry_of(Purpose::read, today - day, noon);
    CHECK(refused(desk.gate().open(desk.sign(set), std::nullopt, now), "does not hold on the day"));
}

TEST_CASE(
    "attack: a set signed by a device's, a service's or a recipient's key, or by a stranger's policy key") {
    const SetDesk desk;
    const std::string policy = "emailProtection," + std::string(oid_policy);
    const std::vector<std::pair<KeyFiles, const char*>> rows = {
        {desk.pki.device("gate-1"), "a device's read key"},
        {desk.pki.issue("service", "collector", {.ca = "service-ca"}), "the receipt key"},
        {desk.pki.issue("recipient", "r",
                        {.ca = "recipient-ca", .usage = "keyAgreement", .extended = oid_receive_reads}),
         "a recipient"},
        {desk.pki.issue("stranger", "policy", {.ca = "stranger-ca", .extended = policy}),
         "a stranger's policy key"},
        {desk.pki.issue("device-ca-policy", "policy", {.ca = "device-ca", .extended = policy}),
         "a policy key of the device CA"}};
    for (const auto& [files, who] : rows) {
        CAPTURE(who);
        const Bytes blob = desk.sign_with(files, desk.set(1));
        CHECK(refused(desk.gate().open(blob, std::nullopt, now), "unknown key"));
        // Not even when it stands among the policy keys by mistake.
        CHECK(refused(desk.gate_knowing(files).open(blob, std::nullopt, now), "as a policy key"));
    }
}

TEST_CASE("attack: too many recipients, and a set larger than a set may be") {
    const SetDesk desk;
    RecipientSet set = desk.set(1);
    const RecipientEntry last = desk.entry(Purpose::health, today);
    while (set.entries.size() < max_set_entries) {
        set.entries.push_back(last);
        set.entries.back().epoch = today + day * static_cast<int>(set.entries.size());
    }
    CHECK(encode_recipient_set(set).has_value());
    set.entries.push_back(last);
    set.entries.back().epoch = today + 99 * day;
    CHECK_FALSE(encode_recipient_set(set));
    // Signed nevertheless, by somebody who has the key and not our writer.
    set.entries.pop_back();
    std::string json = must(encode_recipient_set(set));
    const std::string first_plate = json.substr(json.find("{\"purpose\":\"overview\""));
    json.replace(json.size() - 2, 2, "," + first_plate);
    CHECK(refused(desk.gate().open(desk.sign_text(json), std::nullopt, now), "at most 64"));
    const auto large = desk.gate().open(Bytes(max_recipient_set_bytes + 1), std::nullopt, now);
    CHECK_FALSE(large);
}

TEST_CASE("attack: one key in two epochs would outlive the first") {
    const SetDesk desk;
    RecipientSet set = desk.set(1);
    RecipientEntry again = set.entries.front();
    again.epoch += std::chrono::days(1);
    set.entries.insert(set.entries.begin() + 1, again);
    CHECK(refused(desk.gate().open(desk.sign(set), std::nullopt, now), "stands in another entry"));
}

TEST_CASE("attack: another fleet's set") {
    const SetDesk desk;
    RecipientSet set = desk.set(1);
    set.fleet = "south";
    CHECK(refused(desk.gate().open(desk.sign(set), std::nullopt, now), "of the fleet 'south'"));
}

TEST_CASE("attack: flipped bits, a cut and an appended byte, all refused") {
    const SetDesk desk;
    const Bytes good = desk.sign(desk.set(1));
    const RecipientSetGate gate = desk.gate();
    for (std::size_t i = 0; i < good.size(); i += 5) {
        Bytes bad = good;
        bad[i] ^= static_cast<std::byte>(1U << (i % 8));
        CAPTURE(i);
        CHECK_FALSE(gate.open(bad, std::nullopt, now));
    }
    for (std::size_t length = 0; length < good.size(); length += 97)
        CHECK_FALSE(gate.open(ByteView(good).first(length), std::nullopt, now));
    Bytes longer = good;
    longer.push_back(std::byte{0});
    CHECK_FALSE(gate.open(longer, std::nullopt, now));
}

TEST_CASE("attack: another signed statement of the policy key is no set, and a set is no receipt") {
    const SetDesk desk;
    CHECK(
        refused(desk.gate().open(desk.sign_text(R"({"v":1,"kind":"receipt"})"), std::nullopt, now), "kind"));
    CHECK(refused(desk.gate().open(desk.sign_text(R"({"v":2,"kind":"recipients"})"), std::nullopt, now), ""));
    CHECK_FALSE(check_signed_profile(Bytes(max_signed_bytes + 1)));
}
