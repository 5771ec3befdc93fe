#pragma once
// A further secret out of a recipient's key, for what must be forgotten with it: nobody computes it without
// that key, and nothing has to be stored or destroyed beside it. Works with keys in a token, of which it
// needs no more than opening does (ECDH). Reentrant; thread-bound where the key is.
//
//   Z = x-coordinate of (key x P)         ECDH with a fixed point P
//   secret = HKDF-SHA-256(Z, salt, "portcullis " | purpose), 32 bytes
//   P = the first point of P-256 with an even y whose x is SHA-256("portcullis derived key" | n), n = 0, 1 ..
//
// Nobody knows a number p with P = pG, for its x came out of a digest. That is what it rests on: who knew p
// would get Z out of the certificate's public point. Whoever can break this breaks ECDH on this curve.

#include "core/secret_key.hpp"
#include "seal/openssl.hpp"

namespace portcullis {

/// salt: anything, public; another one gives another secret. purpose: a few words of ours. Errors: internal,
/// or io (the token does not answer).
[[nodiscard]] Result<SecretKey> derive_key(EVP_PKEY* key, ByteView salt, std::string_view purpose);

/// P, compressed: 33 bytes.
[[nodiscard]] Bytes derivation_point();

}  // namespace portcullis
