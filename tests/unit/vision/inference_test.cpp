#include "vision/inference.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <opencv2/dnn.hpp>

#include "base/file.hpp"
#include "unit/vision/onnx_file.hpp"
#include "vision/packed_weights.hpp"

using namespace portcullis;
using portcullis::test::OnnxFile;

namespace {

Inference planned(const OnnxFile& file, int width, int height, int threads = 1) {
    const auto graph = read_onnx_graph(file.bytes());
    REQUIRE(graph);
    auto inference = Inference::create(*graph, width, height, threads);
    REQUIRE(inference);
    return std::move(*inference);
}

std::vector<float> answer_of(Inference& inference, const cv::Mat& picture, const char* name) {
    inference.feed(picture, 1, 0);
    REQUIRE(inference.run());
    const Answer* const answer = inference.answer(name);
    REQUIRE(answer);
    return {answer->values.begin(), answer->values.end()};
}

cv::Mat picture_of(int width, int height, const std::vector<std::uint8_t>& pixels) {
    cv::Mat picture(height, width, CV_8UC1);
    std::copy(pixels.begin(), pixels.end(), picture.begin<std::uint8_t>());
    return picture;
}

Bytes shipped(const std::string& model) {
    const std::filesystem::path folder = std::filesystem::path(PORTCULLIS_SOURCE_DIR) / "models" / model;
    const auto packed = read_file(folder / (model + ".onnx.gz"), 1U << 24U);
    REQUIRE(packed);
    auto plain = unpack(*packed, 1U << 24U);
    REQUIRE(plain);
    return std::move(*plain);
}

/// The largest difference to what OpenCV's DNN module answers, as a share of the largest number.
float apart_from_opencv(const std::string& model, const std::string& output, int width, int height) {
    const Bytes file = shipped(model);
    cv::Mat picture(height, width, CV_8UC1);
    cv::RNG random(11);
    random.fill(picture, cv::RNG::UNIFORM, 0, 256);
    cv::dnn::Net net = cv::dnn::readNetFromONNX(as_text(file).data(), file.size());
    net.setInput(cv::dnn::blobFromImage(picture, 1 / 127.5, {}, 127.5));
    const cv::Mat wanted = net.forward(output);  // 1 x channels x height x width
    const auto graph = read_onnx_graph(file);
    REQUIRE(graph);
    auto inference = Inference::create(*graph, width, height);
    REQUIRE(inference);
    inference->feed(picture, 1 / 127.5, -1);
    REQUIRE(inference->run());
    const Answer* const answer = inference->answer(output);
    REQUIRE(answer);
    REQUIRE(wanted.total() == answer->values.size());
    REQUIRE(static_cast<std::size_t>(wanted.size[1]) == answer->channels);
    const auto* const planes = wanted.ptr<float>();
    const std::size_t area = answer->height * answer->width;
    float apart = 0;
    float most = 0;
    for (std::size_t i = 0; i < area; ++i)
        for (std::size_t c = 0; c < answer->channels; ++c) {
            const float value = planes[c * area + i];
            apart = std::max(apart, std::abs(value - answer->values[i * answer->channels + c]));
            most = std::max(most, std::abs(value));
        }
    return apart / most;
}

}  // namespace

TEST_CASE("a convolution counts zeros beyond the edge and adds its bias") {
    OnnxFile file;
    file.tensor("filters", {2, 1, 1, 3}, {1, 2, 3, 0, -1, 0}).tensor("bias", {2}, {10, 0});
    file.layer("Conv", {"picture", "filters", "bias"}, "map").with_all("pads", {0, 1, 0, 1}).output("map");
    Inference inference = planned(file, 3, 1);
    CHECK(answer_of(inference, picture_of(3, 1, {1, 2, 3}), "map") ==
          std::vector<float>{18, -1, 24, -2, 18, -3});
    const Answer* const answer = inference.answer("map");
    CHECK(answer->height == 1);
    CHECK(answer->width == 3);
    CHECK(answer->channels == 2);
    CHECK(inference.answer("steps") == nullptr);
}

TEST_CASE("a ReLU makes what is below nothing zero, after a convolution and after a sum") {
    OnnxFile file;
    file.tensor("filters", {1, 1, 1, 1}, {1}).tensor("bias", {1}, {-2});
    file.layer("Conv", {"picture", "filters", "bias"}, "moved").layer("Relu", {"moved"}, "bent");
    file.tensor("negative", {1, 1, 1, 1}, {-1}).tensor("three", {1}, {3});
    file.layer("Conv", {"picture", "negative", "three"}, "other").layer("Add", {"bent", "other"}, "sum");
    file.layer("Relu", {"sum"}, "end").output("end");
    Inference inference = planned(file, 4, 1);
    CHECK(answer_of(inference, picture_of(4, 1, {0, 1, 2, 4}), "end") == std::vector<float>{3, 2, 1, 1});
}

TEST_CASE("maps are laid side by side, row by row") {
    OnnxFile file;
    file.tensor("filters", {1, 1, 1, 1}, {10}).tensor("bias", {1}, {0});
    file.layer("Conv", {"picture", "filters", "bias"}, "tens").layer("Concat", {"picture", "tens"}, "both");
    file.with("axis", 3).output("both");
    Inference inference = planned(file, 2, 2);
    CHECK(answer_of(inference, picture_of(2, 2, {1, 2, 3, 4}), "both") ==
          std::vector<float>{1, 2, 10, 20, 3, 4, 30, 40});
}

