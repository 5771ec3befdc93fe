#include "seal/device_recipients.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/file.hpp"
#include "record/payload.hpp"
#include "support/set_device.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

constexpr ClockQuality ntp = ClockQuality::ntp;

/// And the collector's keys.
struct Gate : SetDevice {
    ChainHead head = first_head();

    void set_utc(UtcTime time) { clock.step_utc(time - clock.utc()); }
    /// What a record leaves now; empty when nothing may be recorded.
    std::vector<SealedItem> seal(ClockQuality quality = ntp) {
        recipients.apply(sealer, quality);
        auto sealed = sealer.seal(sample_record(), head, {});
        return sealed ? std::move(sealed->items) : std::vector<SealedItem>();
    }
    EnvelopeOpener opener(const std::vector<KeyFiles>& keys) const {
        std::vector<RecipientFiles> files;
        for (const KeyFiles& pair : keys)
            files.push_back({pair.key, pair.certificate});
        return must(
            EnvelopeOpener::create(files, must(TrustStore::create({.ca_chain = desk.pki.chain("device-ca"),
                                                                   .signers = desk.pki.signers()}))));
    }
    OpenedRead open(const std::vector<KeyFiles>& keys, const SealedItem& item) const {
        return opener(keys).open_read(item.blob, now);
    }
};

std::vector<ItemKind> kinds(const std::vector<SealedItem>& items) {
    std::vector<ItemKind> kinds;
    for (const SealedItem& item : items)
        kinds.push_back(item.kind);
    return kinds;
}

const std::vector<ItemKind> everything = {ItemKind::read, ItemKind::plate, ItemKind::overview};
const std::vector<ItemKind> read_alone = {ItemKind::read};
const std::vector<ItemKind> nothing = {};

}  // namespace

TEST_CASE("without a set nothing is recorded, with the first one it begins, and the read names the set") {
    Gate gate;
    CHECK(gate.seal().empty());
    RecipientSet set = gate.desk.set(1);
    const KeyFiles reader = gate.desk.recipient(Purpose::read);
    set.entries[0] = SetDesk::entry_of(Purpose::read, today, reader);
    CHECK(must(gate.recipients.offer(gate.desk.sign(set))));
    const auto items = gate.seal();
    REQUIRE(kinds(items) == everything);
    const OpenedRead read = gate.open({reader}, items[0]);
    REQUIRE(read.payload);
    CHECK(read.payload->recipient_set == gate.recipients.in_use()->digest);
    CHECK_FALSE(read.payload->stale_set);
}

TEST_CASE("each audience opens its own items and no others, all sixteen pairs") {
    Gate gate;
    const std::vector<KeyFiles> keys = {
        gate.desk.recipient(Purpose::read), gate.desk.recipient(Purpose::plate),
        gate.desk.recipient(Purpose::overview), gate.desk.recipient(Purpose::health)};
    RecipientSet set = gate.desk.set(1);
    for (std::size_t i = 0; i < 4; ++i)
        set.entries[i] = SetDesk::entry_of(static_cast<Purpose>(i), today, keys[i]);
    REQUIRE(gate.recipients.offer(gate.desk.sign(set)));
    auto items = gate.seal();
    REQUIRE(kinds(items) == everything);
    items.push_back(must(gate.sealer.health(gate.head, {}, {}, now)));
    for (std::size_t audience = 0; audience < 4; ++audience)
        for (std::size_t item = 0; item < 4; ++item) {
            CAPTURE(audience);
            CAPTURE(item);
            const EnvelopeOpener opener = gate.opener({keys[audience]});
            const bool opened = item == 0   ? opener.open_read(items[0].blob, now).payload.has_value()
                                : item == 3 ? opener.open_health(items[3].blob, now).payload.has_value()
                                            : !opener.open_media(items[item].blob).padded.empty();
            CHECK(opened == (audience == item));
        }
}

TEST_CASE("a set that names nobody for health: those who open reads do, by the digest that it signs") {
    Gate gate;
    const KeyFiles reader = gate.desk.recipient(Purpose::read);
    RecipientSet set = gate.desk.set(1);
    set.entries[0] = SetDesk::entry_of(Purpose::read, today, reader);
    set.entries.pop_back();
    REQUIRE(gate.recipients.offer(gate.desk.sign(set)));
    CHECK_FALSE(gate.sealer.seals_health());
    gate.recipients.apply(gate.sealer, ntp);
    REQUIRE(gate.sealer.seals_health());
    const auto item = must(gate.sealer.health(gate.head, {}, {}, now));
    const OpenedHealth opened = gate.opener({reader}).open_health(item.blob, now);
    REQUIRE(opened.payload);
    CHECK(opened.verdict.good());
    CHECK(opened.payload->recipient_set == gate.recipients.in_use()->digest);
}

