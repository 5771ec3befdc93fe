// `portcullis case open`: the recipient's part.
#include <iostream>

#include "apps/portcullis/case_options.hpp"
#include "base/file.hpp"
#include "casefile/case_file.hpp"
#include "record/recipient_set_codec.hpp"

namespace portcullis {

namespace {

constexpr unsigned part_mode = 0600;

Result<void> make_folder(const std::filesystem::path& folder) {
    std::error_code error;
    if (std::filesystem::create_directory(folder, error)) {
        std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
        if (!error) return {};
    }
    return fail(ErrorCode::configuration, "{}: {}; name a folder that is not there yet", folder.string(),
                error ? error.message() : "is there already");
}

}  // namespace

Result<void> open_case(const CaseOptions& options, UtcTime now) {
    const RecipientKey key = TRY(load_recipient({options.opener.key, options.opener.certificate}));
    const TrustStore makers =
        TRY(TrustStore::create({options.people_chain, options.people, CertificateUse::sign_receipts}));
    const CaseManifest manifest = TRY(open_manifest(options.file, key, makers, now));
    TRY(make_folder(options.output));
    for (const CasePart& part : manifest.parts) {
        Bytes content = TRY(open_part(options.file, part, key));
        const Cleanse cleanse(content);
        TRY(write_file_atomically(options.output / part.name, content, part_mode));
    }
    const std::string text = TRY(encode_manifest(manifest));
    TRY(write_file_atomically(options.output / "manifest.json", as_bytes(text), part_mode));
    std::cout << fmt::format(
        "case file {}, case {}, purpose {}\nasked by {}, approved by {}, made {}\nfor {}, to be deleted "
        "after {}\n"
        "{} rows, {} files\n",
        to_string(manifest.id), manifest.case_number, manifest.purpose, manifest.who, manifest.approved_by,
        to_iso8601(manifest.made), manifest.recipient, to_string(manifest.until), manifest.reads,
        manifest.parts.size());
    if (manifest.missing > 0 || manifest.may_lack)
        std::cout << fmt::format("it may not hold all that was read: {} reads could not be opened{}\n",
                                 manifest.missing, manifest.may_lack ? ", and its index had holes" : "");
    return {};
}

}  // namespace portcullis
