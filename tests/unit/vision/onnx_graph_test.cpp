#include "vision/onnx_graph.hpp"

#include <doctest/doctest.h>

#include "unit/vision/onnx_file.hpp"

using namespace portcullis;
using portcullis::test::OnnxFile;

namespace {

/// One convolution of two filters of 1 x 2.
OnnxFile one_convolution() {
    OnnxFile file;
    file.tensor("filters", {2, 1, 1, 2}, {1, 2, 3, 4}).tensor("bias", {2}, {5, 6});
    file.layer("Conv", {"picture", "filters", "bias"}, "map")
        .with_all("strides", {2, 1})
        .with_all("pads", {0, 1, 0, 1});
    file.output("map");
    return file;
}

std::string refusal(const OnnxFile& file) {
    const auto graph = read_onnx_graph(file.bytes());
    REQUIRE_FALSE(graph);
    CHECK(graph.error().code() == ErrorCode::corrupt);
    return graph.error().message();
}

bool says(const std::string& message, std::string_view what) {
    return message.find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("a convolution is read with its filters, channels innermost, its steps and its padding") {
    OnnxFile file;
    file.tensor("filters", {1, 2, 1, 2}, {1, 2, 3, 4}).tensor("bias", {1}, {5});
    file.layer("Conv", {"picture", "filters", "bias"}, "map")
        .with_all("strides", {2, 1})
        .with_all("pads", {0, 1, 0, 1});
    file.output("map");
    const auto graph = read_onnx_graph(file.bytes());
    REQUIRE(graph);
    REQUIRE(graph->layers.size() == 1);
    const GraphConvolution& shape = graph->layers[0].convolution;
    CHECK(shape.filters == std::vector<float>{1, 3, 2, 4});
    CHECK(shape.bias == std::vector<float>{5});
    CHECK(shape.stride_y == 2);
    CHECK(shape.stride_x == 1);
    CHECK(shape.pad_y == 0);
    CHECK(shape.pad_x == 1);
    CHECK_FALSE(graph->layers[0].relu);
    REQUIRE(graph->outputs.size() == 1);
    CHECK(graph->outputs[0].name == "map");
    CHECK(graph->outputs[0].map == graph->layers[0].output);
}

TEST_CASE("a ReLU becomes part of the layer before it") {
    OnnxFile file = one_convolution();
    file.layer("Relu", {"map"}, "bent");
    file.model().mutable_graph()->mutable_output(0)->set_name("bent");
    const auto graph = read_onnx_graph(file.bytes());
    REQUIRE(graph);
    REQUIRE(graph->layers.size() == 1);
    CHECK(graph->layers[0].relu);
    CHECK(graph->outputs[0].map == graph->layers[0].output);
}

TEST_CASE("a ReLU whose layer is used elsewhere too is refused, for it would change both") {
    OnnxFile file = one_convolution();
    file.layer("Relu", {"map"}, "bent").output("bent");
    CHECK(says(refusal(file), "bent"));
}

TEST_CASE("layers of other kinds are refused by name") {
    OnnxFile file = one_convolution();
    file.layer("LSTM", {"map"}, "memory").output("memory");
    const std::string message = refusal(file);
    CHECK(says(message, "memory"));
    CHECK(says(message, "LSTM"));
}

TEST_CASE("settings of a convolution that are not run are refused") {
    SUBCASE("groups") {
        CHECK(says(refusal(one_convolution().with("group", 2)), "groups"));
    }
    SUBCASE("dilations") {
        CHECK(says(refusal(one_convolution().with_all("dilations", {1, 2})), "dilations"));
    }
    SUBCASE("automatic padding") {
        CHECK(says(refusal(one_convolution().with("auto_pad", std::string("SAME_UPPER"))), "padding"));
    }
    OnnxFile file;
    file.tensor("filters", {2, 1, 1, 2}, {1, 2, 3, 4}).tensor("bias", {2}, {5, 6}).output("map");
    file.layer("Conv", {"picture", "filters", "bias"}, "map");
    SUBCASE("a step of nothing") {
        CHECK(says(refusal(file.with_all("strides", {0, 1})), "strides"));
    }
    SUBCASE("one stride") {
        CHECK(says(refusal(file.with_all("strides", std::vector<std::int64_t>{1})), "strides"));
    }
    SUBCASE("more padding on one side") {
        CHECK(says(refusal(file.with_all("pads", {0, 1, 0, 0})), "padding"));
    }
    SUBCASE("negative padding") {
        CHECK(says(refusal(file.with_all("pads", {-1, 0, -1, 0})), "padding"));
    }
}

TEST_CASE("tensors that are not what their shape promises are refused") {
    OnnxFile file = one_convolution();
    auto* filters = file.model().mutable_graph()->mutable_initializer(0);
    auto* bias = file.model().mutable_graph()->mutable_initializer(1);
    SUBCASE("cut short") {
        filters->mutable_raw_data()->pop_back();
    }
    SUBCASE("too long") {
        filters->mutable_raw_data()->push_back('x');
    }
    SUBCASE("a negative side") {
        filters->set_dims(0, -2);
    }
    SUBCASE("a side so large that the product overflows") {
        filters->set_dims(0, 4096);
        filters->set_dims(1, 4096);
        filters->set_dims(2, 4096);
        filters->set_dims(3, 4096);
    }
    SUBCASE("no filter at all") {
        filters->set_dims(0, 0);
        filters->clear_raw_data();
    }
    SUBCASE("three sides") {
        filters->mutable_dims()->RemoveLast();
    }
    SUBCASE("half floats") {
        filters->set_data_type(onnx::TensorProto::FLOAT16);
    }
    SUBCASE("a bias for fewer filters") {
        bias->set_dims(0, 1);
        bias->mutable_raw_data()->resize(sizeof(float));
    }
    SUBCASE("filters that are nowhere") {
        filters->set_name("others");
    }
    CHECK(says(refusal(file), "map"));
}

TEST_CASE("a layer that takes what no layer before it makes is refused") {
    OnnxFile file = one_convolution();
    file.layer("Add", {"map", "later"}, "sum").output("sum");
    CHECK(says(refusal(file), "sum"));
}

TEST_CASE("two layers that make the same output are refused") {
    OnnxFile file = one_convolution();
    file.layer("GlobalAveragePool", {"map"}, "map");
    CHECK(says(refusal(file), "same output"));
}

TEST_CASE("a layer whose result nothing uses is refused: XNNPACK would stop the process") {
    OnnxFile file = one_convolution();
    file.layer("GlobalAveragePool", {"map"}, "mean");
    CHECK(says(refusal(file), "nothing uses"));
    CHECK(read_onnx_graph(file.output("mean").bytes()));  // control
}

TEST_CASE("an output that no layer makes is refused by name") {
    CHECK(says(refusal(one_convolution().output("steps")), "steps"));
}

TEST_CASE("enlargements other than linear to twice the size are refused") {
    OnnxFile file = one_convolution();
    std::vector<float> scales{1, 1, 2, 2};
    std::string mode = "linear";
    std::string centres = "half_pixel";
    SUBCASE("nearest") {
        mode = "nearest";
    }
    SUBCASE("corners aligned") {
        centres = "align_corners";
    }
    SUBCASE("thrice") {
        scales = {1, 1, 3, 3};
    }
    file.tensor("scales", {4}, scales).layer("Resize", {"map", "", "scales"}, "large");
    file.with("mode", mode).with("coordinate_transformation_mode", centres).output("large");
    CHECK(says(refusal(file), "large"));
}

TEST_CASE("what is no ONNX file, empty or cut short is refused") {
    CHECK_FALSE(read_onnx_graph({}));
    CHECK_FALSE(read_onnx_graph(to_bytes("this is not an ONNX file")));
    const Bytes whole = one_convolution().bytes();
    REQUIRE(read_onnx_graph(whole));
    for (std::size_t length = 0; length < whole.size(); ++length) {
        CAPTURE(length);
        CHECK_FALSE(
            read_onnx_graph(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length))));
    }
}

TEST_CASE("more layers than any network of ours has are refused") {
    OnnxFile file;
    std::string last = "picture";
    for (std::size_t i = 0; i <= max_graph_layers; ++i) {
        const std::string next = "sum" + std::to_string(i);
        file.layer("Add", {last, last}, next);
        last = next;
    }
    CHECK(says(refusal(file.output(last)), "at most"));
}
