#include "vision/network_reader.hpp"

#include <doctest/doctest.h>

#include "base/file.hpp"
#include "base/sha256.hpp"
#include "unit/vision/drawn_plates.hpp"
#include "unit/vision/model_copy.hpp"
#include "vision/packed_weights.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

const std::filesystem::path model_dir = PORTCULLIS_SOURCE_DIR "/models/plate-network";

NetworkReader reader() {
    auto made = NetworkReader::create({model_dir});
    if (!made) FAIL(made.error().message());
    return std::move(*made);
}

Error refusal(const std::filesystem::path& folder) {
    auto made = NetworkReader::create({folder});
    REQUIRE_FALSE(made);
    return made.error();
}

bool names(const Error& error, const std::string& what) {
    return error.message().find(what) != std::string::npos;
}

/// Puts other weights into the copy, and their digest into its card.
void exchange_weights(const ModelCopy& copy, const Bytes& weights) {
    copy.edit(sha256_hex(*read_file(copy.weights(), 1U << 24U)), sha256_hex(weights));
    REQUIRE(write_file_atomically(copy.weights(), weights));
}

}  // namespace

TEST_CASE("the network reads drawn plates of one row and of two, top to bottom") {
    NetworkReader network = reader();
    int one_row = 0;
    int two_rows = 0;
    for (const DrawnPlate& plate : drawn_plates()) {
        const auto reading = network.read(patch_of(plate));
        REQUIRE(reading);
        CAPTURE(plate.name);
        CHECK(folded(text_of(reading->characters)) == folded(plate.text));
        ++(plate.rows == 1 ? one_row : two_rows);
    }
    CHECK(one_row >= 6);
    CHECK(two_rows >= 2);
}

TEST_CASE("the network's posteriors are probabilities: what may stand at a place sums to at most one") {
    NetworkReader network = reader();
    for (const DrawnPlate& plate : drawn_plates()) {
        const auto reading = network.read(patch_of(plate));
        REQUIRE(reading);
        check_posteriors(*reading);
    }
}

TEST_CASE("the network carries nothing over from one patch to the next") {
    NetworkReader network = reader();
    const std::vector<DrawnPlate> plates = drawn_plates();
    const auto before = network.read(patch_of(plates.at(0)));
    for (const DrawnPlate& plate : plates)
        REQUIRE(network.read(patch_of(plate)));
    const auto after = network.read(patch_of(plates.at(0)));
    REQUIRE(before);
    REQUIRE(after);
    CHECK(text_of(before->characters) == text_of(after->characters));
    CHECK(before->confidence == after->confidence);
}

TEST_CASE("a patch of 1 x 1 px, and one of a single grey, give a reading of little confidence or none") {
    NetworkReader network = reader();
    for (const PlatePatch& patch : {flat_patch(1, 1, 7), flat_patch(280, 64, 0), flat_patch(160, 128, 255)}) {
        const auto reading = network.read(patch);
        REQUIRE(reading);
        CHECK(reading->confidence < 0.5F);
    }
}

TEST_CASE("the network refuses a patch whose pixels are not width x height") {
    NetworkReader network = reader();
    PlatePatch patch = flat_patch(10, 10, 0);
    patch.image.pixels.pop_back();
    const auto reading = network.read(patch);
    REQUIRE_FALSE(reading);
    CHECK(reading.error().code() == ErrorCode::invalid_argument);
}

TEST_CASE("network weights that are missing, truncated or changed by one bit are refused and named") {
    const ModelCopy missing("plate-network");
    std::filesystem::remove(missing.weights());
    CHECK(names(refusal(missing.folder()), missing.weights().string()));

    const ModelCopy truncated("plate-network");
    std::filesystem::resize_file(truncated.weights(), std::filesystem::file_size(truncated.weights()) / 2);
    CHECK(names(refusal(truncated.folder()), truncated.weights().string()));

    const ModelCopy changed("plate-network");
    Bytes bytes = *read_file(changed.weights(), 1U << 24U);
    bytes[bytes.size() / 2] ^= std::byte{1};
    REQUIRE(write_file_atomically(changed.weights(), bytes));
    const Error error = refusal(changed.folder());
    CHECK(error.code() == ErrorCode::corrupt);
    CHECK(names(error, changed.weights().string()));
}

TEST_CASE("network weights that match their digest but are no network, or no gzip file, are refused") {
    const ModelCopy plain("plate-network");
    exchange_weights(plain, to_bytes("this is not a gzip file"));
    CHECK(refusal(plain.folder()).code() == ErrorCode::corrupt);

    // An empty gzip file: header, an empty block, checksum and size.
    const ModelCopy empty("plate-network");
    Bytes none;
    for (const int byte : {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0})
        none.push_back(static_cast<std::byte>(byte));
    exchange_weights(empty, none);
    CHECK(refusal(empty.folder()).code() == ErrorCode::corrupt);
}

TEST_CASE("a card with another number of steps than the network's is refused") {
    const ModelCopy copy("plate-network");
    copy.edit("steps = 88", "steps = 44");
    CHECK(refusal(copy.folder()).code() == ErrorCode::corrupt);
}

TEST_CASE(
    "the look of a plate is a share for each code, and a card with other codes than the network's is "
    "refused") {
    NetworkReader network = reader();
    for (const DrawnPlate& plate : drawn_plates()) {
        const auto reading = network.read(patch_of(plate));
        REQUIRE(reading);
        REQUIRE(!reading->look.empty());
        float sum = 0;
        for (const Jurisdiction& seen : reading->look) {
            CHECK(seen.confidence > 0);
            sum += seen.confidence;
        }
        CHECK(sum <= 1.001F);
    }
    const ModelCopy copy("plate-network");
    copy.edit("codes = [", "codes = [\"zz\", ");
    CHECK(refusal(copy.folder()).code() == ErrorCode::corrupt);
}

TEST_CASE("unpacking stops at its limit and refuses a stream that is cut or goes on") {
    const ModelCopy copy("plate-network");
    const Bytes packed = *read_file(copy.weights(), 1U << 24U);
    const auto whole = unpack(packed, 1U << 24U);
    REQUIRE(whole);
    CHECK(whole->size() > packed.size());
    CHECK(unpack(packed, whole->size()));

    const auto beyond = unpack(packed, whole->size() - 1);
    REQUIRE_FALSE(beyond);
    CHECK(beyond.error().code() == ErrorCode::exhausted);

    Bytes cut = packed;
    cut.pop_back();
    REQUIRE_FALSE(unpack(cut, 1U << 24U));
    Bytes longer = packed;
    longer.push_back(std::byte{0});
    REQUIRE_FALSE(unpack(longer, 1U << 24U));
    REQUIRE_FALSE(unpack({}, 1U << 24U));
}
