#pragma once
// Holds the signed records of destroyed keys against the entries of an audit log. It only reads.
// Thread-bound.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "audit/audit_entry.hpp"
#include "record/destruction_codec.hpp"

namespace portcullis {

class DestructionCheck {
  public:
    /// The records beside this store (KeyStore), believed by these certificates, whatever their dates.
    /// Errors: configuration (a certificate; no folder of that name).
    [[nodiscard]] static Result<DestructionCheck> create(const std::filesystem::path& store,
                                                         const std::vector<std::filesystem::path>& signers);

    /// Each entry of the log, in order.
    void take(const AuditEntry& entry);

    /// What was destroyed, by its records, a line each.
    [[nodiscard]] std::vector<std::string> destroyed() const;
    /// What gives doubt, a sentence each: a record that nobody who was named has signed, an entry without its
    /// record or that says another thing, a record of a schedule's destruction without its entry.
    [[nodiscard]] std::vector<std::string> doubts() const;

  private:
    struct Record {
        std::string file;
        Destruction said;
        bool entered = false;
    };
    std::map<std::string, Record> records_;  // by the SHA-256 of the signed record, hex
    std::vector<std::string> doubts_;
};

}  // namespace portcullis
