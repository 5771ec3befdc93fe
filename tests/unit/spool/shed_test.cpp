#include "spool/shed.hpp"

#include <algorithm>

#include "database/database.hpp"
#include "support.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

constexpr std::size_t kib = 1024;

/// Read 1 KiB, plate 4 KiB, overview 40 KiB.
SealedRecord full_record(ChainHead& head) {
    return next_record(head,
                       {{ItemKind::read, kib}, {ItemKind::plate, 4 * kib}, {ItemKind::overview, 40 * kib}});
}

/// As the collector walks it: each row begins after the one before, links follow or are declared.
void check_walk(const std::vector<SpooledItem>& items, ChainHead head) {
    for (const SpooledItem& row : items) {
        REQUIRE(row.first == head.next_seq);
        if (row.item.kind != ItemKind::tombstone) {
            REQUIRE(row.first == row.item.seq);
            REQUIRE(row.item.link == next_link(head.link, row.item.seq, sha256(row.item.blob)));
        }
        head.next_seq = row.item.seq + 1;
        head.link = row.item.link;
    }
}

std::size_t count(const std::vector<SpooledItem>& items, ItemKind kind) {
    std::size_t found = 0;
    for (const SpooledItem& row : items)
        found += row.item.kind == kind ? 1 : 0;
    return found;
}

}  // namespace

TEST_CASE("over quota the oldest overview goes first, and a signed tombstone stands in its place") {
    const TempDir dir;
    Signer signer;
    SpoolSettings settings = settings_in(dir);
    settings.quota_bytes = 150 * kib;  // three full records and a bit
    auto spool = Spool::open(settings, signer.maker());
    REQUIRE(spool);
    ChainHead head = spool->head();
    const ChainHead begin = head;
    for (int i = 0; i < 4; ++i)
        REQUIRE(spool->append(full_record(head)));
    const auto items = all_of(*spool);
    REQUIRE(items.size() == 12);
    CHECK(items[2].item.kind == ItemKind::tombstone);
    CHECK(items[2].item.seq == 3);
    CHECK(items[5].item.kind == ItemKind::overview);
    CHECK(count(items, ItemKind::read) == 4);
    check_walk(items, begin);
    REQUIRE(signer.signed_ones.size() == 1);
    CHECK(signer.signed_ones[0].device == "gate-1");
    CHECK(signer.signed_ones[0].first == 3);
    CHECK(signer.signed_ones[0].last == 3);
    CHECK(signer.signed_ones[0].overviews == 1);
    CHECK(signer.signed_ones[0].reads == 0);
    CHECK(signer.signed_ones[0].link == items[2].item.link);
}

TEST_CASE("without overviews the oldest records go whole, into one tombstone that counts them") {
    const TempDir dir;
    Signer signer;
    SpoolSettings settings = settings_in(dir);
    settings.quota_bytes = 150 * kib;
    auto spool = Spool::open(settings, signer.maker());
    REQUIRE(spool);
    ChainHead head = spool->head();
    const ChainHead begin = head;
    for (int i = 0; i < 60; ++i)
        REQUIRE(spool->append(full_record(head)));
    const auto items = all_of(*spool);
    check_walk(items, begin);
    REQUIRE(items.front().item.kind == ItemKind::tombstone);
    CHECK(items.front().first == 1);
    const Seq gone = items.front().item.seq;
    CHECK(gone % 3 == 0);  // whole records
    const Tombstone& last = signer.signed_ones.back();
    const SpoolStats stats = spool->stats().value();
    CHECK(stats.bytes <= settings.quota_bytes);
    CHECK(stats.shed_reads == gone / 3);
    CHECK(stats.shed_plates == gone / 3);
    CHECK(stats.shed_overviews == 60 - count(items, ItemKind::overview));
    CHECK(count(items, ItemKind::read) == 60 - gone / 3);
    CHECK(items.back().item.kind == ItemKind::overview);  // the newest record is whole
    CHECK(last.first <= last.last);
}

TEST_CASE("the newest of the merged tombstones counts everything that it stands for") {
    const TempDir dir;
    Signer signer;
    SpoolSettings settings = settings_in(dir);
    settings.quota_items = 10;
    auto spool = Spool::open(settings, signer.maker());
    REQUIRE(spool);
    ChainHead head = spool->head();
    for (int i = 0; i < 30; ++i)
        REQUIRE(spool->append(next_read(head)));
    const auto items = all_of(*spool);
    REQUIRE(items.size() == 10);
    REQUIRE(items[0].item.kind == ItemKind::tombstone);
    CHECK(items[0].first == 1);
    CHECK(items[0].item.seq == 21);
    CHECK(signer.signed_ones.back().reads == 21);
    CHECK(signer.signed_ones.back().last == 21);
    CHECK(spool->stats().value().shed_reads == 21);
}

