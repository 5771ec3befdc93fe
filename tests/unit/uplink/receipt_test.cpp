// Only a receipt that the collector signed, for this device and with our own link, releases anything.
#include "base/file.hpp"
#include "database/database.hpp"
#include "desk.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

/// Three items published and accepted.
Desk& ready(Desk& desk) {
    desk.append(3);
    desk.broker.connect();
    desk.turn();
    desk.broker.accept_all();
    desk.turn();
    return desk;
}

}  // namespace

TEST_CASE("a receipt releases up to its seq and its digest goes into the next record") {
    Desk desk;
    ready(desk);
    const Bytes blob = desk.sign(must(encode_receipt(desk.receipt(2))), desk.receipt_key);
    desk.deliver(blob);
    desk.turn();
    CHECK(desk.spooled() == 1);
    CHECK(desk.uplink->counters().received == 2);
    CHECK(desk.uplink->counters().refused_receipts == 0);
    CHECK(must(desk.reader->last_receipt_digest()) == sha256(blob));
}

TEST_CASE("receipts count also while the same turn has other work") {
    Desk desk({.window_items = 1});
    desk.append(3);
    desk.broker.connect();
    desk.turn();
    desk.broker.accept_all();
    desk.deliver(desk.receipt(1));
    desk.turn();
    CHECK(desk.spooled() == 2);
}

TEST_CASE("the same receipt twice is harmless") {
    Desk desk;
    ready(desk);
    desk.deliver(desk.receipt(2));
    desk.deliver(desk.receipt(2));
    desk.deliver(desk.receipt(1));
    desk.turn();
    CHECK(desk.spooled() == 1);
    CHECK(desk.uplink->counters().received == 2);
    CHECK(desk.uplink->counters().refused_receipts == 0);
}

TEST_CASE("a refused receipt releases nothing and is counted") {
    Desk desk;
    ready(desk);
    Receipt receipt = desk.receipt(3);
    Bytes blob;
    SUBCASE("signed by a stranger of the same CA") {
        blob = desk.sign(must(encode_receipt(receipt)),
                         desk.pki.issue("other", "collector", {.ca = "service-ca"}));
    }
    SUBCASE("signed by a device") {
        blob = desk.sign(must(encode_receipt(receipt)), desk.pki.device("gate-1"));
    }
    SUBCASE("for another device") {
        receipt.device = "gate-2";
    }
    SUBCASE("of another chain") {
        receipt.chain.bytes[0] ^= std::byte{1};
    }
    SUBCASE("with another link") {
        receipt.link[0] ^= std::byte{1};
    }
    SUBCASE("for a seq that was never given") {
        receipt.upto = 4;
    }
    SUBCASE("one bit flipped") {
        blob = desk.sign(must(encode_receipt(receipt)), desk.receipt_key);
        blob[blob.size() - 10] ^= std::byte{1};
    }
    SUBCASE("a checkpoint in its place") {
        blob = desk.sign(must(encode_checkpoint({"gate-1", receipt.chain, 1, 3, receipt.link, receipt.time})),
                         desk.receipt_key);
    }
    SUBCASE("not CMS at all") {
        blob = to_bytes("received, honestly");
    }
    SUBCASE("signed after the key's certificate expired") {
        desk.clock.step_utc(std::chrono::hours(24 * 30));
        receipt.time = desk.clock.utc();
    }
    if (blob.empty()) blob = desk.sign(must(encode_receipt(receipt)), desk.receipt_key);
    desk.deliver(blob);
    desk.turn();
    CHECK(desk.spooled() == 3);
    CHECK(desk.uplink->counters().received == 0);
    CHECK(desk.uplink->counters().refused_receipts == 1);
    CHECK_FALSE(must(desk.reader->last_receipt_digest()));
}

TEST_CASE("no clock of the device keeps a receipt from releasing: 1970, 2010, 2040, an hour off, no RTC") {
    constexpr std::chrono::hours hour{1};
    constexpr std::chrono::hours year{8766};
    for (const auto off : {-56 * year, -16 * year, 14 * year, hour, -hour}) {
        CAPTURE(off.count());
        Desk desk;
        ready(desk);
        const Receipt receipt = desk.receipt(3);
        desk.clock.step_utc(off);
        desk.deliver(receipt);
        desk.turn();
        CHECK(desk.spooled() == 0);
        CHECK(desk.uplink->counters().refused_receipts == 0);
    }
}

