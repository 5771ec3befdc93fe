// What the length of a sealed blob tells: to a broker, to a thief of a spool.
#include <doctest/doctest.h>

#include <map>
#include <random>
#include <set>

#include "record/size_bucket.hpp"
#include "seal/gate.hpp"
#include "unit/seal/forge.hpp"
#include "unit/seal/test_pki.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

class RandomRoad {
  public:
    explicit RandomRoad(unsigned seed) : random_(seed) {}

    CaptureRecord record(bool readable) {
        CaptureRecord record = sample_record();
        record.read = readable ? some_read() : Read{};
        record.read.readings = static_cast<int>(below(40));
        record.read.jurisdiction.code = jurisdiction();
        record.passage.id = below(1'000'000'000);
        record.passage.lane = "lane-1";
        record.captured += microseconds(below(1'000'000'000'000));
        record.captured_since_boot = BootTime(microseconds(below(1'000'000'000'000)));
        for (Point& corner : record.quad.corners)
            corner = {static_cast<float>(below(4000)), static_cast<float>(below(3000))};
        // As measured on street pictures: 99 of 100 plate pictures have 700 to 16000 bytes, overviews up to
        // 32 KiB in nine of ten; a readable plate's are the larger ones.
        record.media[0].jpeg.assign(readable ? 900 + below(15'000) : 700 + below(7'000), std::byte{0xd8});
        record.media[1].jpeg.assign(readable ? 1'100 + below(31'000) : 900 + below(23'000), std::byte{0xd9});
        return record;
    }
    std::size_t below(std::size_t limit) {
        return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
    }

  private:
    Read some_read() {
        Read read;
        read.confidence = static_cast<float>(below(1001)) / 1000;
        for (std::size_t left = 1 + below(12); left > 0; --left) {
            CharacterReading character{letter(), static_cast<float>(below(1001)) / 1000, {}};
            for (std::size_t others = below(max_alternatives + 1); others > 0; --others)
                character.alternatives.push_back({letter(), static_cast<float>(below(500)) / 1000});
            read.characters.push_back(character);
            if (below(10) > 0) read.raw.push_back(character.letter);
        }
        read.jurisdiction.confidence = static_cast<float>(below(1001)) / 1000;
        return read;
    }
    char letter() { return "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"[below(36)]; }
    std::string jurisdiction() {
        static constexpr std::array<std::string_view, 4> codes{"unknown", "de", "us-tx", "gb"};
        return std::string(codes.at(below(codes.size())));
    }

    std::mt19937 random_;
};

/// The signature's own length: 8 to 72 bytes with ECDSA, mostly 70 to 72, and of the nonce alone.
std::size_t signature_bytes(const Road& road, ByteView read) {
    DerNode inside = parse_der(road.opener->open_media(read).padded);
    return signer_of(inside).children.back().content.size();
}

using Lengths = std::map<ItemKind, std::set<std::size_t>>;

void add_lengths(const Road& road, const SealedRecord& sealed, Lengths& lengths) {
    for (const SealedItem& item : sealed.items) {
        lengths[item.kind].insert(item.blob.size() -
                                  (is_sealed_text(item.kind) ? signature_bytes(road, item.blob) : 0));
    }
}

}  // namespace

TEST_CASE(
    "attack: the lengths of 200 sealed reads and 200 unreads with their pictures are compared: one each") {
    const Road road;
    RandomRoad random(20261126);
    Lengths of_reads;
    Lengths of_unreads;
    for (int i = 0; i < 200; ++i) {
        add_lengths(road, road.seal(random.record(true), first_head()), of_reads);
        add_lengths(road, road.seal(random.record(false), first_head()), of_unreads);
    }
    CHECK(of_reads == of_unreads);
    for (const auto& [kind, lengths] : of_reads) {
        CAPTURE(to_string(kind));
        CHECK(lengths.size() == 1);
    }
}

TEST_CASE("attack: the lengths of 200 sealed health records are compared: one, and it is that of a read") {
    const Road road;
    RandomRoad random(5);
    Lengths of_health;
    for (int i = 0; i < 200; ++i) {
        HealthRecord record;
        record.report.firmware = std::string(random.below(max_version_bytes + 1), '9');
        record.report.passages = random.below(std::size_t{1} << (1 + random.below(50)));
        record.report.frames = random.below(std::size_t{1} << (1 + random.below(50)));
        record.detail.camera = std::string(random.below(max_camera_bytes + 1), 'c');
        record.detail.camera_trouble = std::string(random.below(2 * max_trouble_bytes), 't');
        record.detail.waiting_items = random.below(500'000);
        if (random.below(2) == 0) record.report.celsius = 61.5F;
        const SealedItem item = must(road.sealer->health(first_head(), record, {}, now));
        add_lengths(road, {first_head().chain, {item}}, of_health);
    }
    Lengths of_reads;
    add_lengths(road, road.seal(random.record(true), first_head()), of_reads);
    CHECK(of_health[ItemKind::health].size() == 1);
    CHECK(of_health[ItemKind::health] == of_reads[ItemKind::read]);
}

TEST_CASE("a picture of any size is sealed with one of the lengths of the README's table") {
    const Road road;  // a plate picture has one recipient, an overview two
    std::map<ItemKind, std::set<std::size_t>> expected;
    for (std::size_t bucket = min_plate_bucket_bytes; bucket < max_picture_bytes; bucket *= 2)
        expected[ItemKind::plate].insert(bucket);
    for (std::size_t bucket = min_overview_bucket_bytes; bucket < max_picture_bytes; bucket *= 2)
        expected[ItemKind::overview].insert(bucket);
    expected[ItemKind::plate].insert(max_picture_bytes);
    expected[ItemKind::overview].insert(max_picture_bytes);
    RandomRoad random(7);
    CaptureRecord record = sample_record();
    for (int i = 0; i < 60; ++i) {
        // Evenly over the sizes' magnitudes.
        for (Media& picture : record.media)
            picture.jpeg.resize(1 + random.below(std::size_t{1} << (8 + random.below(14))));
        for (const SealedItem& item : road.seal(record, first_head()).items)
            if (item.kind != ItemKind::read)
                REQUIRE(expected[item.kind].contains(must(gate(item.blob)).content_bytes));
    }
}

TEST_CASE("attack: a picture padded to another length, or with something else than zeros, is forged") {
    const Road road;
    const SealedRecord sealed = road.seal(sample_record(), first_head());
    const ReadPayload honest = *road.opener->open_read(sealed.items[0].blob, now).payload;
    const OpenedMedia picture = road.opener->open_media(sealed.items[1].blob);
    REQUIRE(match_media(picture, honest, 2).authenticity == Authenticity::authentic);
    // Its device signs for a picture that is not padded as we pad: another length would tell the picture's.
    const auto judged = [&](Bytes padded, std::uint64_t claimed) {
        OpenedMedia media;
        media.authenticity = Authenticity::authentic;
        media.digest = sha256(padded);
        media.recipients = picture.recipients;
        media.padded = std::move(padded);
        ReadPayload read = honest;
        read.media[0].sha256 = media.digest;
        read.media[0].bytes = claimed;
        return match_media(media, read, 2).authenticity;
    };
    const std::uint64_t bytes = honest.media[0].bytes;
    CHECK(judged(picture.padded, bytes) == Authenticity::authentic);
    Bytes padded = picture.padded;
    padded.resize(4096);
    CHECK(judged(padded, bytes) == Authenticity::forged);
    padded.resize(2 * min_plate_bucket_bytes);
    CHECK(judged(padded, bytes) == Authenticity::forged);
    padded = picture.padded;
    padded.back() = std::byte{1};
    CHECK(judged(padded, bytes) == Authenticity::forged);
    CHECK(judged(picture.padded, 0) == Authenticity::forged);
    CHECK(judged(picture.padded, picture.padded.size() + 1) == Authenticity::forged);
    CHECK(judged(picture.padded, ~std::uint64_t{0}) == Authenticity::forged);
}
