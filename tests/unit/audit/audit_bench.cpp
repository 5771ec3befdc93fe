#include "unit/audit/audit_bench.hpp"

#include <sqlite3.h>

#include <algorithm>

#include "seal/certificate.hpp"
#include "seal/encrypt.hpp"

namespace portcullis::test {

Access sample_access(Seq seq) {
    Access access;
    access.who = "alice";
    access.uid = 1001;
    access.role = "operator";
    access.purpose = "stolen-vehicle";
    access.case_number = "2026-117";
    access.what = "view";
    access.device = "gate-1";
    access.chain = must(chain_from_string("00112233445566ff"));
    access.seq = seq;
    return access;
}

AuditBench::AuditBench() = default;

std::unique_ptr<FileSigningKey> AuditBench::key(const KeyFiles& files) const {
    return must(FileSigningKey::create(files.key, files.certificate, CertificateUse::sign_receipts));
}

void AuditBench::fill(AuditLog& log, std::uint64_t n) const {
    const std::uint64_t before = must(log.head()).entries;
    std::vector<Access> batch;
    for (std::uint64_t seq = before + 1; seq <= before + n; ++seq) {
        batch.push_back(sample_access(seq));
        if (batch.size() < max_accesses && seq != before + n) continue;
        must_do(log.append(batch, now + std::chrono::seconds(seq)));
        batch.clear();
    }
}

void AuditBench::have_witnessed(AuditLog& log) {
    const WitnessRequest request = must(parse_request(encode_request(must(log.request()))));
    const std::vector<Bytes> answer = must(witness(request, must(keys().open_all(kept)), *witness_key, now));
    kept.insert(kept.end(), answer.begin(), answer.end());
    CHECK(must(log.admit(answer, keys())) == answer.size());
}

Bytes AuditBench::sealed(const std::string& text) const {
    std::vector<X509Ptr> recipients;
    recipients.push_back(must(load_certificate(auditor.certificate)));
    return must(encrypt(as_bytes(text), recipients));
}

AuditReport AuditBench::check(const std::vector<Bytes>& witnessed, UtcTime when) const {
    const WitnessKeys named = keys();
    AuditLog log = must(AuditLog::read_only(path));
    AuditCheck check{named};
    check.kept = witnessed;
    check.now = when;
    return must(check_audit(log, check, {}));
}

bool has(const AuditReport& report, AuditFault fault) {
    return std::ranges::find(report.findings, fault, &AuditFinding::fault) != report.findings.end();
}

void tamper(const std::filesystem::path& path, const std::string& sql) {
    sqlite3* file = nullptr;
    REQUIRE(sqlite3_open(path.c_str(), &file) == SQLITE_OK);
    char* problem = nullptr;
    const int code = sqlite3_exec(file, sql.c_str(), nullptr, nullptr, &problem);
    INFO(sql, ": ", std::string(problem == nullptr ? "" : problem));
    sqlite3_free(problem);
    sqlite3_close(file);
    REQUIRE(code == SQLITE_OK);
}

}  // namespace portcullis::test
