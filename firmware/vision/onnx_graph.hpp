#pragma once
// What an ONNX file says, for those few kinds of layers that our networks are made of: convolutions with or
// without ReLU, sums, twofold enlargement, rows laid side by side, means and maxima over a whole map.
// For sources of the vision room only. Pure functions, reentrant.

#include <cstddef>
#include <string>
#include <vector>

#include "base/bytes.hpp"

namespace portcullis {

struct GraphConvolution {
    std::size_t inputs = 0;  // channels
    std::size_t outputs = 0;
    std::size_t kernel_height = 1;
    std::size_t kernel_width = 1;
    std::size_t stride_y = 1;
    std::size_t stride_x = 1;
    std::size_t pad_y = 0;  // zeros above, and as many below
    std::size_t pad_x = 0;
    std::vector<float> filters;  // outputs x kernel_height x kernel_width x inputs
    std::vector<float> bias;     // outputs
};

enum class GraphOperation {
    convolve,
    add,      // two maps of one shape
    enlarge,  // to twice the width and height, linear between the centres
    append,   // the second map to the right of the first
    mean,     // of each channel over the whole map: 1 x 1
    most,     // the largest of each channel over the whole map: 1 x 1
};

struct GraphLayer {
    std::string name;  // as the file has it, for messages
    GraphOperation operation = GraphOperation::convolve;
    std::vector<std::size_t> inputs;  // maps, by number; 0 is the network's input
    std::size_t output = 0;           // the map that it makes
    bool relu = false;                // what is below 0 becomes 0
    GraphConvolution convolution;     // of convolve
};

struct GraphOutput {
    std::string name;
    std::size_t map = 0;
};

/// Layers in the order in which they can be run. One input: a map of one channel, of any width and height.
struct OnnxGraph {
    std::vector<GraphLayer> layers;
    std::vector<GraphOutput> outputs;
    std::size_t maps = 1;
};

inline constexpr std::size_t max_graph_layers = 256;
inline constexpr std::size_t max_kernel_side = 64;

/// Errors: corrupt (no ONNX file, or layers, settings or tensors that are not known or do not fit together;
/// the message names the layer).
[[nodiscard]] Result<OnnxGraph> read_onnx_graph(const Bytes& file);

}  // namespace portcullis
