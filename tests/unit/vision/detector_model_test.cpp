#include "vision/detector_model.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.hpp"
#include "base/sha256.hpp"
#include "unit/vision/model_copy.hpp"
#include "vision/detector.hpp"
#include "vision/detector_cells.hpp"

using namespace portcullis;
using namespace portcullis::test;
namespace fs = std::filesystem;

namespace {

constexpr const char* model_name = "plate-detector";

Error refusal(const fs::path& folder) {
    DetectorSettings settings;
    settings.model_dir = folder;
    const auto detector = PlateDetector::create(settings);
    REQUIRE_FALSE(detector);
    return detector.error();
}

bool names(const Error& error, const std::string& what) {
    return error.message().find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("the shipped model loads and its weights are the promised ones") {
    const ModelCopy copy(model_name);
    const auto model = load_detector_model(copy.folder());
    REQUIRE(model);
    CHECK(model->name == "plate-detector");
    CHECK(model->weights.size() < 3 * 1024 * 1024);  // all models together stay below 6 MB
    REQUIRE(!model->sizes.empty());
    for (const InputSize size : model->sizes)
        CHECK(size.width % model->stride == 0);
}

TEST_CASE("a folder without a model is refused, naming the file") {
    const Error error = refusal("/nonexistent/models/plate-detector");
    CHECK(names(error, "/nonexistent/models/plate-detector/model.toml"));
}

TEST_CASE("missing weights are refused, naming the file and the cure") {
    const ModelCopy copy(model_name);
    fs::remove(copy.weights());
    const Error error = refusal(copy.folder());
    CHECK(error.code() == ErrorCode::not_found);
    CHECK(names(error, copy.weights().string()));
    CHECK(names(error, "reinstall"));
}

TEST_CASE("truncated weights are refused, naming the file and the cure") {
    const ModelCopy copy(model_name);
    fs::resize_file(copy.weights(), fs::file_size(copy.weights()) - 1);
    const Error error = refusal(copy.folder());
    CHECK(error.code() == ErrorCode::corrupt);
    CHECK(names(error, copy.weights().string()));
    CHECK(names(error, "reinstall"));
}

TEST_CASE("empty weights are refused") {
    const ModelCopy copy(model_name);
    fs::resize_file(copy.weights(), 0);
    CHECK(refusal(copy.folder()).code() == ErrorCode::corrupt);
}

TEST_CASE("one changed byte in the weights is refused") {
    const ModelCopy copy(model_name);
    Bytes bytes = *read_file(copy.weights(), 1U << 24U);
    bytes[bytes.size() / 2] ^= std::byte{1};
    REQUIRE(write_file_atomically(copy.weights(), bytes));
    const Error error = refusal(copy.folder());
    CHECK(error.code() == ErrorCode::corrupt);
    CHECK(names(error, copy.weights().string()));
}

TEST_CASE("weights that match their digest but are no network are refused") {
    const ModelCopy copy(model_name);
    const std::string old = sha256_hex(*read_file(copy.weights(), 1U << 24U));
    const Bytes rubbish = to_bytes("this is not an ONNX file");
    REQUIRE(write_file_atomically(copy.weights(), rubbish));
    copy.edit(old, sha256_hex(rubbish));
    CHECK(refusal(copy.folder()).code() == ErrorCode::corrupt);
}

TEST_CASE("a model.toml of another geometry than the network's is refused") {
    const ModelCopy copy(model_name);
    const auto model = load_detector_model(copy.folder());
    REQUIRE(model);
    copy.edit("stride = " + std::to_string(model->stride), "stride = " + std::to_string(2 * model->stride));
    CHECK(refusal(copy.folder()).code() == ErrorCode::corrupt);
}

TEST_CASE("an unknown key and a missing key in model.toml are refused, naming the key") {
    const ModelCopy unknown(model_name);
    unknown.edit("pad = ", "colour = 7\npad = ");
    CHECK(names(refusal(unknown.folder()), "colour"));
    const ModelCopy missing(model_name);
    missing.edit("pad = ", "# pad = ");
    CHECK(names(refusal(missing.folder()), "pad"));
}

TEST_CASE("sizes of the input that are none are refused, naming the key and the cure") {
    for (const char* wrong :
         {"448", "448x", "x256", "448x256x3", "448 x 256", "16x256", "9999x256", "-448x256", ""}) {
        CAPTURE(wrong);
        const ModelCopy copy(model_name);
        copy.edit("\"640x384\"", fmt::format("\"{}\"", wrong));
        const Error error = refusal(copy.folder());
        CHECK(error.code() == ErrorCode::configuration);
        CHECK(names(error, "sizes"));
        CHECK(names(error, "448x256"));
    }
    const ModelCopy uneven(model_name);
    uneven.edit("\"640x384\"", "\"449x256\"");
    CHECK(names(refusal(uneven.folder()), "stride"));
    const ModelCopy none(model_name);
    none.edit("sizes = [", "sizes = [] # [");
    CHECK(names(refusal(none.folder()), "sizes"));
}
