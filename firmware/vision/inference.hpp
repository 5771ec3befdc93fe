#pragma once
// Inference: a network of ours for one size of its input, ready to run. XNNPACK's kernels do the arithmetic:
// on a core with 256-bit units they reach 93 of 112 GFLOP/s, where OpenCV's DNN module reached 55.
// For sources of the vision room only. Thread-bound. No memory is taken while it runs.

#include <memory>
#include <span>

#include "vision/onnx_graph.hpp"

namespace cv {
class Mat;
}

namespace portcullis {

/// One output: floats of height x width x channels, channels innermost. Lives until the next run.
struct Answer {
    std::span<const float> values;
    std::size_t height = 0;
    std::size_t width = 0;
    std::size_t channels = 0;
};

class Inference {
  public:
    /// Plans for an input of this width and height in pixels and copies the weights. Errors: corrupt (layers
    /// do not fit together at this size; the message names one), internal (XNNPACK refuses), exhausted.
    [[nodiscard]] static Result<Inference> create(const OnnxGraph& graph, int width, int height,
                                                  int threads = 1);

    Inference(Inference&& other) noexcept;
    Inference& operator=(Inference&& other) noexcept;
    ~Inference();

    /// A picture (CV_8UC1, of the input's size) becomes the input: each value * scale + shift.
    void feed(const cv::Mat& picture, double scale, double shift);

    /// Errors: internal.
    [[nodiscard]] Result<void> run();

    /// The output of this name; nothing where the network has none of it.
    [[nodiscard]] const Answer* answer(std::string_view name) const;

  private:
    struct Plan;
    explicit Inference(std::unique_ptr<Plan> plan);
    std::unique_ptr<Plan> plan_;
};

}  // namespace portcullis
