#include "unit/seal/forge.hpp"

#include <stdexcept>

namespace portcullis::test {

namespace {

DerNode parse_one(std::string_view& rest) {
    if (rest.size() < 2) throw std::runtime_error("DER: cut short");
    DerNode node;
    node.tag = static_cast<unsigned char>(rest[0]);
    std::size_t length = static_cast<unsigned char>(rest[1]);
    rest.remove_prefix(2);
    if (length >= 0x80) {
        std::size_t count = length & 0x7f;
        length = 0;
        for (; count > 0; --count) {
            length = length << 8 | static_cast<unsigned char>(rest.at(0));
            rest.remove_prefix(1);
        }
    }
    if (rest.size() < length) throw std::runtime_error("DER: cut short");
    std::string_view inside = rest.substr(0, length);
    rest.remove_prefix(length);
    if ((node.tag & 0x20) == 0)
        node.content = inside;
    else
        while (!inside.empty())
            node.children.push_back(parse_one(inside));
    return node;
}

}  // namespace

DerNode parse_der(ByteView bytes) {
    std::string_view rest = as_text(bytes);
    DerNode node = parse_one(rest);
    if (!rest.empty()) throw std::runtime_error("DER: bytes follow");
    return node;
}

std::string encode_der(const DerNode& node) {
    std::string content = node.content;
    for (const DerNode& child : node.children)
        content += encode_der(child);
    std::string length;
    for (std::size_t rest = content.size(); rest > 0; rest >>= 8)
        length.insert(length.begin(), static_cast<char>(rest & 0xff));
    if (content.size() < 0x80)
        length = std::string(1, static_cast<char>(content.size()));
    else
        length.insert(length.begin(), static_cast<char>(0x80 | length.size()));
    return static_cast<char>(node.tag) + length + content;
}

Bytes blob_of(const DerNode& node) {
    return to_bytes(encode_der(node));
}

DerNode& recipients_of(DerNode& envelope) {
    return envelope.children.at(1).children.at(0).children.at(1);
}

DerNode& signer_of(DerNode& signed_data) {
    return signed_data.children.at(1).children.at(0).children.at(3).children.at(0);
}

DerNode& content_of(DerNode& signed_data) {
    return signed_data.children.at(1).children.at(0).children.at(2).children.at(1).children.at(0);
}

Bytes strip_attributes(ByteView signed_data) {
    DerNode tree = parse_der(signed_data);
    DerNode& signer = signer_of(tree);
    DerNode attributes = signer.children.at(3);
    attributes.tag = 0x31;  // SET OF: what the signature was made over
    content_of(tree).content = encode_der(attributes);
    signer.children.erase(signer.children.begin() + 3);
    return blob_of(tree);
}

}  // namespace portcullis::test