TEST_CASE("weeks offline: health goes on with the reads, also when pictures end, and ends with them") {
    Gate gate;
    REQUIRE(gate.recipients.offer(gate.desk.sign(gate.desk.set(1))));
    for (const auto& [days, sealed] : {std::pair(0, true), {8, true}, {15, true}, {22, false}}) {
        CAPTURE(days);
        gate.set_utc(now + days * day);
        gate.recipients.apply(gate.sealer, ntp);
        CHECK(gate.sealer.seals_health() == sealed);
        CHECK(gate.sealer.health(gate.head, {}, {}, now).has_value() == sealed);
    }
}

TEST_CASE("a lost recipient key: the second recipient opens") {
    Gate gate;
    const KeyFiles lost = gate.desk.recipient(Purpose::read);
    const KeyFiles second = gate.desk.recipient(Purpose::read);
    RecipientSet set = gate.desk.set(1);
    set.entries[0] = SetDesk::entry_of(Purpose::read, today, lost);
    set.entries.push_back(SetDesk::entry_of(Purpose::read, today, second));
    std::sort(set.entries.begin(), set.entries.end());
    REQUIRE(gate.recipients.offer(gate.desk.sign(set)));
    const auto items = gate.seal();
    REQUIRE_FALSE(items.empty());
    const OpenedRead read = gate.open({second}, items[0]);
    REQUIRE(read.payload);
    CHECK(read.verdict.good());
    CHECK(gate.open({gate.desk.recipient(Purpose::read)}, items[0]).verdict.authenticity ==
          Authenticity::unopened);
}

TEST_CASE(
    "rotation with overlap: at midnight the next epoch's key is sealed to, the old key opens what was sealed "
    "to it") {
    Gate gate;
    const KeyFiles old_key = gate.desk.recipient(Purpose::read);
    const KeyFiles new_key = gate.desk.recipient(Purpose::read);
    RecipientSet set = gate.desk.set(1);
    set.entries[0] = SetDesk::entry_of(Purpose::read, today, old_key);
    set.entries.insert(set.entries.begin() + 1, SetDesk::entry_of(Purpose::read, today + day, new_key));
    REQUIRE(gate.recipients.offer(gate.desk.sign(set)));
    gate.set_utc(UtcTime(today + day) - microseconds(1));
    const auto before = gate.seal();
    gate.set_utc(UtcTime(today + day));
    const auto after = gate.seal();
    CHECK(gate.open({old_key}, before[0]).payload.has_value());
    CHECK_FALSE(gate.open({new_key}, before[0]).payload.has_value());
    CHECK(gate.open({new_key}, after[0]).payload.has_value());
    CHECK_FALSE(gate.open({old_key}, after[0]).payload.has_value());
    // While both live, whoever has both opens both: what was spooled for weeks as well as what is new.
    CHECK(gate.open({new_key, old_key}, before[0]).verdict.good());
    CHECK(gate.open({new_key, old_key}, after[0]).verdict.good());
}

TEST_CASE(
    "weeks offline: fresh for 7 days, flagged for 7, without pictures for 7, then nothing, a new set heals "
    "all") {
    Gate gate;
    const KeyFiles reader = gate.desk.recipient(Purpose::read);
    RecipientSet set = gate.desk.set(1);
    set.entries[0] = SetDesk::entry_of(Purpose::read, today, reader);
    REQUIRE(gate.recipients.offer(gate.desk.sign(set)));
    const UtcTime start = gate.clock.utc();
    for (int hour = 0; hour <= 30 * 24; hour += 3) {
        gate.set_utc(start + std::chrono::hours(hour));
        const auto items = gate.seal();
        CAPTURE(hour);
        CHECK(kinds(items) == (hour <= 14 * 24 ? everything : hour <= 21 * 24 ? read_alone : nothing));
        if (items.empty()) continue;
        const OpenedRead read = gate.open({reader}, items[0]);
        REQUIRE(read.payload);
        CHECK(read.payload->stale_set == (hour > 7 * 24));
        CHECK(read.payload->media.size() == items.size() - 1);
    }
    RecipientSet next = gate.desk.set(2);
    next.issued = gate.clock.utc();
    REQUIRE(gate.recipients.offer(gate.desk.sign(next)));
    CHECK(kinds(gate.seal()) == everything);
}

