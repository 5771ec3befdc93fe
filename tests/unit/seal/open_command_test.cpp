#include "apps/portcullis/open_command.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "base/unique_fd.hpp"
#include "collector/ingest/schema.hpp"
#include "database/database.hpp"
#include "unit/seal/test_pki.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

constexpr std::size_t max_output_bytes = 1 << 20;

/// Sends a standard stream to a file while it lives.
class Redirected {
  public:
    Redirected(int stream, const std::filesystem::path& file) : stream_(stream), saved_(::dup(stream)) {
        std::fflush(nullptr);
        const UniqueFd to(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        ::dup2(to.get(), stream_);
    }
    Redirected(const Redirected&) = delete;
    Redirected& operator=(const Redirected&) = delete;
    ~Redirected() {
        std::fflush(nullptr);
        ::dup2(saved_.get(), stream_);
    }

  private:
    int stream_;
    UniqueFd saved_;
};

struct Outcome {
    int code = -1;
    nlohmann::json told;
    std::string errors;
};

/// A sealed record as files: read.cms, plate.cms, overview.cms, and a checkpoint.
struct Desk {
    Road road;
    ChainHead head = first_head();
    SealedRecord sealed = road.seal(sample_record(), head);
    std::string dir = road.pki.folder().string() + "/";

    Desk() {
        for (const SealedItem& item : sealed.items)
            REQUIRE(write_file_atomically(dir + std::string(to_string(item.kind)) + ".cms", item.blob));
        ChainHead after = head;
        after.next_seq = 4;
        REQUIRE(
            write_file_atomically(dir + "checkpoint.cms", must(road.sealer->checkpoint(after, 1, now)).blob));
    }

    [[nodiscard]] Outcome open(const std::string& arguments) const {
        CLI::App program("test");
        const std::function<int()> run = add_open_command(program);
        Outcome outcome;
        {
            const Redirected out(STDOUT_FILENO, dir + "out");
            const Redirected err(STDERR_FILENO, dir + "err");
            try {
                program.parse("open " + arguments + " --device-ca " + road.pki.chain("device-ca").string() +
                              " --signers " + road.pki.signers().string());
                outcome.code = run();
            } catch (const CLI::ParseError& error) {
                outcome.code = 2;
                outcome.errors = error.what();
            }
        }
        outcome.told =
            nlohmann::json::parse(must(read_text_file(dir + "out", max_output_bytes)), nullptr, false);
        outcome.errors += must(read_text_file(dir + "err", max_output_bytes));
        return outcome;
    }
    [[nodiscard]] std::string keys(const KeyFiles& files) const {
        return " --key " + files.key.string() + " --certificate " + files.certificate.string();
    }
};

/// The collector's own tables, with the record's items in them.
std::string make_store(const Desk& desk, UtcTime received) {
    const std::string path = desk.dir + "store.db";
    DatabaseSettings settings;
    settings.path = path;
    Database database = must(Database::open(settings));
    REQUIRE(adopt_schema(database, store_schema()));
    const ByteView chain(desk.head.chain.bytes);
    Statement row =
        must(database.prepare("INSERT INTO chain(id, device, chain, upto, upto_link, last, confirmed, "
                              "confirmed_link, proven, mismatch, "
                              "checkpoint, duplicates, conflicts, first_seen_at, last_seen_at) "
                              "VALUES(1,'gate-1',?,0,x'',0,0,x'',0,0,0,0,0,0,0)"));
    REQUIRE(row.run(chain));
    for (const SealedItem& item : desk.sealed.items) {
        Statement insert = must(database.prepare(
            "INSERT INTO item(id,chain_id,seq,kind,digest,link,received_at) VALUES(?,1,?,?,x'',?,?)"));
        REQUIRE(insert.run(item.seq, item.seq, to_string(item.kind), ByteView(item.link),
                           received.time_since_epoch().count()));
        Statement blob = must(database.prepare("INSERT INTO blob VALUES(?,?)"));
        REQUIRE(blob.run(item.seq, ByteView(item.blob)));
    }
    return " --store " + path + " --device gate-1 --chain " + to_string(desk.head.chain) + " --seq ";
}

/// The test PKI's certificates hold around `now` only; the command judges files at the present time.
bool is_present() {
    const UtcTime today = SystemClock().utc();
    return today > now - 10 * day && today < now + 10 * day;
}

}  // namespace

