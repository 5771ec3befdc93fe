#include "seal/statement.hpp"

#include <doctest/doctest.h>

#include "unit/seal/forge.hpp"
#include "unit/seal/test_pki.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

constexpr std::string_view text = R"({"v":1,"kind":"checkpoint"})";

struct Desk {
    TestPki pki;
    KeyFiles files = pki.device("gate-1");
    std::unique_ptr<FileSigningKey> key = must(FileSigningKey::create(files.key, files.certificate));
    TrustStore trust =
        must(TrustStore::create({.ca_chain = pki.chain("device-ca"), .signers = pki.signers()}));
    Bytes blob = must(sign_statement(*key, text));

    [[nodiscard]] ErrorCode refusal(ByteView forged) const {
        const Result<SignedText> verified = verify_statement(forged, trust, now);
        REQUIRE_FALSE(verified);
        return verified.error().code();
    }
};

}  // namespace

TEST_CASE("a signed text comes back with its signer and what the signer's key is worth") {
    const Desk desk;
    const SignedText verified = must(verify_statement(desk.blob, desk.trust, now));
    CHECK(verified.json == text);
    CHECK(verified.signer_name == "gate-1");
    CHECK(verified.signer_key_id == key_id(desk.key->certificate()));
    CHECK(verified.trust == KeyTrust::trusted);
    CHECK(must(verify_statement(desk.blob, desk.trust, now + 11 * day)).trust == KeyTrust::expired);
}

TEST_CASE("a text that does not begin as ours is not signed") {
    const Desk desk;
    CHECK_FALSE(sign_statement(*desk.key, "hello"));
    CHECK_FALSE(sign_statement(*desk.key, "\x31\x68"));
}

TEST_CASE("a text over the limit is not signed") {
    const Desk desk;
    CHECK_FALSE(sign_statement(*desk.key, R"({"v":1,"x":")" + std::string(max_signed_bytes, 'x')));
}

TEST_CASE("attack: one changed byte of the text, and the signature does not hold") {
    const Desk desk;
    DerNode tree = parse_der(desk.blob);
    content_of(tree).content.back() = ']';
    CHECK(desk.refusal(blob_of(tree)) == ErrorCode::corrupt);
}

TEST_CASE("attack: one changed byte of the signature") {
    const Desk desk;
    DerNode tree = parse_der(desk.blob);
    std::string& signature = signer_of(tree).children.at(5).content;
    signature[10] = static_cast<char>(signature[10] ^ 1);
    CHECK(desk.refusal(blob_of(tree)) == ErrorCode::corrupt);
}

TEST_CASE("attack: stripped attributes, passing the signed attributes off as the text") {
    const Desk desk;
    CHECK(desk.refusal(strip_attributes(desk.blob)) == ErrorCode::refused);
}

TEST_CASE("attack: a second signer beside the first") {
    const Desk desk;
    DerNode tree = parse_der(desk.blob);
    std::vector<DerNode>& signers = tree.children[1].children[0].children[3].children;
    signers.push_back(signers.front());
    CHECK(desk.refusal(blob_of(tree)) == ErrorCode::refused);
}

TEST_CASE("attack: no signer at all") {
    const Desk desk;
    DerNode tree = parse_der(desk.blob);
    tree.children[1].children[0].children[3].children.clear();
    CHECK(desk.refusal(blob_of(tree)) == ErrorCode::refused);
}

TEST_CASE("attack: one more signed attribute, one less, or unsigned ones") {
    const Desk desk;
    DerNode more = parse_der(desk.blob);
    std::vector<DerNode>& attributes = signer_of(more).children.at(3).children;
    attributes.push_back(attributes.front());
    CHECK(desk.refusal(blob_of(more)) == ErrorCode::refused);
    DerNode less = parse_der(desk.blob);
    signer_of(less).children.at(3).children.pop_back();
    CHECK(desk.refusal(blob_of(less)) == ErrorCode::refused);
    DerNode unsigned_one = parse_der(desk.blob);
    signer_of(unsigned_one).children.push_back({0xa1, "", {}});
    CHECK(desk.refusal(blob_of(unsigned_one)) == ErrorCode::refused);
}

TEST_CASE("attack: a certificate of the attacker inside") {
    const Desk desk;
    DerNode tree = parse_der(desk.blob);
    std::vector<DerNode>& parts = tree.children[1].children[0].children;
    parts.insert(parts.begin() + 3, {0xa0, "", {{0x30, "", {}}}});
    CHECK(desk.refusal(blob_of(tree)) == ErrorCode::refused);
}

TEST_CASE("attack: a byte behind the end, and an end cut off") {
    const Desk desk;
    Bytes longer = desk.blob;
    longer.push_back(std::byte{0});
    CHECK(desk.refusal(longer) == ErrorCode::refused);
    for (std::size_t length = 0; length < desk.blob.size(); ++length)
        CHECK(desk.refusal(ByteView(desk.blob).first(length)) == ErrorCode::refused);
}

TEST_CASE("attack: a length written with a byte too many is another blob, and refused") {
    const Desk desk;
    Bytes blob = desk.blob;
    REQUIRE(blob[1] == std::byte{0x82});
    blob[1] = std::byte{0x83};
    blob.insert(blob.begin() + 2, std::byte{0});
    CHECK(desk.refusal(blob) == ErrorCode::refused);
}

TEST_CASE("attack: signed by a stranger's key") {
    const Desk desk;
    const KeyFiles files = desk.pki.issue("stranger", "gate-1");
    const auto stranger = must(FileSigningKey::create(files.key, files.certificate));
    CHECK(desk.refusal(must(sign_statement(*stranger, text))) == ErrorCode::not_found);
}

TEST_CASE("attack: a stranger signs and names a known key as the signer") {
    const Desk desk;
    const KeyFiles files = desk.pki.issue("stranger", "gate-1");
    const auto stranger = must(FileSigningKey::create(files.key, files.certificate));
    DerNode tree = parse_der(must(sign_statement(*stranger, text)));
    DerNode genuine = parse_der(desk.blob);
    signer_of(tree).children.at(1) = signer_of(genuine).children.at(1);
    CHECK(desk.refusal(blob_of(tree)) == ErrorCode::corrupt);
}
