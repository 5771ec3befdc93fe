#include "vision/dnn_network.hpp"

namespace portcullis {

cv::dnn::Net network_of(const Bytes& weights) {
    const std::string_view file = as_text(weights);
    cv::dnn::Net net = cv::dnn::readNetFromONNX(file.data(), file.size());
    net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
    net.setPreferableTarget(cv::dnn::DNN_TARGET_CPU);
    return net;
}

void fill_input(const cv::Mat& picture, double scale, double shift, cv::Mat& input) {
    const int shape[] = {1, 1, picture.rows, picture.cols};
    input.create(4, shape, CV_32F);
    cv::Mat plane(picture.rows, picture.cols, CV_32F, input.ptr<float>(0, 0));
    picture.convertTo(plane, CV_32F, scale, shift);
}

}  // namespace portcullis