TEST_CASE("checkpoints are shed with their age and counted") {
    const TempDir dir;
    Signer signer;
    SpoolSettings settings = settings_in(dir);
    settings.quota_items = 3;
    auto spool = Spool::open(settings, signer.maker());
    REQUIRE(spool);
    ChainHead head = spool->head();
    REQUIRE(spool->append(next_record(head, {{ItemKind::checkpoint, 400}})));
    for (int i = 0; i < 3; ++i)
        REQUIRE(spool->append(next_read(head)));
    CHECK(spool->stats().value().shed_checkpoints == 1);
    CHECK(signer.signed_ones.back().checkpoints == 1);
}

TEST_CASE("a tombstone is released like any row, by the link after the last item it stands for") {
    const TempDir dir;
    SpoolSettings settings = settings_in(dir);
    settings.quota_items = 4;
    Spool spool = open_spool(settings);
    ChainHead head = spool.head();
    for (int i = 0; i < 10; ++i)
        REQUIRE(spool.append(next_read(head)));
    const auto items = all_of(spool);
    REQUIRE(items[0].item.kind == ItemKind::tombstone);
    CHECK(spool.release(head.chain, items[0].item.seq, items[0].item.link, {}).value() == 1);
    CHECK(all_of(spool)[0].item.kind == ItemKind::read);
}

TEST_CASE("a receipt that ends inside a merged tombstone releases nothing, the next one does") {
    const TempDir dir;
    SpoolSettings settings = settings_in(dir);
    settings.quota_items = 4;
    Spool spool = open_spool(settings);
    ChainHead head = spool.head();
    REQUIRE(spool.append(next_read(head)));
    const Digest first = head.link;
    for (int i = 0; i < 9; ++i)
        REQUIRE(spool.append(next_read(head)));
    const auto before = all_of(spool);
    REQUIRE(before[0].item.seq > 1);
    CHECK(spool.release(head.chain, 1, first, {}).value() == 0);
    CHECK(all_of(spool).size() == before.size());
    CHECK(spool.release(head.chain, 10, head.link, {}).value() == before.size());
}

TEST_CASE("a record larger than the quota is refused with the cure and the spool stays whole") {
    const TempDir dir;
    SpoolSettings settings = settings_in(dir);
    settings.quota_bytes = 10 * kib;
    Spool spool = open_spool(settings);
    ChainHead head = spool.head();
    REQUIRE(spool.append(next_read(head)));
    ChainHead next = head;
    const auto outcome = spool.append(full_record(next));
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code() == ErrorCode::exhausted);
    CHECK(outcome.error().message().find("quota") != std::string::npos);
    CHECK(all_of(spool).size() == 1);
    CHECK(spool.append(next_read(head)));
}

TEST_CASE("when the tombstone cannot be signed nothing is shed and nothing is appended") {
    const TempDir dir;
    SpoolSettings settings = settings_in(dir);
    settings.quota_items = 2;
    auto spool = Spool::open(settings, [](const Tombstone&) -> Result<Bytes> {
        return fail(ErrorCode::internal, "the key is gone");
    });
    REQUIRE(spool);
    ChainHead head = spool->head();
    REQUIRE(spool->append(next_read(head)));
    REQUIRE(spool->append(next_read(head)));
    const auto outcome = spool->append(next_read(head));
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().message().find("the key is gone") != std::string::npos);
    const auto items = all_of(*spool);
    REQUIRE(items.size() == 2);
    CHECK(items[0].item.kind == ItemKind::read);
    CHECK(spool->head().next_seq == 3);
}

TEST_CASE("a shed spool is whole after it is closed and opened, also with a smaller quota") {
    const TempDir dir;
    SpoolSettings settings = settings_in(dir);
    settings.quota_bytes = 150 * kib;
    ChainHead head;
    ChainHead begin;
    {
        Spool spool = open_spool(settings);
        begin = head = spool.head();
        for (int i = 0; i < 20; ++i)
            REQUIRE(spool.append(full_record(head)));
    }
    settings.quota_bytes = 60 * kib;
    Spool spool = open_spool(settings);
    CHECK_FALSE(spool.set_aside());
    REQUIRE(spool.append(full_record(head)));
    check_walk(all_of(spool), begin);
    CHECK(spool.stats().value().bytes <= 60 * kib);
}

namespace {

/// A spool of ten places that holds the reads 1 to 10, and somebody else with write access to its file.
struct Intruder {
    TempDir dir;
    Signer signer;
    SpoolSettings settings = settings_in(dir);
    std::optional<Spool> spool;
    ChainHead head;
    std::optional<Database> file;