TEST_CASE("a good receipt counts after refused ones") {
    Desk desk;
    ready(desk);
    for (int i = 0; i < 5; ++i)
        desk.deliver(to_bytes("junk"));
    desk.deliver(desk.receipt(3));
    desk.turn();
    CHECK(desk.spooled() == 0);
    CHECK(desk.uplink->counters().refused_receipts == 5);
}

TEST_CASE("a receipt on a foreign topic is ignored") {
    Desk desk;
    ready(desk);
    desk.broker.deliver({.topic = "lpr/v1/dev/gate-2/ack",
                         .payload = desk.sign(must(encode_receipt(desk.receipt(3))), desk.receipt_key)});
    desk.turn();
    CHECK(desk.spooled() == 3);
}

TEST_CASE(
    "attack: a stolen receipt key releases nothing once it is on the device's deny list, without a restart") {
    Desk desk;
    ready(desk);
    const std::filesystem::path list = desk.dir.path() / "deny";
    REQUIRE(write_file_atomically(list, {}));
    TrustSettings settings{.ca_chain = desk.pki.chain("service-ca"), .signers = desk.receipt_key.certificate};
    settings.use = CertificateUse::sign_receipts;
    settings.deny_list = list;
    desk.uplink->replace_trust(must(TrustStore::create(settings)));
    desk.intake.emplace(must(ReceiptIntake::create(
        desk.inbox, "gate-1", [settings] { return TrustStore::create(settings); }, *desk.reader,
        desk.clock)));
    desk.deliver(desk.receipt(1));
    desk.turn();
    CHECK(desk.spooled() == 2);
    REQUIRE(write_file_atomically(list, as_bytes("collector\n")));
    CHECK(must(desk.uplink->refresh_trust()));
    desk.deliver(desk.receipt(3));
    desk.turn();
    CHECK(desk.spooled() == 2);
    CHECK(desk.uplink->counters().refused_receipts == 1);
    // And an uplink that does not honour the list gets nothing released with it either.
    InboxWriter hostile = must(InboxWriter::create(desk.dir.path() / "inbox"));
    REQUIRE(hostile.put(receipt_name(desk.head.chain),
                        desk.sign(must(encode_receipt(desk.receipt(3))), desk.receipt_key)));
    desk.intake->look();
    CHECK(desk.spooled() == 2);
    CHECK(desk.intake->refused() == 1);
}

TEST_CASE("a receipt that cannot be looked up is told, keeps the other events, and the next one does it") {
    Desk desk;
    ready(desk);
    {
        // The table is renamed under it, as on a dying disk.
        auto database = must(Database::open({.path = desk.spool_settings.path}));
        REQUIRE(database.execute("ALTER TABLE items RENAME TO gone"));
        desk.deliver(desk.receipt(3));
        desk.broker.disconnect();
        CHECK_FALSE(desk.uplink->turn(*desk.guest));
        CHECK_FALSE(desk.uplink->connected());
        REQUIRE(database.execute("ALTER TABLE gone RENAME TO items"));
    }
    CHECK(desk.spooled() == 3);
    desk.deliver(desk.receipt(3));
    desk.turn();
    CHECK(desk.spooled() == 0);
}

TEST_CASE("a receipt waits in the inbox for a reader that is away, and nothing is sent again for it") {
    Desk desk;
    ready(desk);
    desk.deliver(desk.receipt(2));
    REQUIRE(desk.uplink->turn(*desk.guest));
    CHECK(desk.spooled() == 3);
    desk.broker.disconnect();
    desk.broker.connect();
    static_cast<void>(desk.broker.take_items());
    REQUIRE(desk.uplink->turn(*desk.guest));
    CHECK(desk.broker.take_items().size() == 1);  // seq 3 has no receipt
    desk.open_reader();
    desk.turn();
    CHECK(desk.spooled() == 1);
    CHECK(desk.intake->released() == 2);
}

TEST_CASE("an inbox that takes nothing costs a receipt, not an item: it comes again with the next one") {
    Desk desk;
    ready(desk);
    const auto folder = desk.dir.path() / "inbox";
    std::filesystem::remove_all(folder);
    REQUIRE(write_file_atomically(folder, {}));
    desk.deliver(desk.receipt(2));
    desk.turn();
    CHECK(desk.spooled() == 3);
    CHECK(desk.uplink->counters().received == 0);
    std::filesystem::remove(folder);
    std::filesystem::create_directory(folder);
    desk.deliver(desk.receipt(2));
    desk.turn();
    CHECK(desk.spooled() == 1);
    CHECK(desk.uplink->counters().received == 2);
}

