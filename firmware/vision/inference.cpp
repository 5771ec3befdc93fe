#include "vision/inference.hpp"

#include <pthreadpool.h>
#include <xnnpack.h>

#include <algorithm>
#include <array>
#include <limits>
#include <opencv2/core.hpp>

namespace portcullis {

namespace {

constexpr float unbounded = std::numeric_limits<float>::infinity();
constexpr std::size_t most_floats = std::size_t{1} << 26U;  // of one map: 256 MB
// XNNPACK reads a little beyond the end of what it is given.
constexpr std::size_t slack_floats = XNN_EXTRA_BYTES / sizeof(float);

struct Shape {
    std::size_t height = 0;
    std::size_t width = 0;
    std::size_t channels = 0;

    bool operator==(const Shape&) const = default;
    [[nodiscard]] std::size_t floats() const { return height * width * channels; }
    [[nodiscard]] std::array<std::size_t, 4> sides() const { return {1, height, width, channels}; }
};

Failure unfit(const GraphLayer& layer) {
    return fail(ErrorCode::corrupt, "layer '{}' does not fit the layers before it", layer.name);
}

/// Outputs along one side of a convolution; 0 where the kernel is larger than what it moves over.
std::size_t places(std::size_t side, std::size_t pad, std::size_t kernel, std::size_t stride) {
    return side + 2 * pad < kernel ? 0 : (side + 2 * pad - kernel) / stride + 1;
}

Result<Shape> shape_after(const GraphLayer& layer, const std::vector<Shape>& maps) {
    const Shape in = maps[layer.inputs.at(0)];
    Shape out = in;
    switch (layer.operation) {
        case GraphOperation::convolve: {
            const GraphConvolution& c = layer.convolution;
            if (in.channels != c.inputs) return unfit(layer);
            out = {places(in.height, c.pad_y, c.kernel_height, c.stride_y),
                   places(in.width, c.pad_x, c.kernel_width, c.stride_x), c.outputs};
            break;
        }
        case GraphOperation::add:
            if (maps[layer.inputs.at(1)] != in) return unfit(layer);
            break;
        case GraphOperation::enlarge:
            out = {2 * in.height, 2 * in.width, in.channels};
            break;
        case GraphOperation::append: {
            const Shape right = maps[layer.inputs.at(1)];
            if (right.height != in.height || right.channels != in.channels) return unfit(layer);
            out.width = in.width + right.width;
            break;
        }
        case GraphOperation::mean:
        case GraphOperation::most:
            if (in.height * in.width < 2) return unfit(layer);
            out = {1, 1, in.channels};
            break;
    }
    if (out.floats() == 0 || out.height > most_floats / out.width / out.channels) return unfit(layer);
    return out;
}

struct FreeSubgraph {
    void operator()(xnn_subgraph* subgraph) const { xnn_delete_subgraph(subgraph); }
};
struct FreeRuntime {
    void operator()(xnn_runtime* runtime) const { xnn_delete_runtime(runtime); }
};
struct FreeThreads {
    void operator()(pthreadpool* threads) const { pthreadpool_destroy(threads); }
};

/// XNNPACK's description of the graph, layer by layer.
class Planner {
  public:
    Planner(const OnnxGraph& graph, xnn_subgraph_t subgraph) : graph_(graph), subgraph_(subgraph) {}

    Result<void> plan(Shape input) {
        shapes_.assign(graph_.maps, {});
        ids_.assign(graph_.maps, XNN_INVALID_VALUE_ID);
        shapes_[0] = input;
        ids_[0] = map(input, 0, XNN_VALUE_FLAG_EXTERNAL_INPUT);
        for (const GraphLayer& layer : graph_.layers) {
            const Shape out = TRY(shape_after(layer, shapes_));
            shapes_[layer.output] = out;
            ids_[layer.output] = add_map(layer.output, out);
            define(layer, out);
            if (status_ != xnn_status_success)
                return fail(ErrorCode::internal, "XNNPACK refuses layer '{}' (status {})", layer.name,
                            static_cast<int>(status_));
        }
        return {};
    }

    [[nodiscard]] Shape shape_of(std::size_t map) const { return shapes_[map]; }

  private:
    void check(xnn_status status) {
        if (status_ == xnn_status_success) status_ = status;
    }

