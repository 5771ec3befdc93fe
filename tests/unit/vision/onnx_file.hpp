#pragma once
// Small ONNX files, put together layer by layer, for tests of what reads and runs them.

#include <onnx/onnx_pb.h>

#include <string>
#include <vector>

#include "base/bytes.hpp"

namespace portcullis::test {

class OnnxFile {
  public:
    OnnxFile() {
        model_.set_ir_version(7);
        model_.mutable_graph()->add_input()->set_name("picture");
    }

    OnnxFile& output(const std::string& name) {
        model_.mutable_graph()->add_output()->set_name(name);
        return *this;
    }

    OnnxFile& tensor(const std::string& name, const std::vector<std::int64_t>& sides,
                     const std::vector<float>& values) {
        auto* tensor = model_.mutable_graph()->add_initializer();
        tensor->set_name(name);
        tensor->set_data_type(onnx::TensorProto::FLOAT);
        for (const auto side : sides)
            tensor->add_dims(side);
        tensor->set_raw_data(values.data(), values.size() * sizeof(float));
        return *this;
    }

    /// The layer's name is its output's.
    OnnxFile& layer(const std::string& type, const std::vector<std::string>& inputs,
                    const std::string& output) {
        node_ = model_.mutable_graph()->add_node();
        node_->set_op_type(type);
        node_->set_name(output);
        for (const auto& input : inputs)
            node_->add_input(input);
        node_->add_output(output);
        return *this;
    }

    OnnxFile& with_all(const std::string& name, const std::vector<std::int64_t>& values) {
        auto* attribute = add(name);
        for (const auto value : values)
            attribute->add_ints(value);
        return *this;
    }
    OnnxFile& with(const std::string& name, std::int64_t value) {
        add(name)->set_i(value);
        return *this;
    }
    OnnxFile& with(const std::string& name, const std::string& text) {
        add(name)->set_s(text);
        return *this;
    }

    [[nodiscard]] onnx::ModelProto& model() { return model_; }
    [[nodiscard]] Bytes bytes() const { return to_bytes(model_.SerializeAsString()); }

  private:
    onnx::AttributeProto* add(const std::string& name) {
        auto* attribute = node_->add_attribute();
        attribute->set_name(name);
        return attribute;
    }

    onnx::ModelProto model_;
    onnx::NodeProto* node_ = nullptr;
};

}  // namespace portcullis::test
