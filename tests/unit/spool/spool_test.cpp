#include "spool/spool.hpp"

#include "support.hpp"

using namespace portcullis;
using namespace portcullis::test;

TEST_CASE("a new spool begins its chain at seq 1 with the first link of device and chain") {
    const TempDir dir;
    const Spool spool = open_spool(settings_in(dir));
    CHECK(spool.head().next_seq == 1);
    CHECK(spool.head().link == first_link("gate-1", spool.head().chain));
}

TEST_CASE("two spools have different chains") {
    const TempDir one;
    const TempDir two;
    CHECK(open_spool(settings_in(one)).head().chain != open_spool(settings_in(two)).head().chain);
}

TEST_CASE("items come back whole and in order, and the head has moved") {
    const TempDir dir;
    Spool spool = open_spool(settings_in(dir));
    ChainHead head = spool.head();
    const SealedRecord record =
        next_record(head, {{ItemKind::read, 700}, {ItemKind::plate, 6000}, {ItemKind::overview, 90'000}});
    REQUIRE(spool.append(record));
    CHECK(spool.head().next_seq == 4);
    CHECK(spool.head().link == head.link);
    const auto items = all_of(spool);
    REQUIRE(items.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(items[i].item.seq == i + 1);
        CHECK(items[i].first == i + 1);
        CHECK(items[i].item.kind == record.items[i].kind);
        CHECK(items[i].item.blob == record.items[i].blob);
        CHECK(items[i].item.link == record.items[i].link);
    }
}

TEST_CASE("the chain goes on where it stood after the spool is closed and opened") {
    const TempDir dir;
    ChainHead head;
    {
        Spool spool = open_spool(settings_in(dir));
        head = spool.head();
        REQUIRE(spool.append(next_read(head)));
    }
    Spool spool = open_spool(settings_in(dir));
    CHECK(spool.head().chain == head.chain);
    CHECK(spool.head().next_seq == 2);
    CHECK(spool.head().link == head.link);
    REQUIRE(spool.append(next_read(head)));
    CHECK(all_of(spool).size() == 2);
}

TEST_CASE("a record that does not continue the head is refused and nothing is kept") {
    const TempDir dir;
    Spool spool = open_spool(settings_in(dir));
    const auto refused = [&](const SealedRecord& record) {
        const auto outcome = spool.append(record);
        REQUIRE_FALSE(outcome);
        CHECK(outcome.error().code() == ErrorCode::refused);
        CHECK(spool.head().next_seq == 1);
        CHECK(all_of(spool).empty());
    };
    SUBCASE("seq too high") {
        ChainHead head = spool.head();
        head.next_seq = 2;
        refused(next_read(head));
    }
    SUBCASE("another link") {
        ChainHead head = spool.head();
        head.link = {};
        refused(next_read(head));
    }
    SUBCASE("another chain") {
        ChainHead head = spool.head();
        head.chain.bytes[0] ^= std::byte{1};
        refused(next_read(head));
    }
    SUBCASE("only the second item is wrong") {
        ChainHead head = spool.head();
        SealedRecord record = next_record(head, {{ItemKind::read, 300}, {ItemKind::plate, 300}});
        record.items[1].blob[0] ^= std::byte{1};
        refused(record);
    }
}

TEST_CASE("empty and oversized blobs, empty records and foreign tombstones are invalid") {
    const TempDir dir;
    Spool spool = open_spool(settings_in(dir));
    ChainHead head = spool.head();
    SealedRecord record{head.chain, {}};
    SUBCASE("no items") {}
    SUBCASE("empty blob") {
        record = next_record(head, {{ItemKind::read, 0}});
    }
    SUBCASE("oversized blob") {
        record = next_record(head, {{ItemKind::read, max_blob_bytes + 1}});
    }
    SUBCASE("tombstone") {
        record = next_record(head, {{ItemKind::tombstone, 500}});
    }
    const auto outcome = spool.append(record);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code() == ErrorCode::invalid_argument);
}

TEST_CASE("peek keeps to its window but always gives one item") {
    const TempDir dir;
    Spool spool = open_spool(settings_in(dir));
    ChainHead head = spool.head();
    for (int i = 0; i < 5; ++i)
        REQUIRE(spool.append(next_record(head, {{ItemKind::read, 1000}})));
    CHECK(spool.peek(0, 3, 1 << 20).value().size() == 3);
    CHECK(spool.peek(0, 100, 2500).value().size() == 2);
    CHECK(spool.peek(0, 100, 10).value().size() == 1);
    const auto tail = spool.peek(3, 100, 1 << 20).value();
    REQUIRE(tail.size() == 2);
    CHECK(tail[0].item.seq == 4);
    CHECK(spool.peek(5, 100, 1 << 20).value().empty());
}

TEST_CASE("a receipt releases up to its seq and its digest is kept") {
    const TempDir dir;
    Spool spool = open_spool(settings_in(dir));
    ChainHead head = spool.head();
    std::vector<Digest> links;
    for (int i = 0; i < 5; ++i) {
        REQUIRE(spool.append(next_read(head)));
        links.push_back(head.link);
    }
    CHECK(spool.last_receipt_digest().value() == std::nullopt);
    const Digest receipt = sha256(as_bytes("receipt"));
    CHECK(spool.release(head.chain, 3, links[2], receipt).value() == 3);
    CHECK(all_of(spool).front().item.seq == 4);
    CHECK(spool.last_receipt_digest().value() == receipt);
    CHECK(spool.stats().value().received == 3);
}

TEST_CASE("seqs are not used again after everything was released") {
    const TempDir dir;
    ChainHead head;
    {
        Spool spool = open_spool(settings_in(dir));
        head = spool.head();
        REQUIRE(spool.append(next_read(head)));
        REQUIRE(spool.release(head.chain, 1, head.link, {}));
        CHECK(all_of(spool).empty());
    }
    const Spool spool = open_spool(settings_in(dir));
    CHECK(spool.head().next_seq == 2);
    CHECK(spool.head().link == head.link);
    CHECK(spool.head().chain == head.chain);
}

TEST_CASE("a receipt that speaks of another chain is refused and releases nothing") {
    const TempDir dir;
    Spool spool = open_spool(settings_in(dir));
    ChainHead head = spool.head();
    REQUIRE(spool.append(next_read(head)));
    ChainId chain = head.chain;
    Seq upto = 1;
    Digest link = head.link;
    SUBCASE("another link") {
        link[5] ^= std::byte{1};
    }
    SUBCASE("another chain id") {
        chain.bytes[0] ^= std::byte{1};
    }
    SUBCASE("a seq that was never given") {
        upto = 2;
    }
    const auto outcome = spool.release(chain, upto, link, {});
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code() == ErrorCode::refused);
    CHECK(outcome.error().message().find("receipt") != std::string::npos);
    CHECK(all_of(spool).size() == 1);
    CHECK(spool.last_receipt_digest().value() == std::nullopt);
}

TEST_CASE("an old receipt does nothing and does not replace the last one") {
    const TempDir dir;
    Spool spool = open_spool(settings_in(dir));
    ChainHead head = spool.head();
    REQUIRE(spool.append(next_read(head)));
    const Digest first = head.link;
    REQUIRE(spool.append(next_read(head)));
    const Digest late = sha256(as_bytes("late"));
    REQUIRE(spool.release(head.chain, 2, head.link, late).value() == 2);
    CHECK(spool.release(head.chain, 1, first, sha256(as_bytes("old"))).value() == 0);
    CHECK(spool.last_receipt_digest().value() == late);
}

TEST_CASE("a receipt for many rows releases all of them") {
    const TempDir dir;
    Spool spool = open_spool(settings_in(dir));
    ChainHead head = spool.head();
    for (int i = 0; i < 150; ++i)
        REQUIRE(spool.append(next_read(head)));
    CHECK(spool.release(head.chain, 150, head.link, {}).value() == 150);
    CHECK(spool.stats().value().items == 0);
    CHECK(spool.stats().value().bytes == 0);
}

TEST_CASE("the uplink sees what the reader appends and what a receipt would release, the reader releases") {
    const TempDir dir;
    Spool reader = open_spool(settings_in(dir));
    auto uplink = Spool::attach(settings_in(dir));
    REQUIRE(uplink);
    const auto before = uplink->version().value();
    ChainHead head = reader.head();
    REQUIRE(reader.append(next_read(head)));
    CHECK(uplink->version().value() != before);
    REQUIRE(all_of(*uplink).size() == 1);
    CHECK(uplink->releasable(head.chain, 1, head.link).value() == 1);
    CHECK(uplink->releasable(head.chain, 1, head.link, 1).value() == 0);
    CHECK(uplink->releasable(head.chain, 2, head.link).error().code() == ErrorCode::refused);
    CHECK(uplink->releasable(head.chain, 1, {}).error().code() == ErrorCode::refused);
    CHECK(all_of(reader).size() == 1);
    REQUIRE(reader.release(head.chain, 1, head.link, sha256(as_bytes("r"))));
    CHECK(all_of(*uplink).empty());
    CHECK(uplink->releasable(head.chain, 1, head.link).value() == 0);
    CHECK(reader.last_receipt_digest().value() == sha256(as_bytes("r")));
    REQUIRE(reader.append(next_read(head)));
}

TEST_CASE("the age of the oldest item is told by the boot clock, whatever the calendar says") {
    const TempDir dir;
    FakeClock clock;
    auto spool = Spool::open(settings_in(dir), any_maker(), clock);
    REQUIRE(spool);
    CHECK(spool->stats().value().oldest_age == microseconds(0));
    ChainHead head = spool->head();
    REQUIRE(spool->append(next_read(head)));
    clock.advance(std::chrono::seconds(90));
    REQUIRE(spool->append(next_read(head)));
    const SpoolStats stats = spool->stats().value();
    CHECK(stats.oldest_age == std::chrono::seconds(90));
    CHECK(stats.items == 2);
    CHECK(stats.bytes == 600);
    CHECK(stats.last_seq == 2);
    clock.step_utc(std::chrono::hours(-5));
    CHECK(spool->stats().value().oldest_age == std::chrono::seconds(90));
}
