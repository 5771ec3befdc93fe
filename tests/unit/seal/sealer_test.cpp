#include "seal/sealer.hpp"

#include <doctest/doctest.h>

#include "base/file.hpp"
#include "record/payload.hpp"
#include "record/statement_codec.hpp"
#include "seal/gate.hpp"
#include "seal/opener.hpp"
#include "seal/openssl.hpp"
#include "seal/statement.hpp"
#include "unit/seal/test_pki.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

SealerSettings settings_of(const Road& road) {
    SealerSettings settings;
    settings.device = "gate-1";
    settings.fleet = "test-fleet";
    settings.boot = "boot-1";
    settings.read_recipients = {road.reader.certificate};
    settings.plate_recipients = {road.evidence.certificate};
    settings.overview_recipients = {road.evidence.certificate};
    return settings;
}

std::string refusal(const Road& road, const SealerSettings& settings) {
    const Result<Sealer> sealer = Sealer::create(settings, *road.key);
    REQUIRE_FALSE(sealer);
    CHECK(sealer.error().code() == ErrorCode::configuration);
    return sealer.error().message();
}

bool says(const std::string& message, std::string_view words) {
    return message.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("a record becomes its read and then its pictures, at consecutive places") {
    const Road road;
    ChainHead head = first_head();
    head.next_seq = 10;
    const SealedRecord sealed = road.seal(sample_record(), head);
    REQUIRE(sealed.items.size() == 3);
    CHECK(sealed.chain == head.chain);
    CHECK(sealed.items[0].kind == ItemKind::read);
    CHECK(sealed.items[1].kind == ItemKind::plate);
    CHECK(sealed.items[2].kind == ItemKind::overview);
    CHECK(sealed.items[0].seq == 10);
    CHECK(sealed.items[2].seq == 12);
}

TEST_CASE("the links of the items continue the chain over the sealed bytes") {
    const Road road;
    const ChainHead head = first_head();
    const SealedRecord sealed = road.seal(sample_record(), head);
    Digest link = head.link;
    for (const SealedItem& item : sealed.items) {
        link = next_link(link, item.seq, sha256(item.blob));
        CHECK(item.link == link);
    }
}

TEST_CASE("each audience gets its own recipients") {
    const Road road;
    const SealedRecord sealed = road.seal(sample_record(), first_head());
    CHECK(must(gate(sealed.items[0].blob)).recipients.size() == 1);
    CHECK(must(gate(sealed.items[1].blob)).recipients.size() == 1);
    CHECK(must(gate(sealed.items[2].blob)).recipients.size() == 2);
    CHECK(must(gate(sealed.items[0].blob)).recipients != must(gate(sealed.items[1].blob)).recipients);
}

TEST_CASE("nothing of a record can be read in the sealed bytes") {
    const Road road;
    for (const SealedItem& item : road.seal(sample_record(), first_head()).items)
        for (const std::string_view secret :
             {"AB12CDE", "AB1ZCDE", "lane-1", "gate-1", "test-fleet", "\"v\":", "\xd8\xd8\xd8\xd8"})
            CHECK_FALSE(says(std::string(as_text(item.blob)), secret));
}

TEST_CASE("the same record sealed twice gives different bytes") {
    const Road road;
    const ChainHead head = first_head();
    CHECK(road.seal(sample_record(), head).items[0].blob != road.seal(sample_record(), head).items[0].blob);
}

TEST_CASE("plates of any length give sealed reads of one length, as long as the alternatives are few") {
    const Road road;
    CaptureRecord record = sample_record();
    const std::size_t seven = must(gate(road.seal(record, first_head()).items[0].blob)).content_bytes;
    record.read.characters.pop_back();
    const std::size_t six = must(gate(road.seal(record, first_head()).items[0].blob)).content_bytes;
    // The signature's own length varies by two bytes and says nothing about the plate.
    CHECK(std::max(six, seven) - std::min(six, seven) <= 2);
}

TEST_CASE("texts that JSON would have to escape are sealed with the letters replaced") {
    const Road road;
    CaptureRecord record = sample_record();
    record.passage.lane = "lane \"1\"\n";
    const SealedRecord sealed = road.seal(record, first_head());
    CHECK(road.opener->open_read(sealed.items[0].blob, now).payload->passage.lane == "lane _1__");
}

TEST_CASE("raw text and jurisdiction are sealed with the read") {
    const Road road;
    CaptureRecord record = sample_record();
    record.read.jurisdiction = {"us-\"tx\"", 1.5F};
    for (const bool plain : {true, false}) {
        const CaptureRecord& sealed = plain ? sample_record() : record;
        const OpenedRead opened = road.opener->open_read(road.seal(sealed, first_head()).items[0].blob, now);
        CHECK(opened.payload->read.raw == "AB1ZCDE");
        CHECK(opened.payload->read.jurisdiction.code == (plain ? "gb" : "us-_tx_"));
        CHECK(opened.payload->read.jurisdiction.confidence == doctest::Approx(plain ? 0.75 : 1));
    }
}

TEST_CASE("an unread plate with a raw text is not sealed") {
    const Road road;
    CaptureRecord record = sample_record();
    record.read = {{}, 0, 9, "AB1ZCDE"};
    const Result<SealedRecord> sealed = road.sealer->seal(record, first_head(), {});
    REQUIRE_FALSE(sealed);
    CHECK(says(sealed.error().message(), "raw must be empty without a plate"));
    record.read.raw.clear();
    CHECK(road.sealer->seal(record, first_head(), {}));
}

TEST_CASE("a clock before 1970 is sealed as not set, and confidences out of range are brought back") {
    const Road road;
    CaptureRecord record = sample_record();
    record.captured = UtcTime(microseconds(-5));
    record.read.confidence = 1.7F;
    const SealedRecord sealed = road.seal(record, first_head());
    const OpenedRead opened = road.opener->open_read(sealed.items[0].blob, now);
    CHECK(opened.payload->captured == UtcTime{});
    CHECK(opened.payload->read.confidence == doctest::Approx(1));
}

TEST_CASE("a picture over the limit, an empty one and too many are refused by name, nothing half done") {
    const Road road;
    const auto refused = [&](const CaptureRecord& record) {
        const Result<SealedRecord> sealed = road.sealer->seal(record, first_head(), {});
        return sealed ? "sealed" : sealed.error().message();
    };
    CaptureRecord record = sample_record();
    record.media[1].jpeg.resize(max_blob_bytes);
    CHECK(says(refused(record), "the overview picture of 4194304 bytes is over the limit"));
    record.media[1].jpeg.clear();
    CHECK(says(refused(record), "the overview picture is empty"));
    record.media.resize(max_media + 1);
    CHECK(says(refused(record), "over the limit of 4"));
}

TEST_CASE("the largest allowed picture seals to less than the largest blob") {
    const Road road;
    CaptureRecord record = sample_record();
    record.media[0].jpeg.resize(max_blob_bytes - std::size_t{8} * 1024);
    CHECK(road.seal(record, first_head()).items[1].blob.size() <= max_blob_bytes);
}

TEST_CASE("a checkpoint is a signed statement of the chain's end, itself an item") {
    const Road road;
    const ChainHead head = [] {
        ChainHead after = first_head();
        after.next_seq = 65;
        return after;
    }();
    const SealedItem item = must(road.sealer->checkpoint(head, 1, now));
    CHECK(item.seq == 65);
    CHECK(item.kind == ItemKind::checkpoint);
    CHECK(item.link == next_link(head.link, 65, sha256(item.blob)));
    const SignedText text = must(verify_statement(item.blob, road.trust(), now));
    const Checkpoint checkpoint = must(parse_checkpoint(text.json));
    CHECK(checkpoint.device == "gate-1");
    CHECK(checkpoint.last == 64);
    CHECK(checkpoint.link == head.link);
}

TEST_CASE("there is no checkpoint of an empty chain") {
    const Road road;
    CHECK_FALSE(road.sealer->checkpoint(first_head(), 1, now));
}

TEST_CASE("a tombstone is signed for this device only") {
    const Road road;
    Tombstone tombstone{"gate-1", first_head().chain, 2, 3, {}, 0, 1, 1, 0, now};
    const SignedText text =
        must(verify_statement(must(road.sealer->tombstone(tombstone)), road.trust(), now));
    CHECK(must(parse_tombstone(text.json)).last == 3);
    tombstone.device = "gate-2";
    CHECK_FALSE(road.sealer->tombstone(tombstone));
}

TEST_CASE("a sealer knows its own tombstones again, and no others") {
    const Road road;
    const Tombstone tombstone{"gate-1", first_head().chain, 2, 3, {}, 0, 1, 1, 0, now};
    const Bytes blob = must(road.sealer->tombstone(tombstone));
    CHECK(must(road.sealer->own_tombstone(blob)).last == 3);
    Bytes flipped = blob;
    flipped.back() ^= std::byte{1};
    CHECK_FALSE(road.sealer->own_tombstone(flipped));
    const KeyFiles other = road.pki.device("gate-2");
    const auto stranger =
        must(FileSigningKey::create(other.key, other.certificate, CertificateUse::sign_reads));
    CHECK_FALSE(
        road.sealer->own_tombstone(must(sign_statement(*stranger, must(encode_tombstone(tombstone))))));
    CHECK_FALSE(road.sealer->own_tombstone({}));
    ChainHead later = first_head();
    later.next_seq = 3;
    CHECK_FALSE(road.sealer->own_tombstone(must(road.sealer->checkpoint(later, 1, now)).blob));
}

namespace {

/// A device whose key was changed: what each of its keys signed, under one span.
struct Renewed {
    Road road;
    TempDir dir;
    std::filesystem::path file = dir.path() / "own-signers.crt";
    Tombstone tombstone{"gate-1", first_head().chain, 2, 3, {}, 0, 1, 1, 0, now};
    std::vector<std::unique_ptr<FileSigningKey>> keys;

    const SigningKey& next_key(const std::string& name = "gate-1") {
        const KeyFiles files = road.pki.issue("next-" + std::to_string(keys.size()), name);
        keys.push_back(must(FileSigningKey::create(files.key, files.certificate)));
        return *keys.back();
    }
    [[nodiscard]] Bytes by(const SigningKey& key) const {
        return must(sign_statement(key, must(encode_tombstone(tombstone))));
    }
    /// As the next start finds it.
    [[nodiscard]] Sealer started_with(const SigningKey& key) const {
        Sealer sealer = road.sealer_with(key, "gate-1");
        sealer.keep_signers(file);
        return sealer;
    }
};

}  // namespace

TEST_CASE("after a change of the key a sealer knows what the key before signed, as a forerunner's") {
    Renewed device;
    Sealer& sealer = *device.road.sealer;
    const Bytes before = must(sealer.tombstone(device.tombstone));
    CHECK(sealer.forerunners() == 0);
    CHECK_FALSE(sealer.forerunners_tombstone(before));  // the key in use is none
    REQUIRE(sealer.replace_key(*device.road.key));      // read again, the same
    CHECK(sealer.forerunners() == 0);
    REQUIRE(sealer.replace_key(device.next_key()));
    CHECK(sealer.forerunners() > 0);
    CHECK_FALSE(sealer.own_tombstone(before));
    CHECK(must(sealer.forerunners_tombstone(before)).last == 3);
    Bytes flipped = before;
    flipped.back() ^= std::byte{1};
    CHECK_FALSE(sealer.forerunners_tombstone(flipped));
    CHECK_FALSE(sealer.forerunners_tombstone(device.by(device.next_key())));  // never ours
}

TEST_CASE(
    "the keys that a reader signed with stand in a file of its own across starts, two of them at most") {
    Renewed device;
    CHECK(device.started_with(*device.road.key).forerunners() == 0);
    const auto status = std::filesystem::status(device.file);
    CHECK(status.permissions() == (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
    const Bytes first = device.by(*device.road.key);
    // The power goes after the switch: the first that this key does is to know the one before.
    const SigningKey& second = device.next_key();
    CHECK(must(device.started_with(second).forerunners_tombstone(first)).last == 3);
    CHECK(must(device.started_with(second).forerunners_tombstone(first)).last == 3);
    Sealer sealer = device.started_with(second);
    const SigningKey& third = device.next_key();
    REQUIRE(sealer.replace_key(third));
    CHECK(device.started_with(third).forerunners_tombstone(first));
    const SigningKey& fourth = device.next_key();
    const Sealer last = device.started_with(fourth);
    CHECK_FALSE(last.forerunners_tombstone(first));
    CHECK(last.forerunners_tombstone(device.by(second)));
    CHECK(last.forerunners_tombstone(device.by(third)));
}

TEST_CASE("a disk that does not take which keys a reader signed with is asked again") {
    Renewed device;
    device.file = device.dir.path() / "away" / "own-signers.crt";
    Sealer sealer = device.started_with(*device.road.key);
    CHECK_FALSE(std::filesystem::exists(device.file));
    std::filesystem::create_directory(device.file.parent_path());
    sealer.save_signers();
    CHECK(must(load_certificates(device.file)).size() == 1);
}

TEST_CASE("attack: a certificate of another device, or for another use, among those that signed before") {
    Renewed device;
    const SigningKey* stranger = nullptr;
    std::string file = "next-0.crt";
    Bytes pem = to_bytes("-----BEGIN CERTIFICATE-----\nAAAA");
    auto others = std::filesystem::perms::none;
    SUBCASE("of another device") {
        stranger = &device.next_key("gate-2");
    }
    SUBCASE("for another use") {
        file = "tls.crt";
        const KeyFiles files = device.road.pki.issue("tls", "gate-1", {.extended = "clientAuth"});
        device.keys.push_back(
            must(FileSigningKey::create(files.key, files.certificate, CertificateUse::identify)));
        stranger = device.keys.back().get();
    }
    SUBCASE("in a file that others may write") {
        stranger = &device.next_key();
        others = std::filesystem::perms::others_write;
    }
    SUBCASE("in a damaged file") {}
    SUBCASE("behind a link to itself") {
        std::filesystem::create_symlink("round", device.dir.path() / "round");
        device.file = device.dir.path() / "round" / "own-signers.crt";
        const Sealer sealer = device.started_with(*device.road.key);
        CHECK(sealer.forerunners() == 0);
        return;
    }
    if (stranger != nullptr) pem = must(read_file(device.road.pki.folder() / file, max_pem_bytes));
    REQUIRE(write_file_atomically(device.file, pem, 0600));
    std::filesystem::permissions(device.file, others, std::filesystem::perm_options::add);
    const Sealer sealer = device.started_with(*device.road.key);
    CHECK(sealer.forerunners() == 0);
    if (stranger != nullptr) CHECK_FALSE(sealer.forerunners_tombstone(device.by(*stranger)));
    CHECK(must(load_certificates(device.file)).size() == 1);  // written anew
}

TEST_CASE("a sealer without recipients, with too many or one twice is refused") {
    const Road road;
    SealerSettings settings = settings_of(road);
    settings.read_recipients.clear();
    CHECK(says(refusal(road, settings), "0 recipients for the read"));
    settings.read_recipients.assign(17, road.reader.certificate);
    CHECK(says(refusal(road, settings), "17 recipients for the read"));
    settings.read_recipients.assign(2, road.reader.certificate);
    CHECK(says(refusal(road, settings), "stands twice"));
}

TEST_CASE("attack: a set names somebody twice, or too many, for one purpose: the recipients before stay") {
    Road road;
    using Group = std::vector<X509Ptr> Audiences::*;
    for (const Group group : {&Audiences::read, &Audiences::plate, &Audiences::overview, &Audiences::health})
        for (const std::size_t count : {std::size_t{2}, max_recipients + 1}) {
            Audiences audiences;
            audiences.read.push_back(must(load_certificate(road.evidence.certificate)));
            (audiences.*group).clear();
            for (std::size_t i = 0; i < count; ++i)
                (audiences.*group).push_back(must(load_certificate(road.evidence.certificate)));
            const auto refused = road.sealer->replace_audiences(std::move(audiences));
            REQUIRE_FALSE(refused);
            CHECK(refused.error().code() == ErrorCode::refused);
            const SealedRecord sealed = road.seal(sample_record(), first_head());
            CHECK(sealed.items.size() == 1 + sample_record().media.size());
            CHECK(road.opener_with({road.reader}).open_read(sealed.items[0].blob, now).verdict.good());
        }
}

TEST_CASE("a sealer for a fleet or a boot with a quote in its name is refused") {
    const Road road;
    SealerSettings settings = settings_of(road);
    settings.fleet = "a \"fleet\"";
    CHECK(says(refusal(road, settings), "without quotes"));
    settings = settings_of(road);
    settings.boot = std::string(1000, 'b');
    CHECK(says(refusal(road, settings), "without quotes"));
}

TEST_CASE("what a statement may not say is not signed") {
    const Road road;
    const Tombstone backwards{"gate-1", first_head().chain, 3, 2, {}, 0, 1, 1, 0, now};
    CHECK_FALSE(road.sealer->tombstone(backwards));
    LifeStatement never_started;
    CHECK_FALSE(road.sealer->life(first_head(), never_started, now));
    never_started.boots = 1;
    CHECK(road.sealer->life(first_head(), never_started, now));
}

TEST_CASE("of a character's alternatives the best are sealed, the rest is left out") {
    const Road road;
    CaptureRecord record = sample_record();
    REQUIRE_FALSE(record.read.characters.empty());
    record.read.characters[0].alternatives.assign(max_alternatives + 2,
                                                  record.read.characters[0].alternatives.empty()
                                                      ? CharacterChoice{}
                                                      : record.read.characters[0].alternatives[0]);
    const auto sealed = road.sealer->seal(record, first_head(), {});
    REQUIRE(sealed);
    const OpenedRead opened = road.opener->open_read(sealed->items[0].blob, now);
    REQUIRE(opened.payload);
    CHECK(opened.payload->read.characters[0].alternatives.size() == max_alternatives);
}

TEST_CASE("health is sealed to its own recipients when they are named") {
    const Road road;
    SealerSettings settings = settings_of(road);
    settings.health_recipients = {"/nowhere/health.crt"};
    CHECK(says(refusal(road, settings), "/nowhere/health.crt"));
    settings.health_recipients = {road.evidence.certificate};
    const Sealer sealer = must(Sealer::create(settings, *road.key));
    const SealedItem item = must(sealer.health(first_head(), HealthRecord{}, {}, now));
    const RecipientKey evidence = must(load_recipient({road.evidence.key, road.evidence.certificate}));
    CHECK(open_envelope(evidence, item.blob));
    const RecipientKey reader = must(load_recipient({road.reader.key, road.reader.certificate}));
    CHECK(open_envelope(reader, item.blob).error().code() == ErrorCode::refused);
    CHECK_FALSE(open_envelope(evidence, ByteView(item.blob).first(item.blob.size() - 1)));
}

TEST_CASE("a recipient that may not receive or is unreadable is refused by name") {
    const Road road;
    SealerSettings settings = settings_of(road);
    settings.plate_recipients = {road.device.certificate};
    CHECK(says(refusal(road, settings), "keyAgreement"));
    settings.plate_recipients = {"/nowhere/evidence.crt"};
    CHECK(says(refusal(road, settings), "/nowhere/evidence.crt"));
}

TEST_CASE("dates are told by name and keep nobody from sealing, in 1970, in 2040 and after the last day") {
    const Road road;
    CHECK(road.sealer->date_doubts(now).empty());
    for (const UtcTime wrong : {UtcTime{}, now + 11 * day, now + 14 * 365 * day}) {
        const auto doubts = road.sealer->date_doubts(wrong);
        REQUIRE(doubts.size() == 3);  // our own, the reader's and the evidence's, each once
        CHECK(says(doubts[0], "signing key"));
        CHECK(says(doubts[1], road.reader.certificate.string()));
        CHECK(says(doubts[0], wrong < now ? "set the clock" : "expired"));
    }
    CaptureRecord record = sample_record();
    record.captured = UtcTime{};
    CHECK(road.opener->open_read(road.seal(record, first_head()).items[0].blob, now).verdict.good());
}

TEST_CASE("a sealer for another device than its certificate's is refused") {
    const Road road;
    SealerSettings settings = settings_of(road);
    settings.device = "gate-2";
    CHECK(says(refusal(road, settings), "for 'gate-1', the configuration says device 'gate-2'"));
    settings.device = "Gate 2";
    CHECK(says(refusal(road, settings), "the device's name is not"));
}

TEST_CASE(
    "a renewed signing key signs from the next record on, and all that was signed before stays trusted") {
    Road road;
    const SealedRecord before = road.seal(sample_record(), first_head());
    const KeyFiles next = road.pki.issue("gate-1-next", "gate-1");
    road.pki.know(next, "gate-1-next");
    const auto key = must(FileSigningKey::create(next.key, next.certificate));
    REQUIRE(road.sealer->replace_key(*key));
    const SealedRecord after = road.seal(sample_record(), first_head());
    const EnvelopeOpener opener = road.opener_with({road.reader});
    const OpenedRead old_read = opener.open_read(before.items[0].blob, now);
    const OpenedRead new_read = opener.open_read(after.items[0].blob, now);
    CHECK(old_read.verdict.good());
    CHECK(new_read.verdict.good());
    CHECK(new_read.signer_key_id == key_id(key->certificate()));
    CHECK(old_read.signer_key_id != new_read.signer_key_id);
}

TEST_CASE("attack: another device's key, or a TLS key, does not become the signing key") {
    Road road;
    const KeyFiles other = road.pki.device("gate-2");
    const auto foreign = must(FileSigningKey::create(other.key, other.certificate));
    CHECK_FALSE(road.sealer->replace_key(*foreign));
    const KeyFiles identity = road.pki.issue("identity", "gate-1", {.extended = "clientAuth"});
    const auto tls =
        must(FileSigningKey::create(identity.key, identity.certificate, CertificateUse::identify));
    CHECK_FALSE(road.sealer->replace_key(*tls));
    const SealedRecord sealed = road.seal(sample_record(), first_head());
    CHECK(road.opener_with({road.reader}).open_read(sealed.items[0].blob, now).verdict.good());
}

TEST_CASE(
    "recipients' certificates are read again: a changed file counts from the next record, a bad one changes "
    "nothing") {
    Road road;
    const KeyFiles next = road.pki.recipient("collector-read-2");
    std::filesystem::copy_file(next.certificate, road.reader.certificate,
                               std::filesystem::copy_options::overwrite_existing);
    REQUIRE(road.sealer->reload_recipients());
    const SealedRecord sealed = road.seal(sample_record(), first_head());
    CHECK(road.opener_with({next}).open_read(sealed.items[0].blob, now).verdict.good());

    REQUIRE(write_file_atomically(road.reader.certificate, as_bytes("no certificate")));
    CHECK_FALSE(road.sealer->reload_recipients());
    const SealedRecord again = road.seal(sample_record(), first_head());
    CHECK(road.opener_with({next}).open_read(again.items[0].blob, now).verdict.good());
}

TEST_CASE("the allocator that overwrites is refused once OpenSSL has allocated: what is there would stay") {
    const Road road;
    const auto refused = install_zeroing_allocator();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == ErrorCode::internal);
    CHECK(road.seal(sample_record(), first_head()).items.size() > 1);
}
