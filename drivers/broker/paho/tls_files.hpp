#pragma once
// The PEM files of a TLS client, checked before a library meets them, so that each fault has a name and a
// cure. Reentrant, save require_tls_1_3 (once, before other threads use TLS).

#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace portcullis {

struct TlsFiles {
    std::filesystem::path ca;
    std::filesystem::path certificate;
    std::filesystem::path key;
};

/// The common name of the certificate. Errors: configuration: a file is missing or unreadable, no PEM, the
/// key is encrypted or of another certificate. Dates are not looked at: a clock that is years off must not
/// keep anybody from trying.
[[nodiscard]] Result<std::string> check_tls_files(const TlsFiles& files);

/// What is wrong at `now` with the dates of CA and certificate, one line each; a file that cannot be read is
/// no matter of dates.
[[nodiscard]] std::vector<std::string> tls_date_doubts(const TlsFiles& files, UtcTime now);

/// Every TLS connection that this process makes from now on is TLS 1.3 or fails.
[[nodiscard]] Result<void> require_tls_1_3();

}  // namespace portcullis