    std::uint32_t tensor(std::span<const std::size_t> sides, const float* data, std::uint32_t external,
                         std::uint32_t flags) {
        std::uint32_t id = XNN_INVALID_VALUE_ID;
        check(xnn_define_tensor_value(subgraph_, xnn_datatype_fp32, sides.size(), sides.data(), data,
                                      external, flags, &id));
        return id;
    }

    std::uint32_t map(Shape shape, std::uint32_t external = XNN_INVALID_VALUE_ID, std::uint32_t flags = 0) {
        return tensor(shape.sides(), nullptr, external, flags);
    }

    std::uint32_t add_map(std::size_t number, Shape shape) {
        for (std::size_t i = 0; i < graph_.outputs.size(); ++i)
            if (graph_.outputs[i].map == number)
                return map(shape, static_cast<std::uint32_t>(1 + i), XNN_VALUE_FLAG_EXTERNAL_OUTPUT);
        return map(shape);
    }

    void define(const GraphLayer& layer, Shape out) {
        const std::uint32_t to = ids_[layer.output];
        const std::uint32_t from = ids_[layer.inputs[0]];
        const Shape in = shapes_[layer.inputs[0]];
        const float least = layer.relu ? 0 : -unbounded;
        switch (layer.operation) {
            case GraphOperation::convolve:
                return convolve(layer.convolution, least, from, to);
            case GraphOperation::add:
                return check(
                    xnn_define_add2(subgraph_, least, unbounded, from, ids_[layer.inputs[1]], to, 0));
            case GraphOperation::enlarge:
                return check(
                    xnn_define_static_resize_bilinear_2d(subgraph_, out.height, out.width, from, to, 0));
            case GraphOperation::append:
                return append(layer, out);
            case GraphOperation::mean:
                return check(
                    xnn_define_global_average_pooling_2d(subgraph_, -unbounded, unbounded, from, to, 0));
            case GraphOperation::most:
                return check(xnn_define_max_pooling_2d(
                    subgraph_, 0, 0, 0, 0, static_cast<std::uint32_t>(in.height),
                    static_cast<std::uint32_t>(in.width), static_cast<std::uint32_t>(in.height),
                    static_cast<std::uint32_t>(in.width), 1, 1, -unbounded, unbounded, from, to, 0));
        }
    }

    void convolve(const GraphConvolution& c, float least, std::uint32_t from, std::uint32_t to) {
        const std::array<std::size_t, 4> sides{c.outputs, c.kernel_height, c.kernel_width, c.inputs};
        const std::array<std::size_t, 1> length{c.outputs};
        const std::uint32_t filters = tensor(sides, c.filters.data(), XNN_INVALID_VALUE_ID, 0);
        const std::uint32_t bias = tensor(length, c.bias.data(), XNN_INVALID_VALUE_ID, 0);
        const auto pad_y = static_cast<std::uint32_t>(c.pad_y);
        const auto pad_x = static_cast<std::uint32_t>(c.pad_x);
        check(xnn_define_convolution_2d(
            subgraph_, pad_y, pad_x, pad_y, pad_x, static_cast<std::uint32_t>(c.kernel_height),
            static_cast<std::uint32_t>(c.kernel_width), static_cast<std::uint32_t>(c.stride_y),
            static_cast<std::uint32_t>(c.stride_x), 1, 1, 1, c.inputs, c.outputs, least, unbounded, from,
            filters, bias, to, 0));
    }

    /// This XNNPACK lays no maps side by side: each is widened by zeros on the other's side, then they add
    /// up.
    void append(const GraphLayer& layer, Shape out) {
        const std::size_t left_width = shapes_[layer.inputs[0]].width;
        const std::array<std::size_t, 4> none{};
        const std::array<std::size_t, 4> behind{0, 0, out.width - left_width, 0};
        const std::array<std::size_t, 4> before{0, 0, left_width, 0};
        const std::uint32_t left = map(out);
        const std::uint32_t right = map(out);
        check(xnn_define_static_constant_pad(subgraph_, none.data(), behind.data(), 0, ids_[layer.inputs[0]],
                                             left, 0));
        check(xnn_define_static_constant_pad(subgraph_, before.data(), none.data(), 0, ids_[layer.inputs[1]],
                                             right, 0));
        check(xnn_define_add2(subgraph_, -unbounded, unbounded, left, right, ids_[layer.output], 0));
    }

