#include "pipeline/spool_sink.hpp"

#include <doctest/doctest.h>
#include <openssl/x509.h>

#include "database/database.hpp"
#include "drivers/keys/file/file_signing_key.hpp"
#include "support/fake_clock.hpp"
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

/// A key whose private half is there only while the token is.
class LooseToken final : public SigningKey {
  public:
    explicit LooseToken(const SigningKey& key) : key_(key) {}
    [[nodiscard]] evp_pkey_st* key() const override {
        return pulled ? X509_get0_pubkey(key_.certificate()) : key_.key();
    }
    [[nodiscard]] x509_st* certificate() const override { return key_.certificate(); }

    mutable bool pulled = false;

  private:
    const SigningKey& key_;
};

/// A device with its own keys, sealer and spool.
struct Device {
    TempDir folder;
    FakeClock clock;
    std::unique_ptr<FileSigningKey> key;
    std::optional<Sealer> sealer;
    std::optional<Spool> spool;

    Device() {
        const std::string pki = shared_pki();
        auto loaded =
            FileSigningKey::create(pki + "/devices/gate-1/read.key", pki + "/devices/gate-1/read.crt");
        if (!loaded) FAIL(loaded.error().message());
        key = std::move(*loaded);
        sealer = sealer_with(*key);
        auto opened = Spool::open(
            {folder.path() / "spool.db", "gate-1"},
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
