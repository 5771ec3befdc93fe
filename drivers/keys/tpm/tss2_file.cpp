#include "drivers/keys/tpm/tss2_file.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "drivers/keys/tpm/tpm_maker.hpp"
#include "seal/cms_codec.hpp"
#include "seal/der.hpp"
#include "seal/openssl.hpp"

namespace portcullis {

namespace {

constexpr const char* label = "TSS2 PRIVATE KEY";
constexpr unsigned sequence = 0x30;
constexpr unsigned no_password = 0xA0;
constexpr unsigned integer = 0x02;
constexpr unsigned octets = 0x04;
// 2.23.133.10.1.3, a loadable key, and that it asks for no authorization value.
constexpr std::string_view head("\x06\x06\x67\x81\x05\x0a\x01\x03\xa0\x03\x01\x01\xff", 13);
constexpr std::uint32_t persistent = 0x81;

Result<Bytes> der_of(ByteView pem) {
    const BioPtr source = borrow_as_bio(pem);
    unsigned char* data = nullptr;
    long length = 0;
    const bool found =
        source && PEM_bytes_read_bio(&data, &length, nullptr, label, source.get(), nullptr, nullptr) == 1;
    ERR_clear_error();
    if (!found)
        return fail(ErrorCode::configuration,
                    "TPM: the key in use is no file of a TPM's key ({}): renew it by hand", label);
    const ByteView view = std::as_bytes(std::span(data, static_cast<std::size_t>(length)));
    Bytes der(view.begin(), view.end());
    OPENSSL_free(data);
    return der;
}

/// The handle of its parent; provider and tools write four bytes, or five with a zero before them.
Result<std::uint32_t> parent_of(ByteView der) {
    DerCursor file(der);
    auto fields = file.enter(sequence);
    const bool loadable = fields && fields->literal(head.substr(0, 8));
    if (loadable && fields->next_is(no_password)) static_cast<void>(fields->enter(no_password));
    const auto parent = loadable ? fields->enter(integer) : std::nullopt;
    std::uint64_t handle = 0;
    if (parent && parent->rest().size() <= sizeof handle)
        for (const std::byte byte : parent->rest())
            handle = handle << 8U | std::to_integer<std::uint64_t>(byte);
    if (handle >> 24U != persistent)
        return fail(
            ErrorCode::configuration,
            "TPM: the key in use has no parent at a persistent handle, so none can be made beside it: "
            "make it anew as board/host/systemd/keys/README.md says");
    return static_cast<std::uint32_t>(handle);
}

void append(Bytes& out, unsigned tag, ByteView content) {
    const std::size_t size = content.size();
    out.push_back(std::byte(tag));
    if (size >= 0x80) out.push_back(std::byte(size > 0xff ? 0x82 : 0x81));
    if (size > 0xff) out.push_back(std::byte(size >> 8U));
    out.push_back(std::byte(size & 0xffU));
    out.insert(out.end(), content.begin(), content.end());
}

Bytes der_of(std::uint32_t parent, const TpmMaker::Wrapped& key) {
    Bytes fields = to_bytes(head);
    Bytes handle{std::byte{0}};  // an INTEGER with its highest bit set would be negative
    for (const unsigned shift : {24U, 16U, 8U, 0U})
        handle.push_back(std::byte(parent >> shift & 0xffU));
    append(fields, integer, handle);
    append(fields, octets, key.public_half);
    append(fields, octets, key.private_half);
    Bytes der;
    append(der, sequence, fields);
    return der;
}

}  // namespace

Result<Bytes> make_tss2_successor(ByteView in_use) {
    const Bytes before = TRY(der_of(in_use));
    const std::uint32_t parent = TRY(parent_of(before));
    TpmMaker maker = TRY(TpmMaker::open());
    const Bytes der = der_of(parent, TRY(maker.make_wrapped(parent)));
    const BioPtr out(BIO_new(BIO_s_mem()));
    if (!out || PEM_write_bio(out.get(), label, "", u8(der), static_cast<long>(der.size())) <= 0)
        return fail(openssl_error(ErrorCode::internal, "TPM: cannot write a key"));
    const ByteView pem = written_to(out.get());
    return Bytes(pem.begin(), pem.end());
}

}  // namespace portcullis
