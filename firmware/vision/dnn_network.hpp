#pragma once
// What the networks that OpenCV runs have in common. Of the vision room's sources only, for it shows OpenCV.
// Both throw cv::Exception; callers turn it into an Error that names their files. Reentrant.

#include <opencv2/dnn.hpp>

#include "base/bytes.hpp"

namespace portcullis {

/// An ONNX file as a network for the CPU.
[[nodiscard]] cv::dnn::Net network_of(const Bytes& weights);

/// Bytes to scaled floats, value * scale + shift, as a network's input of 1 x 1 x height x width; three times
/// as fast as cv::dnn::blobFromImage. The input's memory is used again when the size is the same.
void fill_input(const cv::Mat& picture, double scale, double shift, cv::Mat& input);

}  // namespace portcullis
