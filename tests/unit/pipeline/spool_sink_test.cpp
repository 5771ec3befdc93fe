#include "pipeline/spool_sink.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "database/database.hpp"
#include "drivers/keys/file/file_signing_key.hpp"
#include "record/statement_codec.hpp"
#include "seal/opener.hpp"
#include "seal/statement.hpp"
#include "support/fake_clock.hpp"
#include "support/loose_token.hpp"
#include "support/temp_dir.hpp"
#include "unit/pipeline/toy_road.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

void sh(const std::string& command) {
    REQUIRE(std::system(command.c_str()) == 0);  // NOLINT: fixed words and our own folder, before any thread
}

/// Keys take a second to make: one set for all cases.
std::string shared_pki() {
    static const TempDir folder;
    static const bool made = [] {
        sh(fmt::format("{}/board/host/make-pki {}/pki --device gate-1 >/dev/null 2>&1", PORTCULLIS_SOURCE_DIR,
                       folder.path().string()));
        return true;
    }();
    REQUIRE(made);
    return (folder.path() / "pki").string();
}

/// A device with its own keys, sealer and spool.
struct Device {
    bool anchored;
    TempDir folder;
    FakeClock clock;
    std::unique_ptr<FileSigningKey> key;
    std::optional<Sealer> sealer;
    std::optional<Spool> spool;

    /// With an anchor there are life statements.
    explicit Device(bool with_anchor = false) : anchored(with_anchor) {
        const std::string pki = shared_pki();
        auto loaded =
            FileSigningKey::create(pki + "/devices/gate-1/read.key", pki + "/devices/gate-1/read.crt");
        if (!loaded) FAIL(loaded.error().message());
        key = std::move(*loaded);
        sealer = sealer_with(*key);
        open();
    }
    void open() {
        spool.reset();
        SpoolSettings settings{.path = folder.path() / "spool.db", .device = "gate-1"};
        if (anchored) settings.anchor = folder.path() / "private" / "anchor";
        auto opened = Spool::open(
            settings,
            TombstoneMaker([this](const Tombstone& tombstone) { return sealer->tombstone(tombstone); },
                           [this](ByteView blob) { return sealer->own_tombstone(blob); }),
            clock);
        if (!opened) FAIL(opened.error().message());
        spool = std::move(*opened);
    }

    [[nodiscard]] static Sealer sealer_with(const SigningKey& signing_key) {
        SealerSettings settings;
        settings.device = "gate-1";
        settings.fleet = "test";
        settings.boot = "boot-1";
        settings.read_recipients = {shared_pki() + "/recipients/collector-read.crt"};
        settings.plate_recipients = settings.read_recipients;
        settings.overview_recipients = settings.read_recipients;
        auto made = Sealer::create(settings, signing_key);
        if (!made) FAIL(made.error().message());
        return std::move(*made);
    }
    /// Whoever may open what is sealed here.
    [[nodiscard]] static EnvelopeOpener opener() {
        const std::string pki = shared_pki();
        auto trust =
            TrustStore::create({.ca_chain = pki + "/device-chain.pem", .signers = pki + "/devices/signers"});
        if (!trust) FAIL(trust.error().message());
        auto made = EnvelopeOpener::create(
            {RecipientFiles{pki + "/recipients/collector-read.key", pki + "/recipients/collector-read.crt"}},
            std::move(*trust));
        if (!made) FAIL(made.error().message());
        return std::move(*made);
    }
    /// What the life statements in the spool say, oldest first.
    std::vector<LifeStatement> lives() {
        std::vector<LifeStatement> said;
        const auto items = spool->peek(0, 1000, 100'000'000);
        REQUIRE(items);
        for (const SpooledItem& spooled : *items) {
            if (spooled.item.kind != ItemKind::life) continue;
            const auto text = verify_own_statement(spooled.item.blob, *key);
            REQUIRE(text);
            const auto life = parse_life(*text);
            REQUIRE(life);
            CHECK(life->last + 1 == spooled.item.seq);
            said.push_back(*life);
        }
        return said;
    }
    std::string kinds() {
        std::string text;
        const auto items = spool->peek(0, 1000, 100'000'000);
        REQUIRE(items);
        for (const SpooledItem& spooled : *items)
            text += to_string(spooled.item.kind)[0];
        return text;
    }
};

