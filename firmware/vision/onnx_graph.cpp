#include "vision/onnx_graph.hpp"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <optional>

namespace portcullis {

namespace {

static_assert(std::endian::native == std::endian::little, "ONNX keeps its numbers in little-endian order");

constexpr std::int64_t max_channels = 4096;
constexpr int torch_axis_of_width = 3;  // ONNX counts batch, channels, height, width

Failure refused(const onnx::NodeProto& node, std::string_view why) {
    return fail(ErrorCode::corrupt, "layer '{}' ({}): {}", node.name(), node.op_type(), why);
}

const onnx::AttributeProto* attribute(const onnx::NodeProto& node, std::string_view name) {
    for (const auto& candidate : node.attribute())
        if (candidate.name() == name) return &candidate;
    return nullptr;
}

std::vector<std::int64_t> integers(const onnx::NodeProto& node, std::string_view name) {
    const auto* found = attribute(node, name);
    if (!found) return {};
    return {found->ints().begin(), found->ints().end()};
}

std::int64_t integer(const onnx::NodeProto& node, std::string_view name, std::int64_t otherwise) {
    const auto* found = attribute(node, name);
    return found ? found->i() : otherwise;
}

std::string text(const onnx::NodeProto& node, std::string_view name) {
    const auto* found = attribute(node, name);
    return found ? found->s() : std::string();
}

/// The floats of a tensor; nothing where they are not as many as its shape says.
std::optional<std::vector<float>> floats(const onnx::TensorProto& tensor) {
    if (tensor.data_type() != onnx::TensorProto::FLOAT) return std::nullopt;
    std::size_t count = 1;
    for (const std::int64_t side : tensor.dims()) {
        if (side < 0 || side > max_channels) return std::nullopt;
        count *= static_cast<std::size_t>(side);
        if (count * sizeof(float) > tensor.raw_data().size()) return std::nullopt;
    }
    if (count * sizeof(float) != tensor.raw_data().size()) return std::nullopt;
    std::vector<float> values(count);
    if (count > 0) std::memcpy(values.data(), tensor.raw_data().data(), tensor.raw_data().size());
    return values;
}

/// ONNX keeps a filter as inputs x height x width; the maps lie with their channels innermost.
std::vector<float> channels_innermost(const std::vector<float>& filters, const GraphConvolution& shape) {
    std::vector<float> turned(filters.size());
    const std::size_t area = shape.kernel_height * shape.kernel_width;
    for (std::size_t o = 0; o < shape.outputs; ++o)
        for (std::size_t i = 0; i < shape.inputs; ++i)
            for (std::size_t k = 0; k < area; ++k)
                turned[(o * area + k) * shape.inputs + i] = filters[(o * shape.inputs + i) * area + k];
    return turned;
}

/// Follows the file's nodes in their order and turns each into a layer.
class GraphBuilder {
  public:
    explicit GraphBuilder(const onnx::GraphProto& source) : source_(source) {
        for (const auto& tensor : source.initializer())
            constants_[tensor.name()] = &tensor;
        for (const auto& node : source.node())
            for (const auto& input : node.input())
                ++uses_[input];
        for (const auto& output : source.output())
            ++uses_[output.name()];
    }

    Result<OnnxGraph> build() {
        if (static_cast<std::size_t>(source_.node_size()) > max_graph_layers)
            return fail(ErrorCode::corrupt, "the network has {} layers; at most {} are run",
                        source_.node_size(), max_graph_layers);
        if (source_.input_size() != 1)
            return fail(ErrorCode::corrupt, "the network has {} inputs instead of one", source_.input_size());
        maps_[source_.input(0).name()] = 0;
        for (const auto& node : source_.node())
            TRY(take(node));
        for (const auto& output : source_.output()) {
            const auto found = maps_.find(output.name());
            if (found == maps_.end())
                return fail(ErrorCode::corrupt, "no layer makes the output '{}'", output.name());
            graph_.outputs.push_back({output.name(), found->second});
        }
        TRY(check_uses());
        return std::move(graph_);
    }

