#pragma once
// A CRL as a CA would give it out.

#include "unit/seal/test_pki.hpp"

namespace portcullis::test {

/// A CRL of `issuer` that names one certificate, long out of date; always at <folder>/revoked.crl.
std::filesystem::path revocation_list(const TestPki& pki, const KeyFiles& files, const std::string& issuer);

}  // namespace portcullis::test
