#include "apps/portcullis/record_signers.hpp"

#include "seal/statement.hpp"

namespace portcullis {

Result<RecordSigners> RecordSigners::create(const std::vector<std::filesystem::path>& certificates) {
    RecordSigners signers;
    for (const std::filesystem::path& file : certificates) {
        X509Ptr certificate = TRY(load_certificate(file));
        TRY(check_certificate(certificate.get(), CertificateUse::sign_receipts, file.string()));
        signers.certificates_.push_back(std::move(certificate));
    }
    return signers;
}

Result<Destruction> RecordSigners::read(ByteView record) const {
    Result<std::string> text = fail(ErrorCode::refused, "nobody is named who may have signed it");
    for (const X509Ptr& certificate : certificates_) {
        text = verify_own_statement(record, certificate.get());
        if (text) break;
    }
    if (!text) return fail(std::move(text.error()));
    return parse_destruction(*text);
}

}  // namespace portcullis