TEST_CASE("a receipt of a renewed certificate is released for without a restart of the reader") {
    Desk desk;
    ready(desk);
    const KeyFiles renewed = desk.pki.issue("renewed", "collector", {.ca = "service-ca"});
    const auto renewed_trust = [&] {
        return must(TrustStore::create({.ca_chain = desk.pki.chain("service-ca"),
                                        .signers = renewed.certificate,
                                        .use = CertificateUse::sign_receipts,
                                        .revocations = {},
                                        .deny_list = {}}));
    };
    desk.uplink->replace_trust(renewed_trust());
    desk.deliver(desk.sign(must(encode_receipt(desk.receipt(3))), renewed));
    desk.turn();
    CHECK(desk.spooled() == 3);
    CHECK(desk.intake->refused() == 1);
    desk.receipt_key = renewed;  // what the settings name has that certificate now
    desk.intake->look();
    CHECK(desk.spooled() == 3);
    desk.clock.advance(receipt_retry);
    desk.intake->look();
    CHECK(desk.spooled() == 0);
}

TEST_CASE(
    "attack: a compromised uplink puts what it likes into the inbox: the reader releases nothing for it") {
    Desk desk;
    ready(desk);
    InboxWriter hostile = must(InboxWriter::create(desk.dir.path() / "inbox"));
    Receipt receipt = desk.receipt(3);
    std::optional<Bytes> blob;
    SUBCASE("forged: signed by the device's own key") {
        blob = desk.sign(must(encode_receipt(receipt)), desk.pki.device("gate-1"));
    }
    SUBCASE("forged: signed by a stranger of the same CA") {
        blob = desk.sign(must(encode_receipt(receipt)),
                         desk.pki.issue("other", "collector", {.ca = "service-ca"}));
    }
    SUBCASE("foreign: another device's") {
        receipt.device = "gate-2";
    }
    SUBCASE("another chain's") {
        receipt.chain.bytes[0] ^= std::byte{1};
    }
    SUBCASE("with another link") {
        receipt.link[0] ^= std::byte{1};
    }
    SUBCASE("for what was never sent") {
        receipt.upto = 4;
    }
    SUBCASE("cut") {
        blob = desk.sign(must(encode_receipt(receipt)), desk.receipt_key);
        blob->pop_back();
    }
    SUBCASE("empty") {
        blob = Bytes();
    }
    SUBCASE("junk of the largest size") {
        blob = Bytes(max_inbox_bytes, std::byte{0x30});
    }
    if (!blob) blob = desk.sign(must(encode_receipt(receipt)), desk.receipt_key);
    REQUIRE(hostile.put(receipt_name(desk.head.chain), *blob));
    for (int i = 0; i < 3; ++i) {
        desk.intake->look();
        desk.clock.advance(receipt_retry);
    }
    CHECK(desk.spooled() == 3);
    CHECK(desk.intake->released() == 0);
    CHECK_FALSE(must(desk.reader->last_receipt_digest()));
    // The honest one that comes after it is taken.
    REQUIRE(hostile.put(receipt_name(desk.head.chain),
                        desk.sign(must(encode_receipt(desk.receipt(2))), desk.receipt_key)));
    desk.intake->look();
    CHECK(desk.spooled() == 1);
}

TEST_CASE("attack: a compromised uplink replays an old receipt: what came after it stays") {
    Desk desk;
    ready(desk);
    const Bytes old = desk.sign(must(encode_receipt(desk.receipt(1))), desk.receipt_key);
    const Bytes late = desk.sign(must(encode_receipt(desk.receipt(2))), desk.receipt_key);
    InboxWriter hostile = must(InboxWriter::create(desk.dir.path() / "inbox"));
    for (const Bytes& blob : {old, late, old}) {
        REQUIRE(hostile.put(receipt_name(desk.head.chain), blob));
        desk.intake->look();
    }
    CHECK(desk.spooled() == 1);
    CHECK(must(desk.reader->last_receipt_digest()) == sha256(late));
}