  private:
    /// XNNPACK gives a map that nothing uses no memory, and stops the process when a layer is to fill it.
    [[nodiscard]] Result<void> check_uses() const {
        std::vector<bool> used(graph_.maps);
        for (const GraphLayer& layer : graph_.layers)
            for (const std::size_t input : layer.inputs)
                used[input] = true;
        for (const GraphOutput& output : graph_.outputs)
            used[output.map] = true;
        for (const GraphLayer& layer : graph_.layers)
            if (!used[layer.output])
                return fail(ErrorCode::corrupt, "nothing uses what the layer '{}' makes", layer.name);
        return {};
    }

    Result<void> take(const onnx::NodeProto& node) {
        if (node.output_size() != 1) return refused(node, "it has not one output");
        const std::string& type = node.op_type();
        if (type == "Constant") return constant(node);
        if (type == "Conv") return convolution(node);
        if (type == "Relu") return relu(node);
        if (type == "Add") return of_maps(node, GraphOperation::add, 2);
        if (type == "Resize") return resize(node);
        if (type == "Concat") return concatenation(node);
        if (type == "GlobalAveragePool") return of_maps(node, GraphOperation::mean, 1);
        if (type == "ReduceMax") return most(node);
        return refused(node, "layers of this kind are not run");
    }

    Result<void> constant(const onnx::NodeProto& node) {
        const auto* value = attribute(node, "value");
        if (!value || !value->has_t()) return refused(node, "it holds no tensor");
        constants_[node.output(0)] = &value->t();
        return {};
    }

    Result<void> add_layer(const onnx::NodeProto& node, GraphLayer layer, int inputs) {
        layer.name = node.name();
        for (int i = 0; i < inputs; ++i) {
            const auto found = i < node.input_size() ? maps_.find(node.input(i)) : maps_.end();
            if (found == maps_.end()) return refused(node, "no layer before it makes what it takes");
            layer.inputs.push_back(found->second);
        }
        layer.output = graph_.maps++;
        if (!maps_.emplace(node.output(0), layer.output).second)
            return refused(node, "another layer makes the same output");
        graph_.layers.push_back(std::move(layer));
        return {};
    }

    Result<void> of_maps(const onnx::NodeProto& node, GraphOperation operation, int inputs) {
        GraphLayer layer;
        layer.operation = operation;
        return add_layer(node, std::move(layer), inputs);
    }

    [[nodiscard]] const onnx::TensorProto* tensor(const onnx::NodeProto& node, int input) const {
        if (input >= node.input_size()) return nullptr;
        const auto found = constants_.find(node.input(input));
        return found == constants_.end() ? nullptr : found->second;
    }

    Result<void> convolution(const onnx::NodeProto& node) {
        const auto* filters = tensor(node, 1);
        const auto* bias = tensor(node, 2);
        if (!filters || !bias) return refused(node, "its filters or its bias are missing");
        auto values = floats(*filters);
        auto offsets = floats(*bias);
        if (!values || !offsets || filters->dims_size() != 4 || bias->dims_size() != 1)
            return refused(node, "its filters or its bias are not the floats that their shape promises");
        GraphLayer layer;
        GraphConvolution& shape = layer.convolution;
        shape.outputs = static_cast<std::size_t>(filters->dims(0));
        shape.inputs = static_cast<std::size_t>(filters->dims(1));
        shape.kernel_height = static_cast<std::size_t>(filters->dims(2));
        shape.kernel_width = static_cast<std::size_t>(filters->dims(3));
        const auto is_side = [](std::size_t side) { return side >= 1 && side <= max_kernel_side; };
        if (values->empty() || !is_side(shape.kernel_height) || !is_side(shape.kernel_width))
            return refused(node, "its filters have no sensible shape");
        if (offsets->size() != shape.outputs) return refused(node, "its bias has another length");
        TRY(steps(node, shape));
        shape.filters = channels_innermost(*values, shape);
        shape.bias = std::move(*offsets);
        return add_layer(node, std::move(layer), 1);
    }

