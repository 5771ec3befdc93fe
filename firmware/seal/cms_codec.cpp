#include "seal/cms_codec.hpp"

#include <limits>

#include "base/assert.hpp"

namespace portcullis {

Result<Bytes> encode_cms(CMS_ContentInfo* cms) {
    const int length = i2d_CMS_ContentInfo(cms, nullptr);
    if (length <= 0) return fail(openssl_error(ErrorCode::internal, "seal: cannot encode the blob"));
    Bytes blob(static_cast<std::size_t>(length));
    std::uint8_t* end = u8(blob);
    if (i2d_CMS_ContentInfo(cms, &end) != length)
        return fail(openssl_error(ErrorCode::internal, "seal: cannot encode the blob"));
    return blob;
}

Result<CmsPtr> decode_cms(ByteView blob) {
    const std::uint8_t* end = u8(blob);
    CmsPtr cms(d2i_CMS_ContentInfo(nullptr, &end, static_cast<long>(blob.size())));
    if (!cms) return fail(openssl_error(ErrorCode::refused, "seal: OpenSSL cannot parse the blob"));
    if (end != u8(blob) + blob.size()) return fail(ErrorCode::refused, "seal: bytes follow the blob");
    return cms;
}

// As CMS_final, which however copies the content in pieces of 1 KiB, each through every BIO of the chain.
Result<void> finish_cms(CMS_ContentInfo* cms, ByteView content, const FinishError& error) {
    PORTCULLIS_ASSERT(content.size() <= std::numeric_limits<int>::max());
    const auto length = static_cast<int>(content.size());
    const BioPtr chain(CMS_dataInit(cms, nullptr));
    if (!chain || BIO_write(chain.get(), content.data(), length) != length || BIO_flush(chain.get()) != 1 ||
        CMS_dataFinal(cms, chain.get()) != 1)
        return fail(openssl_error(error.code, error.what));
    return {};
}

BioPtr borrow_as_bio(ByteView blob) {
    PORTCULLIS_ASSERT(blob.size() <= std::numeric_limits<int>::max());
    return BioPtr(BIO_new_mem_buf(blob.data(), static_cast<int>(blob.size())));
}

ByteView written_to(BIO* memory) {
    char* data = nullptr;
    const long length = BIO_get_mem_data(memory, &data);
    return length <= 0 ? ByteView() : as_bytes({data, static_cast<std::size_t>(length)});
}

}  // namespace portcullis
