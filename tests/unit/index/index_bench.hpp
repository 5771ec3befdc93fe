#pragma once
// An index whose epochs' keys come from a table instead of recipients: what is asked here is what the index
// does with them.

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "index/plate_index.hpp"
#include "support/temp_dir.hpp"
#include "unit/seal/test_pki.hpp"

namespace portcullis::test {

inline void must_do(const Result<void>& result) {
    INFO((result ? std::string() : result.error().message()));
    REQUIRE(result);
}

/// gate-1, lane 2, approaching, at `now`.
[[nodiscard]] IndexedPassage passage_of(const std::string& text, Seq seq = 1);

class IndexBench {
  public:
    [[nodiscard]] PlateIndex open(UtcTime when = now) const;
    /// The same with these epochs' keys held.
    [[nodiscard]] PlateIndex open_with(const std::vector<std::string>& epochs, UtcTime when = now) const;
    /// As a second process has it.
    [[nodiscard]] PlateIndex attach_with(const std::vector<std::string>& epochs) const;
    void hold(PlateIndex& index, const std::vector<std::string>& epochs) const;
    /// 40 hex digits, as a key id is.
    [[nodiscard]] static std::string key_id(const std::string& epoch);
    [[nodiscard]] static Result<SecretKey> secret(const std::string& key_id, ByteView salt);

    TempDir folder;
    std::filesystem::path path = folder.path() / "index.db";
};

[[nodiscard]] PlateQuestion ask(const std::string& plate);
/// The seqs of what is found, newest first.
[[nodiscard]] std::vector<Seq> found(PlateIndex& index, PlateQuestion question);

/// A row as a thief of the file sees it.
struct BareRow {
    std::string epoch;  // key id
    Bytes salt;
    std::string device;
    Seq seq = 0;
    std::int64_t minute = 0;
    Bytes exact;
    Bytes folded;
    Bytes cell;
};
[[nodiscard]] std::vector<BareRow> bare_rows(const std::filesystem::path& path);

}  // namespace portcullis::test
