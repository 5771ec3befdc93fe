#pragma once
// An audit log, its witness, and an auditor who may read what was asked for.

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "audit/audit_check.hpp"
#include "drivers/keys/file/file_signing_key.hpp"
#include "unit/seal/test_pki.hpp"

namespace portcullis::test {

inline void must_do(const Result<void>& result) {
    INFO((result ? std::string() : result.error().message()));
    REQUIRE(result);
}

/// A granted look at the item `seq`.
[[nodiscard]] Access sample_access(Seq seq = 1);

class AuditBench {
  public:
    AuditBench();

    [[nodiscard]] AuditLog open() const { return must(AuditLog::open(path)); }
    [[nodiscard]] WitnessKeys keys() const { return must(WitnessKeys::create({witness_files.certificate})); }
    [[nodiscard]] std::unique_ptr<FileSigningKey> key(const KeyFiles& files) const;
    /// Appends n accesses, in batches.
    void fill(AuditLog& log, std::uint64_t n) const;
    /// The witness signs what the log has, and remembers it; the log takes it in.
    void have_witnessed(AuditLog& log);
    /// The text sealed to the auditor.
    [[nodiscard]] Bytes sealed(const std::string& text) const;
    /// Reads the file anew.
    [[nodiscard]] AuditReport check(const std::vector<Bytes>& kept = {}, UtcTime when = now) const;

    TestPki pki;
    KeyFiles witness_files = pki.issue("witness", "witness-1", {.ca = "service-ca"});
    KeyFiles auditor = pki.recipient("auditor");
    std::filesystem::path path = pki.folder() / "audit.db";
    std::unique_ptr<FileSigningKey> witness_key = key(witness_files);
    std::vector<Bytes> kept;
};

[[nodiscard]] bool has(const AuditReport& report, AuditFault fault);
/// Changes the file by hand.
void tamper(const std::filesystem::path& path, const std::string& sql);

}  // namespace portcullis::test