    explicit Intruder(int reads = 10) {
        settings.quota_items = 10;
        auto opened = Spool::open(settings, signer.maker());
        REQUIRE(opened);
        spool = std::move(*opened);
        head = spool->head();
        append(reads);
        auto own_way_in = Database::open({.path = settings.path});
        REQUIRE(own_way_in);
        file = std::move(*own_way_in);
    }
    void append(int reads) {
        for (int i = 0; i < reads; ++i)
            REQUIRE(spool->append(next_read(head)));
    }
    void change(const std::string& sql) { REQUIRE(file->execute(sql)); }
    /// Of what was signed, the declared seqs.
    [[nodiscard]] bool declared(Seq seq) const {
        return std::ranges::any_of(signer.signed_ones, [seq](const Tombstone& tombstone) {
            return tombstone.first <= seq && seq <= tombstone.last;
        });
    }
};

}  // namespace

TEST_CASE("attack: a compromised uplink puts an empty tombstone over undelivered rows: it is never signed") {
    Intruder intruder;
    intruder.change("DELETE FROM items WHERE seq BETWEEN 5 AND 7");
    intruder.change("UPDATE items SET kind = 'tombstone', first = 5, bytes = 0, blob = x'' WHERE seq = 8");
    intruder.append(4);
    CHECK(intruder.declared(1));
    for (const Seq seq : {5, 6, 7, 8})
        CHECK_FALSE(intruder.declared(seq));
    intruder.spool.reset();
    const auto again = Spool::open(intruder.settings, intruder.signer.maker());
    REQUIRE(again);
    CHECK(again->set_aside());
}

TEST_CASE("attack: a compromised uplink stretches a signed tombstone: nothing is joined to it") {
    Intruder intruder(12);  // 1 to 3 are shed
    intruder.change("DELETE FROM items WHERE seq IN (4, 5)");
    intruder.change("UPDATE items SET seq = 5, link = zeroblob(32) WHERE kind = 'tombstone'");
    intruder.append(3);
    CHECK_FALSE(intruder.declared(4));
    CHECK_FALSE(intruder.declared(5));
    CHECK(intruder.declared(6));
}

TEST_CASE("attack: a compromised uplink changes the counts of a signed tombstone: they are not taken over") {
    Intruder intruder(12);
    intruder.change("UPDATE items SET reads = 1, overviews = 7 WHERE kind = 'tombstone'");
    const std::size_t before = intruder.signer.signed_ones.size();
    intruder.append(2);
    REQUIRE(intruder.signer.signed_ones.size() > before);
    for (const Tombstone& tombstone : intruder.signer.signed_ones)
        CHECK(tombstone.overviews == 0);
}

TEST_CASE("attack: a compromised uplink lets a read stand for the rows before it: only itself is declared") {
    Intruder intruder;
    intruder.change("DELETE FROM items WHERE seq < 4");
    intruder.change("UPDATE items SET first = 1 WHERE seq = 4");
    intruder.append(6);
    CHECK(intruder.declared(4));
    for (const Seq seq : {1, 2, 3})
        CHECK_FALSE(intruder.declared(seq));
}

TEST_CASE("a signer that does not know its own again leaves tombstones side by side, and all are declared") {
    const TempDir dir;
    SpoolSettings settings = settings_in(dir);
    settings.quota_items = 10;
    auto spool = Spool::open(settings, TombstoneMaker(&Signer::written));
    REQUIRE(spool);
    ChainHead head = spool->head();
    const ChainHead begin = head;
    for (int i = 0; i < 14; ++i)
        REQUIRE(spool->append(next_read(head)));
    const auto items = all_of(*spool);
    check_walk(items, begin);
    CHECK(items[0].item.kind == ItemKind::tombstone);
    CHECK(items[1].item.kind == ItemKind::tombstone);
}

TEST_CASE("a tombstone that was signed to nothing, or too long, is not taken, and nothing is shed for it") {
    for (const std::size_t bytes : {std::size_t{0}, std::size_t{tombstone_bytes_reserved} + 1}) {
        const TempDir dir;
        SpoolSettings settings = settings_in(dir);
        settings.quota_items = 2;
        auto spool = Spool::open(settings, [&](const Tombstone&) -> Result<Bytes> { return Bytes(bytes); });
        REQUIRE(spool);
        ChainHead head = spool->head();
        for (int i = 0; i < 2; ++i)
            REQUIRE(spool->append(next_read(head)));
        ChainHead next = head;
        CHECK(spool->append(next_read(next)).error().code() == ErrorCode::invalid_argument);
        CHECK(spool->head().next_seq == head.next_seq);
        CHECK(count(all_of(*spool), ItemKind::read) == 2);
    }
}

TEST_CASE("a quota that no tombstone fits into is told, and nothing is shed for it") {
    const TempDir dir;
    SpoolSettings settings = settings_in(dir);
    settings.quota_bytes = tombstone_bytes_reserved - 1;
    Spool spool = open_spool(settings);
    ChainHead head = spool.head();
    REQUIRE(spool.append(next_record(head, {{ItemKind::read, 1000}})));
    ChainHead next = head;
    const auto refused = spool.append(next_record(next, {{ItemKind::read, 1000}}));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == ErrorCode::exhausted);
    CHECK(count(all_of(spool), ItemKind::read) == 1);
}