CaptureRecord record_with_plate() {
    CaptureRecord record;
    record.passage.id = 1;
    record.passage.frames = 3;
    record.read = {toy_reading("AB123").characters, 0.9F, 3};
    record.quad = quad_from_box({0, 0, 10, 10});
    record.captured = UtcTime(std::chrono::seconds(1'750'000'000));
    record.firmware = "0.1.0";
    record.model = "abcd";
    record.media.push_back({MediaRole::plate, to_bytes("not really a JPEG")});
    return record;
}

}  // namespace

TEST_CASE("a record becomes a sealed read and a sealed picture, a checkpoint ends the run") {
    Device device;
    SpoolSink sink(*device.sealer, *device.spool, device.clock);
    REQUIRE(sink.record(record_with_plate()));
    REQUIRE(sink.record(record_with_plate()));
    CHECK(device.kinds() == "rprp");
    REQUIRE(sink.checkpoint());
    CHECK(device.kinds() == "rprpc");
    REQUIRE(sink.checkpoint());  // nothing stands behind the last one
    CHECK(device.kinds() == "rprpc");
}

TEST_CASE("a checkpoint comes after 64 items and after a minute") {
    Device device;
    SpoolSink sink(*device.sealer, *device.spool, device.clock);
    for (int i = 0; i < 32; ++i)
        REQUIRE(sink.record(record_with_plate()));
    CHECK(device.kinds().size() == 65);
    CHECK(device.kinds().back() == 'c');
    REQUIRE(sink.tick());
    REQUIRE(sink.record(record_with_plate()));
    device.clock.advance(std::chrono::seconds(59));
    REQUIRE(sink.tick());
    CHECK(device.kinds().back() == 'p');
    device.clock.advance(std::chrono::seconds(1));
    REQUIRE(sink.tick());
    CHECK(device.kinds().back() == 'c');
}

TEST_CASE(
    "UTC that jumps by years between records changes neither their order nor when a checkpoint is due") {
    Device device;
    SpoolSink sink(*device.sealer, *device.spool, device.clock);
    const auto years = std::chrono::hours(24 * 365 * 40);
    const Seq before = device.spool->head().next_seq;
    for (const auto jump : {years, -years, -years, years}) {
        REQUIRE(sink.record(record_with_plate()));
        device.clock.step_utc(jump);
        REQUIRE(sink.tick());
    }
    const auto items = device.spool->peek(0, 1000, 100'000'000);
    REQUIRE(items);
    Seq expected = before;
    for (const SpooledItem& item : *items)
        CHECK(item.item.seq == expected++);
    const std::string records = device.kinds();
    device.clock.advance(max_time_unchecked - std::chrono::seconds(1));
    REQUIRE(sink.tick());
    CHECK(device.kinds() == records);
    device.clock.advance(std::chrono::seconds(1));
    REQUIRE(sink.tick());
    CHECK(device.kinds() == records + "c");
}

TEST_CASE("the reader's health goes into the chain sealed, at its own pace, whatever passes") {
    Device device;
    SpoolSink sink(*device.sealer, *device.spool, device.clock);
    std::optional<HealthRecord> health;
    sink.tell_health([&] { return health; }, std::chrono::seconds(300));
    device.clock.advance(std::chrono::seconds(300));
    REQUIRE(sink.tick());
    CHECK(device.kinds().empty());  // nothing is known yet
    health.emplace();
    health->report.firmware = "0.1.0";
    health->report.passages = 13;
    REQUIRE(sink.tick());
    CHECK(device.kinds() == "hc");  // an item as any other: a checkpoint covers it
    for (int i = 0; i < 59; ++i) {
        device.clock.advance(std::chrono::seconds(5));
        if (i % 7 == 0) REQUIRE(sink.record(record_with_plate()));
        REQUIRE(sink.tick());
    }
    CHECK(std::ranges::count(device.kinds(), 'h') == 1);
    device.clock.advance(std::chrono::seconds(5));
    REQUIRE(sink.tick());
    CHECK(std::ranges::count(device.kinds(), 'h') == 2);
    const auto items = device.spool->peek(0, 1000, 100'000'000);
    REQUIRE(items);
    const EnvelopeOpener opener = device.opener();
    std::vector<HealthPayload> told;
    Digest link = first_link("gate-1", device.spool->head().chain);
    for (const SpooledItem& spooled : *items) {
        if (spooled.item.kind == ItemKind::health) {
            CHECK(as_text(spooled.item.blob).find("health") == std::string::npos);
            const OpenedHealth opened = opener.open_health(spooled.item.blob, device.clock.utc());
            REQUIRE(opened.payload);
            CHECK(opened.payload->device == "gate-1");
            CHECK(opened.payload->seq == spooled.item.seq);
            CHECK(opened.payload->previous == link);
            CHECK(opened.payload->record.report == health->report);
            told.push_back(*opened.payload);
        }
        link = spooled.item.link;
    }
    REQUIRE(told.size() == 2);
    CHECK(told[0].record.detail.waiting_items == 0);
    const auto before = std::ranges::count_if(
        *items, [&](const SpooledItem& spooled) { return spooled.item.seq < told[1].seq; });
    CHECK(told[1].record.detail.waiting_items == static_cast<std::uint64_t>(before));
    CHECK(told[1].record.detail.waiting_bytes > 0);
    CHECK(told[1].record.detail.oldest_waiting == std::chrono::seconds(300));
    CHECK(told[1].record.detail.received == 0);
}

TEST_CASE("while nobody may open a health record none is made, and the road goes on") {
    Device device;
    Audiences nobody;
    REQUIRE(device.sealer->replace_audiences(std::move(nobody)));
    SpoolSink sink(*device.sealer, *device.spool, device.clock);
    sink.tell_health([] { return HealthRecord{}; }, std::chrono::seconds(300));
    device.clock.advance(std::chrono::seconds(300));
    REQUIRE(sink.tick());
    CHECK(device.kinds().empty());
}

TEST_CASE("a record that cannot be sealed is refused for good, not tried again") {
    Device device;
    SpoolSink sink(*device.sealer, *device.spool, device.clock);
    CaptureRecord record = record_with_plate();
    record.media[0].jpeg = Bytes(max_blob_bytes + 1);
    const auto done = sink.record(record);
    REQUIRE_FALSE(done);
    CHECK(done.error().code() == ErrorCode::refused);
    CHECK(device.kinds().empty());
}

TEST_CASE("a token that is pulled and put back costs no record, one that stays away ends the process") {
    Device device;
    const LooseToken token(*device.key);
    const Sealer sealer = device.sealer_with(token);
    SpoolSink sink(sealer, *device.spool, device.clock);
    REQUIRE(sink.record(record_with_plate()));
    token.pulled = true;
    const auto code = [&] {
        const auto done = sink.record(record_with_plate());
        REQUIRE_FALSE(done);
        return done.error().code();
    };
    CHECK(code() == ErrorCode::io);  // the commit stage tries again
    device.clock.advance(max_key_absence - std::chrono::seconds(1));
    CHECK(code() == ErrorCode::io);
    token.pulled = false;
    REQUIRE(sink.record(record_with_plate()));
    token.pulled = true;
    CHECK(code() == ErrorCode::io);
    device.clock.advance(max_key_absence);
    CHECK(code() == ErrorCode::closed);
    CHECK(device.kinds() == "rprp");
}

TEST_CASE(
    "damage that the spool meets at work costs no record: what met it is in the new chain, and all after "
    "it") {
    Device device;
    SpoolSink sink(*device.sealer, *device.spool, device.clock);
    REQUIRE(sink.record(record_with_plate()));
    const ChainId old = device.spool->head().chain;
    const auto damage = [&](const std::string& sql) {
        auto other = Database::open({.path = device.folder.path() / "spool.db"});
        REQUIRE(other);
        REQUIRE(other->execute(sql));
    };
    SUBCASE("in the life row") {
        damage("UPDATE life SET link = x'00'");
    }
    SUBCASE("the life row is gone") {
        damage("DELETE FROM life");
    }
    REQUIRE(sink.record(record_with_plate()));
    REQUIRE(sink.record(record_with_plate()));
    CHECK(device.spool->head().chain != old);
    REQUIRE(device.spool->set_aside());
    CHECK(std::filesystem::exists(*device.spool->set_aside()));
    CHECK(device.kinds() == "rprp");
    REQUIRE(sink.checkpoint());
    CHECK(device.kinds() == "rprpc");
    damage("UPDATE life SET chain = x'00'");
    device.clock.advance(std::chrono::minutes(2));
    REQUIRE(sink.tick());
    REQUIRE(sink.record(record_with_plate()));
    CHECK(device.kinds() == "rp");
}

TEST_CASE("an unread record is sealed like any other: its text is empty, its plate picture is there") {
    Device device;
    SpoolSink sink(*device.sealer, *device.spool, device.clock);
    CaptureRecord record = record_with_plate();
    record.read = {{}, 0, 3};
    REQUIRE(sink.record(record));
    CHECK(device.kinds() == "rp");
}

TEST_CASE("ten passages end as ten sealed records in the spool") {
    Device device;
    SpoolSink sink(*device.sealer, *device.spool, device.clock);
    PipelineSettings settings;
    settings.gate.reset();  // toy frames look all alike
    settings.pressure = Pressure::wait;
    settings.firmware = "0.1.0";
    Pipeline pipeline(settings, toy_eyes(), sink.sink(), {});
    REQUIRE(pipeline.run(open_toy(10 * frames_a_vehicle), {}));
    CHECK(device.kinds() == "rporporporporporporporporporpoc");
}

TEST_CASE("each chain and each start of the reader begins with a signed life statement") {
    Device device(true);
    {
        SpoolSink sink(*device.sealer, *device.spool, device.clock);
        REQUIRE(sink.tick());
        REQUIRE(sink.tick());
        REQUIRE(sink.record(record_with_plate()));
        REQUIRE(sink.checkpoint());
        CHECK(device.kinds() == "lrpc");
    }
    device.open();
    SpoolSink sink(*device.sealer, *device.spool, device.clock);
    REQUIRE(sink.record(record_with_plate()));  // before the first tick
    REQUIRE(sink.tick());
    CHECK(device.kinds() == "lrpclrp");
    const auto lives = device.lives();
    REQUIRE(lives.size() == 2);
    CHECK(lives[0].reason == LifeReason::made);
    CHECK(lives[0].boots == 1);
    CHECK(lives[1].reason == LifeReason::start);
    CHECK(lives[1].boots == 2);
    CHECK(lives[1].last == 4);
}

TEST_CASE("attack: an old spool restored: the first item of the new chain says why, signed") {
    Device device(true);
    {
        SpoolSink sink(*device.sealer, *device.spool, device.clock);
        REQUIRE(sink.record(record_with_plate()));
        REQUIRE(sink.checkpoint());
    }
    device.open();  // what is in the -wal file goes to the main file
    const auto file = device.folder.path() / "spool.db";
    std::filesystem::copy_file(file, device.folder.path() / "copy.db");
    {
        SpoolSink sink(*device.sealer, *device.spool, device.clock);
        REQUIRE(sink.record(record_with_plate()));
        REQUIRE(sink.checkpoint());
    }
    const ChainHead end = device.spool->head();
    device.spool.reset();
    for (const char* part : {"-wal", "-shm"})
        std::filesystem::remove(file.string() + part);
    std::filesystem::copy_file(device.folder.path() / "copy.db", file,
                               std::filesystem::copy_options::overwrite_existing);
    device.open();
    SpoolSink sink(*device.sealer, *device.spool, device.clock);
    REQUIRE(sink.record(record_with_plate()));
    CHECK(device.kinds() == "lrp");
    const auto lives = device.lives();
    REQUIRE(lives.size() == 1);
    CHECK(lives[0].reason == LifeReason::rolled_back);
    CHECK(lives[0].previous == end.chain);
    CHECK(lives[0].previous_last == end.next_seq - 1);
    CHECK(lives[0].previous_link == end.link);
    CHECK(lives[0].last == 0);
}

TEST_CASE("records given up are declared with the next start or minute") {
    Device device(true);
    Losses losses;
    {
        SpoolSink sink(*device.sealer, *device.spool, device.clock);
        sink.declare([&] { return losses; });
        REQUIRE(sink.tick());
        losses.records = 2;
        REQUIRE(sink.tick());
        device.clock.advance(std::chrono::seconds(59));
        losses.records = 3;
        REQUIRE(sink.tick());
        CHECK(device.kinds() == "l");
        device.clock.advance(std::chrono::seconds(1));
        REQUIRE(sink.tick());
        CHECK(device.kinds() == "ll");
        device.clock.advance(std::chrono::hours(2));
        REQUIRE(sink.tick());
        CHECK(device.kinds() == "ll");  // nothing new is nothing to say
        REQUIRE(device.lives().size() == 2);
        CHECK(device.lives()[1].reason == LifeReason::report);
        CHECK(device.lives()[1].records_lost == 3);
        losses.records = 4;  // in its last second
        sink.keep_losses();
    }
    device.open();
    SpoolSink sink(*device.sealer, *device.spool, device.clock);
    REQUIRE(sink.tick());
    REQUIRE(device.lives().size() == 3);
    CHECK(device.lives()[2].reason == LifeReason::start);
    CHECK(device.lives()[2].records_lost == 4);
}

TEST_CASE("dropped frames are declared within the hour, not each minute") {
    Device device(true);
    Losses losses;
    SpoolSink sink(*device.sealer, *device.spool, device.clock);
    sink.declare([&] { return losses; });
    REQUIRE(sink.tick());
    for (int minute = 0; minute < 150; ++minute) {
        losses.frames += 5;
        REQUIRE(sink.tick());
        device.clock.advance(std::chrono::minutes(1));
    }
    CHECK(device.kinds() == "lll");
    CHECK(device.lives()[1].frames_dropped == 5 * 61);
    CHECK(device.lives()[2].frames_dropped == 5 * 122);
}

TEST_CASE(
    "damage met at work: the new chain begins with a life statement, then comes the record that met it") {
    Device device(true);
    SpoolSink sink(*device.sealer, *device.spool, device.clock);
    REQUIRE(sink.record(record_with_plate()));
    const ChainHead end = device.spool->head();
    {
        auto other = Database::open({.path = device.folder.path() / "spool.db"});
        REQUIRE(other);
        REQUIRE(other->execute("DELETE FROM life"));
    }
    REQUIRE(sink.record(record_with_plate()));
    CHECK(device.kinds() == "lrp");
    REQUIRE(device.lives().size() == 1);
    CHECK(device.lives()[0].reason == LifeReason::set_aside);
    CHECK(device.lives()[0].previous == end.chain);
    CHECK(device.lives()[0].previous_last == end.next_seq - 1);
    CHECK(device.lives()[0].previous_link == end.link);
}

TEST_CASE("a life statement that cannot be signed holds nothing up for good: it comes with the key") {
    Device device(true);
    const LooseToken token(*device.key);
    const Sealer sealer = device.sealer_with(token);
    SpoolSink sink(sealer, *device.spool, device.clock);
    token.pulled = true;
    CHECK_FALSE(sink.tick());
    CHECK_FALSE(sink.record(record_with_plate()));
    token.pulled = false;
    REQUIRE(sink.record(record_with_plate()));
    CHECK(device.kinds() == "lrp");
}
