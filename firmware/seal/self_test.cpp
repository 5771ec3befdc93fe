#include "seal/self_test.hpp"

#include <array>
#include <string>

#include "seal/gate.hpp"
#include "seal/signed_profile.hpp"

namespace portcullis {

namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

// Built here with an encoder of its own, so that gate and encoder cannot share a mistake about lengths.
std::string der(int tag, const std::string& content) {
    std::string element(1, static_cast<char>(tag));
    if (content.size() >= 0x100)
        element += {'\x82', static_cast<char>(content.size() >> 8)};
    else if (content.size() >= 0x80)
        element += '\x81';
    element += static_cast<char>(content.size() & 0xff);
    return element + content;
}

std::string oid(std::string_view body) {
    return der(0x06, std::string(body));
}

struct EnvelopeParts {
    std::string type{"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17"sv};
    std::string kdf{"\x2b\x81\x04\x01\x0b\x01"sv};
    std::string wrap{"\x60\x86\x48\x01\x65\x03\x04\x01\x2d"sv};
    std::string cipher{"\x60\x86\x48\x01\x65\x03\x04\x01\x2e"sv};
    int recipient_tag = 0xa1;
    std::size_t recipients = 1;
    bool same_recipient = false;
    bool descending = false;
    std::size_t content_bytes = 16;
    std::size_t nonce_bytes = 12;
    std::size_t tag_bytes = 16;
    std::string attributes;
    std::string trailer;
};

std::string recipient_info(const EnvelopeParts& parts, std::size_t number) {
    const char place = static_cast<char>('A' + (parts.descending ? max_recipients - number : number));
    const std::string point = '\0' + ("\x04" + std::string(64, place));  // by it the recipients are in order
    const std::string key_type = der(0x30, oid("\x2a\x86\x48\xce\x3d\x02\x01"sv));
    const std::string id(20, static_cast<char>('a' + (parts.same_recipient ? 0 : number)));
    const std::string agreement = der(0x30, oid(parts.kdf) + der(0x30, oid(parts.wrap)));
    const std::string key = der(0x30, der(0xa0, der(0x04, id)) + der(0x04, std::string(40, 'W')));
    return der(parts.recipient_tag, "\x02\x01\x03" + der(0xa0, der(0xa1, key_type + der(0x03, point))) +
                                        agreement + der(0x30, key));
}

std::string envelope(const EnvelopeParts& parts) {
    std::string recipients;
    for (std::size_t i = 0; i < parts.recipients; ++i)
        recipients += recipient_info(parts, i);
    const std::string tag_length = der(0x02, std::string(1, static_cast<char>(parts.tag_bytes)));
    const std::string cipher =
        der(0x30, oid(parts.cipher) + der(0x30, der(0x04, std::string(parts.nonce_bytes, 'N')) + tag_length));
    const std::string content = der(0x30, oid("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"sv) + cipher +
                                              der(0x80, std::string(parts.content_bytes, 'C')));
    const std::string data = der(0x30, "\x02\x01"s + '\0' + der(0x31, recipients) + content +
                                           parts.attributes + der(0x04, std::string(parts.tag_bytes, 'T')));
    return der(0x30, oid(parts.type) + der(0xa0, data)) + parts.trailer;
}

struct SignedParts {
    std::string text = "{\"v\":1}";
    std::string digest{"\x60\x86\x48\x01\x65\x03\x04\x02\x01"sv};
    std::size_t signers = 1;
    bool attributes = true;
    std::string certificates;
    std::string trailer;
};

std::string signed_attributes() {
    const auto attribute = [](char number, const std::string& value) {
        return der(0x30, oid("\x2a\x86\x48\x86\xf7\x0d\x01\x09"s + number) + der(0x31, value));
    };
    return der(0xa0, attribute(3, oid("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"sv)) +
                         attribute(5, der(0x17, "261123080000Z")) +
                         attribute(4, der(0x04, std::string(32, 'D'))));
}

std::string signed_data(const SignedParts& parts) {
    const std::string digest = der(0x30, oid(parts.digest));
    const std::string scalar = der(0x02, std::string(32, 'S'));
    const std::string signer = der(0x30, "\x02\x01\x03" + der(0x80, std::string(20, 'k')) + digest +
                                             (parts.attributes ? signed_attributes() : "") +
                                             der(0x30, oid("\x2a\x86\x48\xce\x3d\x04\x03\x02"sv)) +
                                             der(0x04, der(0x30, scalar + scalar)));
    std::string signers;
    for (std::size_t i = 0; i < parts.signers; ++i)
        signers += signer;
    const std::string content =
        der(0x30, oid("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"sv) + der(0xa0, der(0x04, parts.text)));
    const std::string data =
        der(0x30, "\x02\x01\x03" + der(0x31, digest) + content + parts.certificates + der(0x31, signers));
    return der(0x30, oid("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"sv) + der(0xa0, data)) + parts.trailer;
}

Result<void> expect(bool passed, bool should_pass, std::string_view vector) {
    if (passed == should_pass) return {};
    return fail(ErrorCode::internal, "seal self-test: the vector '{}' was {}; do not start this build",
                vector, passed ? "let through" : "refused");
}

template <class Parts>
struct Row {
    std::string_view vector;
    bool should_pass;
    void (*change)(Parts&);
};

constexpr std::array<Row<EnvelopeParts>, 24> gate_rows{{
    {"good envelope", true, [](EnvelopeParts&) {}},
    {"16 recipients", true, [](EnvelopeParts& p) { p.recipients = max_recipients; }},
    {"17 recipients", false, [](EnvelopeParts& p) { p.recipients = max_recipients + 1; }},
    {"no recipient", false, [](EnvelopeParts& p) { p.recipients = 0; }},
    {"one recipient twice", false,
     [](EnvelopeParts& p) {
         p.recipients = 2;
         p.same_recipient = true;
     }},
    {"recipients out of order", false,
     [](EnvelopeParts& p) {
         p.recipients = 2;
         p.descending = true;
     }},
    {"3-byte tag", false, [](EnvelopeParts& p) { p.tag_bytes = 3; }},
    {"4-byte tag", false, [](EnvelopeParts& p) { p.tag_bytes = 4; }},
    {"12-byte tag", false, [](EnvelopeParts& p) { p.tag_bytes = 12; }},
    {"200-byte nonce", false, [](EnvelopeParts& p) { p.nonce_bytes = 200; }},
    {"AES-256-OFB", false, [](EnvelopeParts& p) { p.cipher.back() = '\x2b'; }},
    {"AES-256-CBC", false, [](EnvelopeParts& p) { p.cipher.back() = '\x2a'; }},
    {"AES-256-CCM", false, [](EnvelopeParts& p) { p.cipher.back() = '\x2f'; }},
    {"3DES", false, [](EnvelopeParts& p) { p.cipher = "\x2a\x86\x48\x86\xf7\x0d\x03\x07"sv; }},
    {"AES-128-wrap", false, [](EnvelopeParts& p) { p.wrap.back() = '\x05'; }},
    {"AES-256-wrap-pad", false, [](EnvelopeParts& p) { p.wrap.back() = '\x30'; }},
    {"SHA-1 KDF", false, [](EnvelopeParts& p) { p.kdf = "\x2b\x81\x05\x10\x86\x48\x3f\x00\x02"sv; }},
    {"RSA recipient", false, [](EnvelopeParts& p) { p.recipient_tag = 0x30; }},
    {"KEK recipient", false, [](EnvelopeParts& p) { p.recipient_tag = 0xa2; }},
    {"password recipient", false, [](EnvelopeParts& p) { p.recipient_tag = 0xa3; }},
    {"EnvelopedData", false, [](EnvelopeParts& p) { p.type = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03"sv; }},
    {"attributes", false, [](EnvelopeParts& p) { p.attributes = der(0xa1, "x"); }},
    {"no ciphertext", false, [](EnvelopeParts& p) { p.content_bytes = 0; }},
    {"trailing byte", false, [](EnvelopeParts& p) { p.trailer.push_back('\0'); }},
}};

constexpr std::array<Row<SignedParts>, 8> profile_rows{{
    {"good signed text", true, [](SignedParts&) {}},
    {"no signer", false, [](SignedParts& p) { p.signers = 0; }},
    {"two signers", false, [](SignedParts& p) { p.signers = 2; }},
    {"no signed attributes", false, [](SignedParts& p) { p.attributes = false; }},
    {"signed attributes as text", false,
     [](SignedParts& p) {
         p.text = signed_attributes();
         p.text.front() = '\x31';
     }},
    {"SHA-1 digest", false, [](SignedParts& p) { p.digest = "\x2b\x0e\x03\x02\x1a"sv; }},
    {"certificates inside", false, [](SignedParts& p) { p.certificates = der(0xa0, "x"); }},
    {"trailing byte", false, [](SignedParts& p) { p.trailer.push_back('\0'); }},
}};

template <class Parts, std::size_t rows>
Result<void> test(const std::array<Row<Parts>, rows>& table, std::string (*encode)(const Parts&),
                  const std::function<bool(ByteView)>& passes) {
    for (const Row<Parts>& row : table) {
        Parts parts;
        row.change(parts);
        TRY(expect(passes(as_bytes(encode(parts))), row.should_pass, row.vector));
    }
    return {};
}

}  // namespace

Result<void> envelope_self_test(const EnvelopeChecks& checks) {
    TRY(test(gate_rows, envelope, checks.gate));
    return test(profile_rows, signed_data, checks.signed_profile);
}

Result<void> envelope_self_test() {
    return envelope_self_test({[](ByteView blob) { return gate(blob).has_value(); },
                               [](ByteView blob) { return check_signed_profile(blob).has_value(); }});
}

}  // namespace portcullis
