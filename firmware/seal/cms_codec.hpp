#pragma once
// Between OpenSSL's CMS objects and our bytes. Internal to this room. Reentrant.

#include "seal/openssl.hpp"

namespace portcullis {

/// DER of a finished object. Errors: internal.
[[nodiscard]] Result<Bytes> encode_cms(CMS_ContentInfo* cms);
/// All of blob, nothing behind it (d2i takes trailing bytes silently). Errors: refused.
[[nodiscard]] Result<CmsPtr> decode_cms(ByteView blob);
struct FinishError {
    ErrorCode code;
    std::string_view what;
};
/// Gives a partial object (CMS_PARTIAL) its content and finishes it. Errors: as `error` says.
[[nodiscard]] Result<void> finish_cms(CMS_ContentInfo* cms, ByteView content, const FinishError& error);
/// A BIO that reads blob in place; blob must outlive it.
[[nodiscard]] BioPtr borrow_as_bio(ByteView blob);
/// What was written to a memory BIO; borrowed from it.
[[nodiscard]] ByteView written_to(BIO* memory);

}  // namespace portcullis
