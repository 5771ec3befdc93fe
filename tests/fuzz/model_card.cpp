// A model folder: its card, packed weights, and the network's ONNX file. The input is tried as each of them.

#include <algorithm>

#include "base/assert.hpp"
#include "fuzz/input.hpp"
#include "fuzz/scratch.hpp"
#include "vision/detector_model.hpp"
#include "vision/inference.hpp"
#include "vision/model_folder.hpp"
#include "vision/onnx_graph.hpp"
#include "vision/packed_weights.hpp"
#include "vision/plate_reader_model.hpp"

using namespace portcullis;

namespace {

constexpr std::string_view weights = "weights\n";  // the corpus's cards name their digest
constexpr std::size_t max_unpacked_bytes = std::size_t{1} << 20;
constexpr int input_side_px = 32;

void check_refusal(const Error& error, const std::filesystem::path& folder) {
    const bool weights_refused = error.code() == ErrorCode::corrupt || error.code() == ErrorCode::not_found ||
                                 error.code() == ErrorCode::io || error.code() == ErrorCode::exhausted;
    PORTCULLIS_ASSERT(weights_refused || error.message().find(folder.string()) != std::string::npos);
    PORTCULLIS_ASSERT(weights_refused || error.code() == ErrorCode::configuration);
}

void check_detector(const std::filesystem::path& folder) {
    const Result<DetectorModel> model = load_detector_model(folder);
    if (!model) return check_refusal(model.error(), folder);
    PORTCULLIS_ASSERT(as_text(model->weights) == weights);
    PORTCULLIS_ASSERT(!model->sizes.empty() && model->sizes.size() <= max_input_sizes);
    for (const InputSize& size : model->sizes) {
        PORTCULLIS_ASSERT(size.width >= 32 && size.width <= 4096 && size.width % model->stride == 0);
        PORTCULLIS_ASSERT(size.height >= 32 && size.height <= 4096 && size.height % model->stride == 0);
    }
    PORTCULLIS_ASSERT(model->score_threshold > 0 && model->score_threshold < 1);
}

void check_plate_reader(const std::filesystem::path& folder) {
    const Result<PlateReaderModel> model = load_plate_reader_model(folder);
    if (!model) return check_refusal(model.error(), folder);
    PORTCULLIS_ASSERT(as_text(model->weights) == weights);
}

void check_unpacked(ByteView packed) {
    const Result<Bytes> plain = unpack(Bytes(packed.begin(), packed.end()), max_unpacked_bytes);
    PORTCULLIS_ASSERT(!plain || plain->size() <= max_unpacked_bytes);
}

/// Can be run in order: each map is made once, before it is used, by as many numbers as its shape promises.
void check_graph(const OnnxGraph& graph) {
    PORTCULLIS_ASSERT(graph.layers.size() <= max_graph_layers && graph.maps == graph.layers.size() + 1);
    std::vector<bool> made(graph.maps, false);
    made[0] = true;
    for (const GraphLayer& layer : graph.layers) {
        PORTCULLIS_ASSERT(!layer.inputs.empty());
        for (const std::size_t input : layer.inputs)
            PORTCULLIS_ASSERT(input < graph.maps && made[input]);
        PORTCULLIS_ASSERT(layer.output < graph.maps && !made[layer.output]);
        made[layer.output] = true;
        if (layer.operation != GraphOperation::convolve) continue;
        const GraphConvolution& shape = layer.convolution;
        PORTCULLIS_ASSERT(shape.kernel_height <= max_kernel_side && shape.kernel_width <= max_kernel_side);
        PORTCULLIS_ASSERT(shape.filters.size() ==
                          shape.outputs * shape.kernel_height * shape.kernel_width * shape.inputs);
        PORTCULLIS_ASSERT(shape.bias.size() == shape.outputs);
    }
    for (const GraphOutput& output : graph.outputs)
        PORTCULLIS_ASSERT(output.map < graph.maps && made[output.map]);
}

void check_onnx(ByteView file) {
    const Result<OnnxGraph> graph = read_onnx_graph(Bytes(file.begin(), file.end()));
    if (!graph) return;
    check_graph(*graph);
    (void)Inference::create(*graph, input_side_px, input_side_px);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const fuzz::Scratch scratch;
    const ByteView input = fuzz::input_bytes(data, size);
    (void)scratch.write("weights.onnx", as_bytes(weights));
    (void)scratch.write("model.toml", input);
    check_detector(scratch.path());
    check_plate_reader(scratch.path());
    check_unpacked(input);
    check_onnx(input);
    return 0;
}
