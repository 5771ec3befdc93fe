#pragma once
// What a witness says of an audit log: a second key, on another host, signs how far the log had come. From
// then on nobody changes what stands before, be he root on the log's host, without being found out.
// Canonical JSON, signed as the house's statements are (seal/statement.hpp):
//   {"v":1,"kind":"audit-witness","log":"<16 hex>","n":N,"entries":N,"link":..,"before":..,"t":..}
// n counts the statements about one log from 1; before is the SHA-256 of the statement n - 1. On the wire and
// in files they are PEM ("CMS"), which `openssl cms -verify -inform PEM` reads. Reentrant.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "audit/audit_entry.hpp"
#include "ports/signing_key.hpp"
#include "seal/openssl.hpp"

namespace portcullis {

inline constexpr std::size_t max_witness_statements = 100'000;  // hourly, eleven years
inline constexpr std::size_t max_witness_bytes = 2048;          // of one statement

struct WitnessStatement {
    ChainId log;
    std::uint64_t count = 0;
    std::uint64_t entries = 0;
    Digest link{};    // link(entries)
    Digest before{};  // zero for the first
    UtcTime time{};
};

/// Errors: invalid_argument, refused, as in audit_entry.hpp.
[[nodiscard]] Result<std::string> encode_witness(const WitnessStatement& statement);
[[nodiscard]] Result<WitnessStatement> parse_witness(std::string_view json);

/// One that was verified, and its bytes.
struct Witnessed {
    WitnessStatement said;
    Bytes blob;
};

/// The certificates by which statements are believed: named by whoever checks, judged by nobody else, and
/// whatever their dates, for a statement of years ago counts. The collector holds no key of theirs.
class WitnessKeys {
  public:
    /// Errors: configuration (names the file and the cure).
    [[nodiscard]] static Result<WitnessKeys> create(const std::vector<std::filesystem::path>& certificates);
    /// Errors: refused (another key's, another kind of statement), corrupt (the signature does not hold).
    [[nodiscard]] Result<Witnessed> open(ByteView blob) const;
    [[nodiscard]] Result<std::vector<Witnessed>> open_all(const std::vector<Bytes>& blobs) const;

  private:
    std::vector<X509Ptr> certificates_;
};

/// The statement after `last` (none: the first one). Errors: internal.
[[nodiscard]] Result<Bytes> sign_witness(WitnessStatement statement, const Witnessed* last,
                                         const SigningKey& key);
/// Whether `next` stands behind `last` (none: is the first).
[[nodiscard]] bool follows(const Witnessed& next, const Witnessed* last);

[[nodiscard]] Result<std::string> statements_to_pem(const std::vector<Bytes>& statements);
/// Errors: corrupt (something else between them), exhausted (too many).
[[nodiscard]] Result<std::vector<Bytes>> statements_from_pem(std::string_view pem);

}  // namespace portcullis