    static Result<void> steps(const onnx::NodeProto& node, GraphConvolution& shape) {
        const auto is_plain = [](std::int64_t value) { return value == 1; };
        const auto dilations = integers(node, "dilations");
        if (integer(node, "group", 1) != 1 || !std::ranges::all_of(dilations, is_plain) ||
            attribute(node, "auto_pad"))
            return refused(node, "groups, dilations and automatic padding are not run");
        auto strides = integers(node, "strides");
        auto pads = integers(node, "pads");
        if (strides.empty()) strides = {1, 1};
        if (pads.empty()) pads = {0, 0, 0, 0};
        const auto is_step = [](std::int64_t step) { return step >= 1 && step <= 16; };
        const auto is_pad = [](std::int64_t pad) {
            return pad >= 0 && pad <= static_cast<std::int64_t>(max_kernel_side);
        };
        if (strides.size() != 2 || !std::ranges::all_of(strides, is_step))
            return refused(node, "its strides are not two numbers of 1 to 16");
        if (pads.size() != 4 || !std::ranges::all_of(pads, is_pad) || pads[0] != pads[2] ||
            pads[1] != pads[3])
            return refused(node, "its padding is not the same on both sides");
        shape.stride_y = static_cast<std::size_t>(strides[0]);
        shape.stride_x = static_cast<std::size_t>(strides[1]);
        shape.pad_y = static_cast<std::size_t>(pads[0]);
        shape.pad_x = static_cast<std::size_t>(pads[1]);
        return {};
    }

    /// A ReLU belongs to the layer before it.
    Result<void> relu(const onnx::NodeProto& node) {
        const std::string source = node.input_size() == 1 ? node.input(0) : std::string();
        const auto found = maps_.find(source);
        if (found == maps_.end() || found->second == 0 || uses_[source] != 1)
            return refused(node, "it does not follow a layer that nothing else uses");
        const std::size_t map = found->second;
        for (GraphLayer& layer : graph_.layers)
            if (layer.output == map) {
                if (layer.operation != GraphOperation::convolve && layer.operation != GraphOperation::add)
                    return refused(node, "it follows neither a convolution nor a sum");
                layer.relu = true;
            }
        if (!maps_.emplace(node.output(0), map).second)
            return refused(node, "another layer makes the same output");
        return {};
    }

    Result<void> resize(const onnx::NodeProto& node) {
        const auto* scales = tensor(node, 2);
        const auto values = scales ? floats(*scales) : std::nullopt;
        const std::string centres = text(node, "coordinate_transformation_mode");
        if (text(node, "mode") != "linear" || (centres != "half_pixel" && centres != "pytorch_half_pixel") ||
            !values || *values != std::vector<float>{1, 1, 2, 2})
            return refused(node, "only linear enlargement to twice the width and height is run");
        return of_maps(node, GraphOperation::enlarge, 1);
    }

    Result<void> concatenation(const onnx::NodeProto& node) {
        if (node.input_size() != 2 || integer(node, "axis", 0) != torch_axis_of_width)
            return refused(node, "only two maps side by side are run");
        return of_maps(node, GraphOperation::append, 2);
    }

    Result<void> most(const onnx::NodeProto& node) {
        if (integers(node, "axes") != std::vector<std::int64_t>{2, 3} || integer(node, "keepdims", 1) != 1)
            return refused(node, "only the maximum over width and height is run");
        return of_maps(node, GraphOperation::most, 1);
    }

    const onnx::GraphProto& source_;
    std::map<std::string, const onnx::TensorProto*> constants_;
    std::map<std::string, int> uses_;
    std::map<std::string, std::size_t> maps_;
    OnnxGraph graph_;
};

}  // namespace

Result<OnnxGraph> read_onnx_graph(const Bytes& file) {
    onnx::ModelProto model;
    if (!model.ParseFromArray(file.data(), static_cast<int>(file.size())) || !model.has_graph())
        return fail(ErrorCode::corrupt, "it is no ONNX file");
    return GraphBuilder(model.graph()).build();
}

}  // namespace portcullis