    const OnnxGraph& graph_;
    xnn_subgraph_t subgraph_;
    xnn_status status_ = xnn_status_success;
    std::vector<Shape> shapes_;
    std::vector<std::uint32_t> ids_;
};

}  // namespace

struct Inference::Plan {
    int width = 0;
    int height = 0;
    std::vector<float> input;
    std::vector<std::vector<float>> outputs;
    std::vector<std::string> names;
    std::vector<Answer> answers;  // of outputs
    std::unique_ptr<pthreadpool, FreeThreads> threads;
    std::unique_ptr<xnn_runtime, FreeRuntime> runtime;
};

Inference::Inference(std::unique_ptr<Plan> plan) : plan_(std::move(plan)) {}
Inference::Inference(Inference&& other) noexcept = default;
Inference& Inference::operator=(Inference&& other) noexcept = default;
Inference::~Inference() = default;

Result<Inference> Inference::create(const OnnxGraph& graph, int width, int height, int threads) {
    if (width < 1 || height < 1) return fail(ErrorCode::corrupt, "the input is empty");
    if (xnn_initialize(nullptr) != xnn_status_success)
        return fail(ErrorCode::internal, "XNNPACK does not start on this processor");
    xnn_subgraph_t created = nullptr;
    const auto outside = static_cast<std::uint32_t>(1 + graph.outputs.size());
    if (xnn_create_subgraph(outside, 0, &created) != xnn_status_success)
        return fail(ErrorCode::exhausted, "XNNPACK: out of memory");
    const std::unique_ptr<xnn_subgraph, FreeSubgraph> subgraph(created);
    Planner planner(graph, subgraph.get());
    const Shape input{static_cast<std::size_t>(height), static_cast<std::size_t>(width), 1};
    TRY(planner.plan(input));

    auto plan = std::make_unique<Plan>();
    plan->width = width;
    plan->height = height;
    plan->input.resize(input.floats() + slack_floats);
    for (const GraphOutput& output : graph.outputs) {
        const Shape shape = planner.shape_of(output.map);
        const auto& values = plan->outputs.emplace_back(shape.floats() + slack_floats);
        plan->names.push_back(output.name);
        plan->answers.push_back(
            {std::span(values).first(shape.floats()), shape.height, shape.width, shape.channels});
    }
    if (threads > 1) plan->threads.reset(pthreadpool_create(static_cast<std::size_t>(threads)));
    xnn_runtime_t runtime = nullptr;
    const xnn_status status = xnn_create_runtime_v2(subgraph.get(), plan->threads.get(), 0, &runtime);
    if (status != xnn_status_success)
        return fail(ErrorCode::internal, "XNNPACK cannot run the network (status {})",
                    static_cast<int>(status));
    plan->runtime.reset(runtime);
    std::vector<xnn_external_value> places{{0, plan->input.data()}};
    for (std::size_t i = 0; i < plan->outputs.size(); ++i)
        places.push_back({static_cast<std::uint32_t>(1 + i), plan->outputs[i].data()});
    if (xnn_setup_runtime(runtime, places.size(), places.data()) != xnn_status_success)
        return fail(ErrorCode::internal, "XNNPACK does not take the network's input and outputs");
    return Inference(std::move(plan));
}

void Inference::feed(const cv::Mat& picture, double scale, double shift) {
    cv::Mat input(plan_->height, plan_->width, CV_32FC1, plan_->input.data());
    CV_Assert(picture.size() == input.size() && picture.type() == CV_8UC1);
    picture.convertTo(input, CV_32FC1, scale, shift);
}

Result<void> Inference::run() {
    const xnn_status status = xnn_invoke_runtime(plan_->runtime.get());
    if (status != xnn_status_success)
        return fail(ErrorCode::internal, "XNNPACK failed (status {})", static_cast<int>(status));
    return {};
}

const Answer* Inference::answer(std::string_view name) const {
    const auto found = std::ranges::find(plan_->names, name);
    if (found == plan_->names.end()) return nullptr;
    return &plan_->answers[static_cast<std::size_t>(found - plan_->names.begin())];
}

}  // namespace portcullis
