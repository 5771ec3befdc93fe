#pragma once
// A case file as it leaves: a folder of sealed files. NAME.cms is one part, AuthEnvelopedData to the
// recipient's certificate; manifest.cms the same around SignedData of the manifest, which names the digest of
// every part. Errors name the path. Thread-bound.

#include <filesystem>
#include <functional>

#include "casefile/case_request.hpp"
#include "ports/signing_key.hpp"
#include "seal/opener.hpp"

namespace portcullis {

inline constexpr std::size_t max_case_parts = 2 * max_case_reads + 1;
inline constexpr std::size_t max_manifest_bytes = std::size_t{256} * 1024;
inline constexpr std::string_view reads_part = "reads.json";

struct CasePart {
    std::string name;  // of the file it becomes: a-z 0-9 . -
    Digest sha256{};   // of what is in it
    std::uint64_t bytes = 0;
};

struct CaseManifest {
    ChainId id;
    std::string fleet;
    std::string who;
    std::string approved_by;
    std::string purpose;
    std::string case_number;
    UtcTime made{};
    std::chrono::sys_days until{};  // the last UTC day on which it may be used
    std::string recipient;          // common name
    std::string recipient_key;      // key id
    std::uint64_t reads = 0;        // rows of reads.json
    std::uint64_t missing = 0;      // reads that could not be opened any more
    bool may_lack = false;          // the index said that it may not know all that was read
    std::vector<CasePart> parts;
};

/// Errors: invalid_argument (names the field out of range).
[[nodiscard]] Result<std::string> encode_manifest(const CaseManifest& manifest);
/// Errors: refused (names the key where the text leaves the canonical form).
[[nodiscard]] Result<CaseManifest> parse_manifest(std::string_view json);

class CaseFileWriter {
  public:
    /// In a folder beside `folder`, which must not be there yet. recipient: fit to receive. Errors: refused
    /// (it is there), io.
    [[nodiscard]] static Result<CaseFileWriter> create(std::filesystem::path folder, X509Ptr recipient);
    /// What was not finished is removed.
    ~CaseFileWriter();
    CaseFileWriter(CaseFileWriter&& other) noexcept;
    CaseFileWriter& operator=(CaseFileWriter&&) = delete;

    [[nodiscard]] Result<void> add(const std::string& name, ByteView content);
    /// Seals the manifest with all parts, and gives the folder its name: whole, or not there. Errors:
    /// invalid_argument, internal, io.
    [[nodiscard]] Result<void> finish(CaseManifest& manifest, const SigningKey& key);

  private:
    CaseFileWriter(std::filesystem::path folder, std::filesystem::path unfinished,
                   std::vector<X509Ptr> recipients)
        : folder_(std::move(folder)),
          unfinished_(std::move(unfinished)),
          recipients_(std::move(recipients)) {}
    [[nodiscard]] Result<void> write(const std::string& name, ByteView content) const;

    std::filesystem::path folder_;
    std::filesystem::path unfinished_;  // empty: finished, or moved from
    std::vector<X509Ptr> recipients_;
    std::vector<CasePart> parts_;
};

/// Opens and verifies the manifest. Errors: refused (sealed to another key, not signed by a known maker of
/// case files, expired), corrupt, io.
[[nodiscard]] Result<CaseManifest> open_manifest(const std::filesystem::path& folder,
                                                 const RecipientKey& recipient, const TrustStore& makers,
                                                 UtcTime now);
/// One part; the caller cleanses it. Errors: corrupt (not what the manifest says), refused, io.
[[nodiscard]] Result<Bytes> open_part(const std::filesystem::path& folder, const CasePart& part,
                                      const RecipientKey& recipient);

}  // namespace portcullis