TEST_CASE(
    "a clock that is not set, or years off without anybody who sets it, ends no reads and chooses no epoch") {
    for (const ClockQuality quality : {ClockQuality::none, ClockQuality::rtc})
        for (const int year : {1970, 2010, 2040}) {
            Gate gate;
            REQUIRE(gate.recipients.offer(gate.desk.sign(gate.desk.set(1))));
            gate.set_utc(UtcTime(std::chrono::sys_days(std::chrono::year(year) / 1 / 1)));
            CAPTURE(year);
            CHECK(kinds(gate.seal(quality)) == everything);
            CHECK(gate.recipients.age(quality) == SetAge::fresh);
        }
}

TEST_CASE("without a clock the set ages by time since boot, and by the times that the collector signed") {
    Gate gate;
    REQUIRE(gate.recipients.offer(gate.desk.sign(gate.desk.set(1))));
    gate.clock.advance(8 * day);
    CHECK(gate.recipients.age(ClockQuality::none) == SetAge::stale);
    gate.recipients.witness(now + 15 * day);
    CHECK(gate.recipients.age(ClockQuality::none) == SetAge::reads_only);
    CHECK(kinds(gate.seal(ClockQuality::none)) == read_alone);
    gate.recipients.witness(now);  // an old receipt takes nothing back
    CHECK(gate.recipients.age(ClockQuality::none) == SetAge::reads_only);
}

TEST_CASE("the set in use outlives the process, and so does its version") {
    Gate gate;
    REQUIRE(gate.recipients.offer(gate.desk.sign(gate.desk.set(5))));
    auto again = must(DeviceRecipients::create(gate.desk.rules(), gate.kept, gate.clock));
    REQUIRE(again.in_use());
    CHECK(again.in_use()->set.version == 5);
    CHECK_FALSE(again.offer(gate.desk.sign(gate.desk.set(4))));
    CHECK(must(again.offer(gate.desk.sign(gate.desk.set(6)))));
}

TEST_CASE("attack: what the uplink puts in the place of a set changes nothing") {
    Gate gate;
    REQUIRE(gate.recipients.offer(gate.desk.sign(gate.desk.set(2))));
    const Digest used = gate.recipients.in_use()->digest;
    const KeyFiles stranger = gate.desk.pki.device("gate-9");
    for (const Bytes& blob : {Bytes(), Bytes(100), gate.desk.sign(gate.desk.set(1)),
                              gate.desk.sign_with(stranger, gate.desk.set(9))})
        CHECK_FALSE(gate.recipients.offer(blob));
    CHECK_FALSE(must(gate.recipients.offer(gate.recipients.in_use()->blob)));
    CHECK(gate.recipients.in_use()->digest == used);
    CHECK(must(read_file(gate.kept, max_recipient_set_bytes)) == gate.recipients.in_use()->blob);
    CHECK(kinds(gate.seal()) == everything);
}

TEST_CASE("a kept set that was damaged is passed over, and the next one is taken") {
    Gate gate;
    REQUIRE(write_file_atomically(gate.kept, as_bytes("not a set")));
    auto again = must(DeviceRecipients::create(gate.desk.rules(), gate.kept, gate.clock));
    CHECK_FALSE(again.in_use());
    CHECK(must(again.offer(gate.desk.sign(gate.desk.set(1)))));
}

TEST_CASE("a set that names nobody for a picture leaves that picture out") {
    Gate gate;
    RecipientSet set = gate.desk.set(1);
    std::erase_if(set.entries,
                  [](const RecipientEntry& entry) { return entry.purpose == Purpose::overview; });
    REQUIRE(gate.recipients.offer(gate.desk.sign(set)));
    CHECK(kinds(gate.seal()) == std::vector<ItemKind>{ItemKind::read, ItemKind::plate});
}

TEST_CASE("a set that cannot be kept is not taken, and may come again") {
    Gate gate;
    auto recipients = must(DeviceRecipients::create(
        gate.desk.rules(), gate.desk.pki.folder() / "missing" / "x.set", gate.clock));
    CHECK_FALSE(recipients.offer(gate.desk.sign(gate.desk.set(1))));
    CHECK_FALSE(recipients.in_use());
}