TEST_CASE("mean and maximum are taken over the whole map") {
    OnnxFile file;
    file.layer("GlobalAveragePool", {"picture"}, "mean").output("mean");
    file.layer("ReduceMax", {"picture"}, "most").with_all("axes", {2, 3}).with("keepdims", 1).output("most");
    Inference inference = planned(file, 2, 2);
    const cv::Mat picture = picture_of(2, 2, {1, 2, 3, 6});
    CHECK(answer_of(inference, picture, "mean") == std::vector<float>{3});
    CHECK(answer_of(inference, picture, "most") == std::vector<float>{6});
}

TEST_CASE("enlarging is linear between the centres") {
    OnnxFile file;
    file.tensor("scales", {4}, {1, 1, 2, 2}).layer("Resize", {"picture", "", "scales"}, "large");
    file.with("mode", "linear").with("coordinate_transformation_mode", "half_pixel").output("large");
    Inference inference = planned(file, 2, 1);
    CHECK(answer_of(inference, picture_of(2, 1, {0, 8}), "large") ==
          std::vector<float>{0, 2, 6, 8, 0, 2, 6, 8});
}

TEST_CASE("an answer depends on its own picture only, whatever was run before") {
    OnnxFile file;
    file.tensor("filters", {1, 1, 3, 3}, std::vector<float>(9, 1)).tensor("bias", {1}, {0});
    file.layer("Conv", {"picture", "filters", "bias"}, "sums").with_all("pads", {1, 1, 1, 1}).output("sums");
    Inference inference = planned(file, 3, 3);
    const cv::Mat ones(3, 3, CV_8UC1, cv::Scalar(1));
    const auto first = answer_of(inference, ones, "sums");
    (void)answer_of(inference, cv::Mat(3, 3, CV_8UC1, cv::Scalar(200)), "sums");
    CHECK(first == std::vector<float>{4, 6, 4, 6, 9, 6, 4, 6, 4});
    CHECK(answer_of(inference, ones, "sums") == first);
    Inference several = planned(file, 3, 3, 2);
    CHECK(answer_of(several, ones, "sums") == first);
}

TEST_CASE("layers that do not fit together are refused by name, and so is an input too small for them") {
    OnnxFile file;
    file.tensor("filters", {1, 2, 5, 5}, std::vector<float>(50, 1)).tensor("bias", {1}, {0});
    file.layer("Conv", {"picture", "filters", "bias"}, "of-two-channels").output("of-two-channels");
    const auto graph = read_onnx_graph(file.bytes());
    REQUIRE(graph);
    const auto refused = Inference::create(*graph, 16, 16);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == ErrorCode::corrupt);
    CHECK(refused.error().message().find("of-two-channels") != std::string::npos);

    OnnxFile large;
    large.tensor("filters", {1, 1, 5, 5}, std::vector<float>(25, 1)).tensor("bias", {1}, {0});
    large.layer("Conv", {"picture", "filters", "bias"}, "map").output("map");
    const auto kernel = read_onnx_graph(large.bytes());
    REQUIRE(kernel);
    CHECK(Inference::create(*kernel, 5, 5));
    CHECK_FALSE(Inference::create(*kernel, 4, 5));
    CHECK_FALSE(Inference::create(*kernel, 0, 0));
}

TEST_CASE("sums of maps of different shapes are refused") {
    OnnxFile file;
    file.tensor("filters", {1, 1, 3, 3}, std::vector<float>(9, 1)).tensor("bias", {1}, {0});
    file.layer("Conv", {"picture", "filters", "bias"}, "smaller").layer("Add", {"smaller", "picture"}, "sum");
    const auto graph = read_onnx_graph(file.output("sum").bytes());
    REQUIRE(graph);
    CHECK_FALSE(Inference::create(*graph, 8, 8));
}

TEST_CASE("an enlargement beyond all memory is refused before memory is taken") {
    OnnxFile file;
    file.tensor("scales", {4}, {1, 1, 2, 2});
    std::string last = "picture";
    for (int i = 0; i < 40; ++i) {
        const std::string next = "large" + std::to_string(i);
        file.layer("Resize", {last, "", "scales"}, next).with("mode", "linear");
        file.with("coordinate_transformation_mode", "half_pixel");
        last = next;
    }
    const auto graph = read_onnx_graph(file.output(last).bytes());
    REQUIRE(graph);
    CHECK_FALSE(Inference::create(*graph, 64, 64));
}

TEST_CASE("the shipped networks answer as OpenCV's DNN module does") {
    // Two ways to the same sums: only the order in which floats are added differs.
    CHECK(apart_from_opencv("plate-detector", "cells", 640, 384) < 1e-4F);
    CHECK(apart_from_opencv("plate-fitter", "fit", 96, 48) < 1e-4F);
    CHECK(apart_from_opencv("plate-network", "steps", 176, 48) < 1e-4F);
    CHECK(apart_from_opencv("plate-network", "look", 176, 48) < 1e-4F);
}
