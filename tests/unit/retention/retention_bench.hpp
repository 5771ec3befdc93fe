#pragma once
// A collector's key store, audit log and signed schedule on a disk, and what was sealed to the store's
// epochs.

#include <openssl/core_names.h>

#include <fstream>

#include "apps/portcullis/retention_run.hpp"
#include "base/file.hpp"
#include "drivers/keys/file/file_signing_key.hpp"
#include "unit/seal/test_pki.hpp"
#include "unit/seal/test_sets.hpp"

namespace portcullis::test {

namespace fs = std::filesystem;
using std::chrono::minutes;

inline constexpr const char* fleet = "test-fleet";

/// Reads are kept for 30 days, plates for 2, overviews for 10 minutes of an hour; all of fleet `test-fleet`.
inline RetentionSchedule sample_schedule(std::uint64_t version = 1) {
    using std::chrono::days;
    return {version,
            now - 5 * day,
            {{fleet, Purpose::read, days(1), days(30)},
             {fleet, Purpose::plate, days(1), days(2)},
             {fleet, Purpose::overview, std::chrono::hours(1), minutes(10)}}};
}

struct RetentionBench {
    SetDesk sets;
    TempDir data;  // what backups copy
    TempDir keks;  // what they do not
    KeyStoreFiles files{data.path() / "keys.store", keks.path() / "kek"};
    fs::path audit = data.path() / "audit.db";
    fs::path schedule = data.path() / "all.retention";
    KeyFiles witness_files = sets.pki.issue("witness", "collector", {.ca = "service-ca"});
    std::unique_ptr<FileSigningKey> witness = must(
        FileSigningKey::create(witness_files.key, witness_files.certificate, CertificateUse::sign_receipts));
    TokenKeys token;

    RetentionBench() {
        static_cast<void>(must(KeyStore::create(files)));
        static_cast<void>(must(AuditLog::open(audit)));
        put(sample_schedule());
    }
    void put(const RetentionSchedule& given) const {
        const SetDesk::AnyKey key(sets.policy);
        const Bytes blob = must(sign_retention(key, given));
        if (!write_file_atomically(schedule, blob)) throw std::runtime_error("no schedule");
    }
    [[nodiscard]] RetentionGate gate() const { return must(any_gate()); }
    [[nodiscard]] Result<RetentionGate> any_gate() const {
        return RetentionGate::create(sets.pki.folder() / "root.crt", sets.policy.certificate);
    }
    /// A key of this epoch in the store; its file is gone. Gives its certificate.
    KeyFiles add(EpochStart epoch, const KeyFiles& recipient) const {
        const RecipientKey key = must(load_recipient({recipient.key, recipient.certificate}));
        KeyStore store = must(KeyStore::open(files));
        if (!store.add(epoch, key.key.get(), key.certificate.get())) throw std::runtime_error("not added");
        fs::remove(recipient.key);
        return recipient;
    }
    KeyFiles add(EpochStart epoch, Purpose purpose) const { return add(epoch, sets.recipient(purpose)); }
    /// As the timer does.
    [[nodiscard]] Result<std::vector<Destruction>> run(UtcTime at) const {
        AuditLog log = TRY(AuditLog::attach(audit));
        const RetentionGate known_keys = TRY(any_gate());
        const KnownRetention known = TRY(take_schedule(schedule, known_keys, log, at));
        KeyStore store = TRY(KeyStore::open(files));
        return destroy_due({store, token, log, *witness}, known, fleet, at);
    }
    [[nodiscard]] std::vector<EpochStart> epochs() const {
        std::vector<EpochStart> left;
        const KeyStore store = must(KeyStore::view(files));
        for (const KeyStore::Entry& entry : store.entries())
            left.push_back(entry.epoch);
        return left;
    }
    /// What the log says of destructions, or of another kind.
    [[nodiscard]] std::vector<Access> entries(std::string_view what = destroys_keys) const {
        std::vector<Access> found;
        AuditLog log = must(AuditLog::read_only(audit));
        for (const AuditRow& row : must(log.rows(0, 1000))) {
            const Access access = must(parse_audit_entry(row.text)).access;
            if (access.what == what) found.push_back(access);
        }
        return found;
    }
    [[nodiscard]] Destruction record(const fs::path& file) const {
        const SignedText text =
            must(verify_statement(must(read_file(file, max_signed_bytes)),
                                  must(TrustStore::create({.ca_chain = sets.pki.chain("service-ca"),
                                                           .signers = witness_files.certificate,
                                                           .use = CertificateUse::sign_receipts})),
                                  now));
        return must(parse_destruction(text.json));
    }
};

}  // namespace portcullis::test