TEST_CASE("open tells the verdict of a sealed read and what was sealed, without its padding") {
    const Desk desk;
    const Outcome outcome = desk.open(desk.dir + "read.cms" + desk.keys(desk.road.reader));
    CHECK(outcome.told["item"] == "read");
    CHECK(outcome.told["authenticity"] == "authentic");
    CHECK(outcome.told["key_trust"] == (is_present() ? "trusted" : "expired"));
    CHECK(outcome.code == (is_present() ? 0 : 1));
    CHECK(outcome.told["text"] == "AB12CDE");
    CHECK(outcome.told["published"] == "AB12CDE");
    CHECK(outcome.told["raw"] == "AB1ZCDE");
    CHECK(outcome.told["jurisdiction"] == "gb");
    CHECK(outcome.told["jurisdiction_confidence"] == 0.75);
    CHECK(outcome.told["payload"]["plate"] == "AB12CDE");
    CHECK_FALSE(outcome.told["payload"].contains("pad"));
}

TEST_CASE("open publishes what is in doubt as a set") {
    const Desk desk;
    CaptureRecord record = sample_record();
    record.read.characters[3] = {'2', 0.5F, {{'Z', 0.4F}}};
    REQUIRE(write_file_atomically(desk.dir + "doubt.cms", desk.road.seal(record, desk.head).items[0].blob));
    const Outcome outcome = desk.open(desk.dir + "doubt.cms" + desk.keys(desk.road.reader));
    CHECK(outcome.told["text"] == "AB12CDE");
    CHECK(outcome.told["published"] == "AB1[2Z]CDE");
}

TEST_CASE("open takes its file behind the keys as well as before them") {
    const Desk desk;
    CHECK(desk.open(desk.keys(desk.road.reader) + " " + desk.dir + "read.cms").told["item"] == "read");
}

TEST_CASE("open of a blob for others says unopened and fails") {
    const Desk desk;
    const Outcome outcome = desk.open(desk.dir + "read.cms" + desk.keys(desk.road.evidence));
    CHECK(outcome.code == 1);
    CHECK(outcome.told["authenticity"] == "unopened");
    CHECK_FALSE(outcome.told.contains("payload"));
}

