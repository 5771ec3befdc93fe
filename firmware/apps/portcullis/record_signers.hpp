#pragma once
// Who may have signed the records of destroyed keys, and what such a record says. It only reads.
// Thread-bound.

#include <filesystem>
#include <vector>

#include "base/bytes.hpp"
#include "record/destruction_codec.hpp"
#include "seal/certificate.hpp"

namespace portcullis {

class RecordSigners {
  public:
    /// Their certificates, believed whatever their dates. Errors: configuration (names the file).
    [[nodiscard]] static Result<RecordSigners> create(const std::vector<std::filesystem::path>& certificates);

    /// Errors: refused (none of them signed it; it is no such record).
    [[nodiscard]] Result<Destruction> read(ByteView record) const;

  private:
    std::vector<X509Ptr> certificates_;
};

}  // namespace portcullis
