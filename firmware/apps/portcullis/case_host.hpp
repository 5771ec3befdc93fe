#pragma once
// What `portcullis case make` and `portcullis hold make` both need of the opener's host.

#include <optional>

#include "apps/portcullis/case_options.hpp"
#include "audit/audit_log.hpp"
#include "config/opener_settings.hpp"
#include "index/plate_index.hpp"
#include "seal/access_policy.hpp"
#include "seal/opener.hpp"

namespace portcullis {

/// Errors of all: configuration, with the cure; the files' own.
[[nodiscard]] Result<OpenerSettings> case_settings(const CaseOptions& options);
/// The policy that the opener has in force: its log names it. Errors: refused (another one).
[[nodiscard]] Result<KnownAccessPolicy> policy_in_force(const OpenerSettings& settings, AuditLog& log);
[[nodiscard]] Result<TrustStore> people_of(const OpenerSettings& settings);
/// To whom questions are sealed.
[[nodiscard]] Result<std::vector<X509Ptr>> auditor_of(const OpenerSettings& settings);
/// The request as it was signed; the caller cleanses it.
[[nodiscard]] Result<Bytes> request_from(const CaseOptions& options, const OpenerSettings& settings);
/// Nothing when none is kept.
[[nodiscard]] Result<std::optional<PlateIndex>> index_for(const OpenerSettings& settings,
                                                          const EnvelopeOpener& opener);
/// Of an account of this host; nobody's when it has none of that name.
[[nodiscard]] std::uint64_t uid_of(const std::string& account);

}  // namespace portcullis