TEST_CASE("open writes the picture that a read vouches for, byte for byte and for its owner only") {
    const Desk desk;
    const Outcome outcome =
        desk.open(desk.dir + "plate.cms --read " + desk.dir + "read.cms --output " + desk.dir + "plate.jpg" +
                  desk.keys(desk.road.reader) + desk.keys(desk.road.evidence));
    CHECK(outcome.told["authenticity"] == "authentic");
    CHECK(outcome.told["role"] == "plate");
    CHECK(must(read_file(desk.dir + "plate.jpg", max_output_bytes)) == sample_record().media[0].jpeg);
    const auto mode = std::filesystem::status(desk.dir + "plate.jpg").permissions();
    CHECK(mode == (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
}

TEST_CASE("open of a picture with the read of another record says so and writes nothing") {
    const Desk desk;
    CaptureRecord other = sample_record();
    other.media[0].jpeg.assign(10, std::byte{1});
    REQUIRE(write_file_atomically(desk.dir + "other.cms", desk.road.seal(other, desk.head).items[0].blob));
    const Outcome outcome =
        desk.open(desk.dir + "plate.cms --read " + desk.dir + "other.cms --output " + desk.dir + "x.jpg" +
                  desk.keys(desk.road.reader) + desk.keys(desk.road.evidence));
    CHECK(outcome.code == 1);
    CHECK(outcome.told["authenticity"] != "authentic");
    CHECK_FALSE(std::filesystem::exists(desk.dir + "x.jpg"));
}

TEST_CASE("open of a checkpoint tells its signed text") {
    const Desk desk;
    const Outcome outcome = desk.open(desk.dir + "checkpoint.cms" + desk.keys(desk.road.reader));
    CHECK(outcome.told["statement"]["kind"] == "checkpoint");
    CHECK(outcome.told["authenticity"] == "authentic");
}

TEST_CASE("open of an item of a store judges it at its receipt and in its place") {
    const Desk desk;
    const std::string store = make_store(desk, now) + "1" + desk.keys(desk.road.reader);
    const Outcome outcome = desk.open(store);
    CHECK(outcome.code == 0);
    CHECK(outcome.told["key_trust"] == "trusted");
    CHECK(outcome.told["payload"]["seq"] == 1);
}

TEST_CASE("open of a picture in a store finds its read by itself") {
    const Desk desk;
    const Outcome outcome = desk.open(make_store(desk, now) + "3" + desk.keys(desk.road.reader));
    CHECK(outcome.code == 0);
    CHECK(outcome.told["role"] == "overview");
}

TEST_CASE("open of an item received after its key's dates says expired") {
    const Desk desk;
    const Outcome outcome = desk.open(make_store(desk, now + 11 * day) + "1" + desk.keys(desk.road.reader));
    CHECK(outcome.code == 1);
    CHECK(outcome.told["key_trust"] == "expired");
}

TEST_CASE("open of what a store does not hold names the place") {
    const Desk desk;
    const Outcome outcome = desk.open(make_store(desk, now) + "77" + desk.keys(desk.road.reader));
    CHECK(outcome.code == 1);
    CHECK(outcome.errors.find("holds no item 77") != std::string::npos);
}

TEST_CASE("open with wrong usage or keys says what is wrong and leaves with 2") {
    const Desk desk;
    CHECK(desk.open(desk.keys(desk.road.reader)).code == 2);
    CHECK(desk.open(desk.dir + "read.cms").code == 2);
    CHECK(desk.open(desk.dir + "read.cms --store x" + desk.keys(desk.road.reader)).code == 2);
    const Outcome pair = desk.open(desk.dir + "read.cms --key " + desk.road.reader.key.string() +
                                   " --certificate " + desk.road.evidence.certificate.string());
    CHECK(pair.code == 2);
    CHECK(pair.errors.find("belongs to another private key") != std::string::npos);
    const Outcome missing = desk.open("/nowhere/read.cms" + desk.keys(desk.road.reader));
    CHECK(missing.code == 1);
    CHECK(missing.errors.find("/nowhere/read.cms: no such file") != std::string::npos);
}

TEST_CASE("a health record is opened as what it is, exact, by who may open it and nobody else") {
    const Desk desk;
    HealthRecord record;
    record.report.passages = 123;
    record.detail.camera = "v4l2 /dev/video0 (Plate Camera)";
    REQUIRE(write_file_atomically(desk.dir + "health.cms",
                                  must(desk.road.sealer->health(desk.head, record, {}, now)).blob));
    const Outcome opened = desk.open(desk.dir + "health.cms" + desk.keys(desk.road.reader));
    CHECK(opened.told["item"] == "health");
    CHECK(opened.told["authenticity"] == "authentic");
    CHECK(opened.told["payload"]["passages"] == 123);
    CHECK(opened.told["payload"]["camera"] == "v4l2 /dev/video0 (Plate Camera)");
    CHECK_FALSE(opened.told["payload"].contains("pad"));
    const Outcome other = desk.open(desk.dir + "health.cms" + desk.keys(desk.road.evidence));
    CHECK(other.code == 1);
    CHECK(other.told["authenticity"] == "unopened");
    CHECK_FALSE(other.told.contains("payload"));
}
